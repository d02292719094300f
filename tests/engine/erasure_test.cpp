// Deleting agents and tool servers while others make what hangs on them. What is deleted is found
// in the transaction that deletes it.
#include "core/threads/erasure.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/secret_box.hpp"
#include "core/events/background_commits.hpp"
#include "core/tools/tool_servers.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

const Principal alice(Scope::main(), "alice", UserRole::member);

// Holds the writer inside a completion, so that what is committed meanwhile waits in its queue.
class HeldWriter {
 public:
  explicit HeldWriter(Journal& journal) {
    std::promise<void> entered;
    auto is_in = entered.get_future();
    journal.append({.scope = Scope::main(), .changes = {DeleteThread{.id = "no such thread"}}},
                   [entered = std::move(entered),
                    release = release_.get_future().share()](const Result<std::int64_t>&) mutable {
                     entered.set_value();
                     release.wait();
                   });
    is_in.wait();
  }
  ~HeldWriter() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

template <class T>
base::Task<void> keep(base::Task<T> task, std::promise<T>* kept) {
  auto done = co_await std::move(task);
  kept->set_value(std::move(done));
}

base::Task<int> nothing() { co_return 0; }

class ErasureTest : public ::testing::Test {
 protected:
  // Begins on the lane; returns once the task waits for the writer (or is done).
  template <class T>
  std::future<T> begin(base::Task<T> task) {
    auto kept = std::make_unique<std::promise<T>>();
    auto out = kept->get_future();
    engine_.lanes[0].spawn("begun", keep<T>(std::move(task), kept.get()));
    base::run_on(engine_.lanes[0], nothing());
    promises_.push_back(std::shared_ptr<void>(std::move(kept)));
    return out;
  }
  Agent new_agent() { return *engine_.run(engine_.agents.create(alice, {.name = "gardener"})); }
  std::size_t threads_of_alice() { return engine_.run(engine_.threads.list(alice, {}))->size(); }

  TemporaryFolder folder_;
  static EngineOptions options(const std::shared_ptr<Launches>& launches) {
    EngineOptions out;
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches));
    return out;
  }

  std::vector<std::shared_ptr<void>> promises_;  // until the lanes have come to rest
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  Engine engine_{folder_.file("colonnade.db"), options(launches_)};
  Erasure erasure_{{.store = *engine_.store,
                    .run_store = *engine_.store,
                    .feed = engine_.feed,
                    .agents = engine_.agents,
                    .threads = engine_.threads,
                    .runs = engine_.runs,
                    .clock = engine_.clock,
                    .memories = *engine_.store}};
  base::SecretBox box_{base::SecretBox::Key{}};
  BackgroundCommits commits_{engine_.feed, engine_.lanes[0]};
  ToolServers servers_{
      *engine_.store, engine_.agents, engine_.feed, commits_, engine_.clock, box_, {}};
};

TEST_F(ErasureTest, AThreadThatIsMadeJustBeforeItsAgentIsDeletedGoesWithIt) {
  const Agent agent = new_agent();
  std::future<Result<Thread>> made;
  std::future<Result<void>> deleted;
  {
    const HeldWriter held(*engine_.store);
    made = begin(engine_.threads.create(alice, {.agent_id = agent.id}));
    deleted = begin(erasure_.erase_agent(alice, agent.id));
  }
  const auto thread = made.get();
  ASSERT_TRUE(thread) << thread.error().message;
  ASSERT_TRUE(deleted.get());
  EXPECT_EQ(engine_.run(engine_.threads.get(alice, thread->id)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine_.run(engine_.store->erased_threads({}))->empty()) << "purged as well";
}

TEST_F(ErasureTest, AThreadThatIsMadeJustAfterItsAgentWasDeletedIsRefused) {
  const Agent agent = new_agent();
  std::future<Result<Thread>> made;
  std::future<Result<void>> deleted;
  {
    const HeldWriter held(*engine_.store);
    deleted = begin(erasure_.erase_agent(alice, agent.id));
    made = begin(engine_.threads.create(alice, {.agent_id = agent.id}));
  }
  ASSERT_TRUE(deleted.get());
  const auto thread = made.get();
  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().kind, ErrorKind::not_found);
  EXPECT_EQ(thread.error().field, "agent_id");
  EXPECT_EQ(threads_of_alice(), 0U);
}

