// Deleting agents and tool servers while others make what hangs on them. What is deleted is found
// in the transaction that deletes it.
#include "core/threads/erasure.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <future>
#include <thread>

#include "base/secret_box.hpp"
#include "core/tools/tool_servers.hpp"
#include "engine.hpp"

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
  std::vector<std::shared_ptr<void>> promises_;  // until the lanes have come to rest
  Engine engine_{folder_.file("colonnade.db")};
  Erasure erasure_{{.store = *engine_.store,
                    .run_store = *engine_.store,
                    .feed = engine_.feed,
                    .agents = engine_.agents,
                    .threads = engine_.threads,
                    .runs = engine_.runs,
                    .clock = engine_.clock}};
  base::SecretBox box_{base::SecretBox::Key{}};
  ToolServers servers_{*engine_.store, engine_.agents, engine_.feed, engine_.clock, box_, {}};
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
                   }});
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

}  // namespace
}  // namespace colonnade::tests