// The thread is gone with the first commit; that the disk fails behind it is not waited for.
TEST_F(ErasureTest, AnErasureDoesNotWaitForARunWhoseEndCannotBeStored) {
  Erasure erasure({.store = *engine_.store,
                   .run_store = *engine_.store,
                   .feed = engine_.feed,
                   .agents = engine_.agents,
                   .threads = engine_.threads,
                   .runs = engine_.runs,
                   .clock = engine_.clock,
                   .readiness = [this]() -> Result<void> {
                     if (engine_.journal.failed() == 0) return {};
                     return fail(ErrorKind::unavailable, "the store cannot write");
                   },
                   .memories = *engine_.store});
  const Thread thread = engine_.new_thread(alice);
  engine_.model->script({text("Once"), Hold{}});
  const auto run = engine_.start(alice, thread.id, "go");
  ASSERT_TRUE(run) << run.error().message;
  engine_.journal.fail_from(Fault::no_space, "run cancelled");
  ASSERT_TRUE(engine_.run(erasure.erase_thread(alice, thread.id)));
  EXPECT_EQ(engine_.run(engine_.threads.get(alice, thread.id)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine_.run(engine_.store->erased_threads({}))->size(), 1U) << "its content is there";
  engine_.journal.heal();
  EXPECT_EQ(engine_.wait(alice, *run)->run.state, RunState::cancelled);
  engine_.run([](Erasure* one) -> base::Task<int> {  // as at the next start
    co_await one->recover();
    co_return 0;
  }(&erasure));
  EXPECT_TRUE(engine_.run(engine_.store->erased_threads({}))->empty());
}

TEST_F(ErasureTest, AChangeOfAnAgentThatIsDeletedDoesNotBringItBack) {
  const Agent agent = new_agent();
  std::future<Result<Agent>> changed;
  std::future<Result<void>> deleted;
  {
    const HeldWriter held(*engine_.store);
    deleted = begin(erasure_.erase_agent(alice, agent.id));
    changed = begin(engine_.agents.change(alice, agent.id, {.name = "other"}));
  }
  ASSERT_TRUE(deleted.get());
  EXPECT_EQ(changed.get().error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine_.run(engine_.agents.get(alice, agent.id)).error().kind, ErrorKind::not_found);
}

TEST_F(ErasureTest, NoRaceLeavesAThreadWithoutItsAgent) {
  for (int round = 0; round < 60; ++round) {
    const Agent agent = new_agent();
    std::barrier together(2);
    std::thread maker([&] {
      together.arrive_and_wait();
      (void)base::run_on(engine_.lanes[0], engine_.threads.create(alice, {.agent_id = agent.id}));
    });
    std::thread deleter([&] {
      together.arrive_and_wait();
      EXPECT_TRUE(base::run_on(engine_.lanes[1], erasure_.erase_agent(alice, agent.id)));
    });
    maker.join();
    deleter.join();
    EXPECT_EQ(threads_of_alice(), 0U) << "round " << round;
  }
}

TEST_F(ErasureTest, AServerThatIsAttachedJustBeforeItIsRemovedIsDetached) {
  const Agent agent = new_agent();
  const auto server = engine_.run(servers_.create(alice, {.name = "files",
                                                          .transport = ToolServerTransport::http,
                                                          .url = "https://files.example/mcp"}));
  ASSERT_TRUE(server) << server.error().message;
  std::future<Result<Agent>> attached;
  std::future<Result<void>> removed;
  {
    const HeldWriter held(*engine_.store);
    attached = begin(servers_.attach(alice, agent.id, server->id));
    removed = begin(servers_.remove(alice, server->id));
  }
  ASSERT_TRUE(attached.get());
  ASSERT_TRUE(removed.get());
  EXPECT_TRUE(engine_.run(engine_.agents.get(alice, agent.id))->tool_servers.empty());
}

TEST_F(ErasureTest, AServerThatIsAttachedJustAfterItWasRemovedIsNotFound) {
  const Agent agent = new_agent();
  const auto server = engine_.run(servers_.create(alice, {.name = "files",
                                                          .transport = ToolServerTransport::http,
                                                          .url = "https://files.example/mcp"}));
  ASSERT_TRUE(server) << server.error().message;
  std::future<Result<Agent>> attached;
  std::future<Result<void>> removed;
  {
    const HeldWriter held(*engine_.store);
    removed = begin(servers_.remove(alice, server->id));
    attached = begin(servers_.attach(alice, agent.id, server->id));
  }
  ASSERT_TRUE(removed.get());
  const auto refused = attached.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
  EXPECT_EQ(refused.error().field, "tool_server");
  EXPECT_TRUE(engine_.run(engine_.agents.get(alice, agent.id))->tool_servers.empty());
}

// The folder of a workspace goes with the thread; what could not be removed is tried again.
TEST_F(ErasureTest, FilesThatCannotBeRemovedAreTriedAgainAtTheNextStart) {
  class Files final : public ThreadFiles {
   public:
    base::Task<Result<void>> remove(Scope /*scope*/, std::string id) override {
      asked.push_back(std::move(id));
      if (fails) co_return base::fail(ErrorKind::unavailable, "the disk is busy");
      co_return Result<void>{};
    }
    bool fails = true;
    std::vector<std::string> asked;
  };
  Files files;
  Erasure erasure({.store = *engine_.store,
                   .run_store = *engine_.store,
                   .feed = engine_.feed,
                   .agents = engine_.agents,
                   .threads = engine_.threads,
                   .runs = engine_.runs,
                   .clock = engine_.clock,
                   .memories = *engine_.store,
                   .files = &files});
  const Thread thread = engine_.new_thread(alice);
  ASSERT_TRUE(engine_.run(erasure.erase_thread(alice, thread.id)));
  EXPECT_EQ(engine_.run(engine_.store->erased_threads({}))->size(), 1U);
  files.fails = false;
  base::run_on(engine_.lanes[0], erasure.recover());
  EXPECT_TRUE(engine_.run(engine_.store->erased_threads({}))->empty());
  EXPECT_EQ(files.asked, (std::vector<std::string>{thread.id, thread.id}));
}

// The call stays on record, without what it was about.
TEST_F(ErasureTest, WhatAUserCalledInAThreadIsForgottenWithIt) {
  const Thread thread = engine_.new_thread(alice);
  UserCall input{
      .tool = "calculator", .arguments = {{"expression", "6 * 7"}}, .thread_id = thread.id};
  const auto made = engine_.run(engine_.user_calls.call(
      alice, std::move(input), std::chrono::milliseconds(0), engine_.lanes[0], {}));
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->outcome.content, "42");
  ASSERT_TRUE(engine_.run(erasure_.erase_thread(alice, thread.id)));
  const auto action = engine_.run(engine_.actions.get(alice, made->action_id));
  ASSERT_TRUE(action) << action.error().message;
  EXPECT_EQ(action->state, ActionState::succeeded);
  EXPECT_EQ(action->request.params, "{}");
  EXPECT_EQ(action->request.context, "{}");
  EXPECT_EQ(action->reason, "");
}

// Whoever is asked about such a call need not answer any more, and what was approved is not run:
// from the commit on that hides the thread.
TEST_F(ErasureTest, WhatAUserWaitsForInAThreadIsWithdrawnWithIt) {
  for (const bool for_good : {true, false}) {
    const Thread thread = engine_.new_thread(alice);
    const Thread other = engine_.new_thread(alice);
    const auto ask = [&](const Thread& in, const std::string& target) {
      UserCall input{.tool = "launch", .arguments = {{"target", target}}, .thread_id = in.id};
      const auto made = engine_.run(engine_.user_calls.call(
          alice, std::move(input), std::chrono::milliseconds(0), engine_.lanes[0], {}));
      EXPECT_TRUE(made);
      EXPECT_EQ(made->state, UserCallResult::State::waiting);
      return made->action_id;
    };
    const std::string open = ask(thread, "moon");
    const std::string approved = ask(thread, "mars");
    const std::string elsewhere = ask(other, "moon");
    ASSERT_TRUE(engine_.run(engine_.actions.resolve(alice, approved, {.approve = true})));
    // The content stays as long as the purge cannot be stored: hiding is what counts.
    engine_.journal.fail(Fault::failed_write, 2, for_good ? 1 : 0);
    if (for_good) {
      ASSERT_TRUE(engine_.run(erasure_.erase_thread(alice, thread.id)));
    } else {
      ASSERT_TRUE(engine_.run(engine_.threads.remove(alice, thread.id)));
    }
    engine_.journal.heal();
    for (const std::string& id : {open, approved}) {
      const auto action = engine_.run(engine_.actions.get(alice, id));
      ASSERT_TRUE(action);
      EXPECT_EQ(action->state, ActionState::denied);
      EXPECT_EQ(action->reason, thread_deleted_reason);
      EXPECT_EQ(action->approval_token, "");
      EXPECT_EQ(engine_.run(engine_.actions.resolve(alice, id, {.approve = true})).error().kind,
                ErrorKind::conflict);
      const auto newest = engine_.run(engine_.store->newest_audit_of(Scope::main(), id));
      ASSERT_TRUE(newest && *newest);
      EXPECT_EQ((*newest)->kind, audit_kind::approval);
      EXPECT_TRUE((*newest)->text.contains(R"("actor":"system")")) << (*newest)->text;
    }
    const auto pending =
        engine_.run(engine_.actions.list(alice, {.state = ActionState::pending_approval}));
    ASSERT_EQ(pending->size(), 1U);
    EXPECT_EQ(pending->front().id, elsewhere);
    ASSERT_TRUE(engine_.run(engine_.actions.resolve(alice, elsewhere, {})));
  }
  EXPECT_TRUE(launches_->seen().empty());
}

// One that is asked a moment later finds no thread.
TEST_F(ErasureTest, ACallThatIsStoredJustAfterItsThreadWasDeletedIsRefused) {
  const Thread thread = engine_.new_thread(alice);
  ASSERT_TRUE(engine_.run(engine_.threads.remove(alice, thread.id)));
  Action late{.id = "late", .scope = Scope::main(), .thread_id = thread.id, .owner = "alice"};
  late.tool_call_id = "late";
  Unit unit{.scope = Scope::main()};
  unit.changes.emplace_back(InsertAction{late});
  const auto stored = engine_.run(engine_.feed.commit(std::move(unit)));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace colonnade::tests
