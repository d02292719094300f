// Threads and agents on a real store.
#include "core/threads/threads.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <mutex>
#include <semaphore>

#include "core/agents/agents.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class ThreadsTest : public ::testing::Test {
 protected:
  std::vector<std::string> listed(const Principal& who) {
    std::vector<std::string> out;
    for (const Thread& thread : *engine_.run(engine_.threads.list(who, {.limit = 50})))
      out.push_back(thread.id);
    return out;
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
};

TEST_F(ThreadsTest, NewestFirstAndEachUserTheirOwn) {
  const Thread a = engine_.new_thread(alice);
  const Thread b = engine_.new_thread(alice);
  const Thread foreign = engine_.new_thread(bob);
  EXPECT_EQ(listed(alice), (std::vector<std::string>{b.id, a.id}));
  EXPECT_EQ(engine_.run(engine_.threads.get(alice, foreign.id)).error().kind, ErrorKind::not_found);
  const Principal elsewhere(Scope("o", "p", "e"), "alice", UserRole::member);
  EXPECT_EQ(engine_.run(engine_.threads.get(elsewhere, a.id)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(engine_.run(engine_.threads.rename(alice, a.id, "  Trip  ")));
  EXPECT_EQ(engine_.run(engine_.threads.get(alice, a.id))->title, "Trip");
  EXPECT_EQ(listed(alice), (std::vector<std::string>{a.id, b.id})) << "a rename brings it up";
  EXPECT_EQ(engine_.run(engine_.threads.rename(alice, a.id, " \t")).error().field, "title");
  EXPECT_EQ(engine_.run(engine_.threads.rename(bob, a.id, "x")).error().kind, ErrorKind::not_found);
}

TEST_F(ThreadsTest, DeletionIsSoftAndRestorationBringsItUp) {
  const Thread a = engine_.new_thread(alice);
  const Thread b = engine_.new_thread(alice);
  EXPECT_EQ(engine_.run(engine_.threads.restore(alice, a.id)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(engine_.run(engine_.threads.remove(alice, a.id)));
  EXPECT_EQ(listed(alice), (std::vector<std::string>{b.id}));
  const auto deleted = engine_.run(engine_.threads.get(alice, a.id));
  ASSERT_TRUE(deleted);
  EXPECT_TRUE(deleted->deleted_at);
  EXPECT_EQ(deleted->updated_at, a.updated_at);
  EXPECT_EQ(engine_.run(engine_.threads.remove(alice, a.id)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(engine_.run(engine_.threads.restore(alice, a.id)));
  EXPECT_EQ(listed(alice), (std::vector<std::string>{a.id, b.id}));
  EXPECT_EQ(engine_.run(engine_.threads.restore(alice, a.id)).error().kind, ErrorKind::not_found);
}

TEST_F(ThreadsTest, SearchFindsOnesOwnWords) {
  engine_.model->script({reply({TextPart{"Pelicans dive for fish."}})});
  const Thread thread = engine_.new_thread(alice);
  const auto run = engine_.start(alice, thread.id, "Tell me about pelicans");
  ASSERT_TRUE(engine_.wait(alice, *run));
  const auto hits = engine_.run(engine_.threads.search(alice, "pelicans", 10, {}));
  ASSERT_TRUE(hits) << hits.error().message;
  EXPECT_EQ(hits->size(), 2U);
  EXPECT_NE(hits->front().snippet.find("<mark>"), std::string::npos);
  EXPECT_TRUE(engine_.run(engine_.threads.search(bob, "pelicans", 10, {}))->empty());
}

// A message of so many short words, stored as one that came before messages were bounded.
class LargeMessageTest : public ThreadsTest {
 protected:
  LargeMessageTest() {
    const Thread thread = engine_.new_thread(alice);
    std::string text;
    for (int i = 0; i < 500'000; ++i) text += "a ";
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(InsertMessage{.message = {.id = "large",
                                                        .thread_id = thread.id,
                                                        .parts = {TextPart{std::move(text)}},
                                                        .user_id = "alice",
                                                        .created_at = engine_.clock.now()}});
    EXPECT_TRUE(engine_.run(engine_.feed.commit(std::move(unit))));
  }
};

TEST_F(LargeMessageTest, SearchTakesTimeLinearInIt) {
  const auto hits = engine_.run(engine_.threads.search(alice, "a", 10, {}));
  ASSERT_TRUE(hits) << hits.error().message;
  ASSERT_EQ(hits->size(), 1U);
  EXPECT_TRUE(hits->front().snippet.starts_with("<mark>a</mark> <mark>a</mark>"));
  EXPECT_TRUE(hits->front().snippet.ends_with("…"));
}

TEST_F(LargeMessageTest, ASearchEndsWithItsClient) {
  std::stop_source left;
  left.request_stop();
  const auto hits = engine_.run(engine_.threads.search(alice, "a", 10, left.get_token()));
  ASSERT_FALSE(hits);
  EXPECT_EQ(hits.error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(engine_.run(engine_.threads.search(bob, "a", 10, {}))->empty());
}

// How searches ended that were repeated until one was refused.
struct EndedSearches {
  std::mutex mutex{};
  std::vector<ErrorKind> refusals{};
  std::counting_semaphore<> ended{0};
};

base::Task<void> search_again(Threads* threads, std::latch* begun,
                              std::shared_ptr<EndedSearches> out) {
  begun->count_down();
  for (;;) {
    const std::stop_token never;
    const auto hits = co_await threads->search(alice, "a*", 10, never);
    if (hits) continue;
    {
      const std::lock_guard lock(out->mutex);
      out->refusals.push_back(hits.error().kind);
    }
    out->ended.release();
    co_return;
  }
}

// Each hears that the server stops, and none that its store is closed.
TEST_F(LargeMessageTest, SearchesUnderWayEndBeforeTheirStore) {
  constexpr std::size_t searches = 8;
  std::latch begun(searches);
  const auto out = std::make_shared<EndedSearches>();
  for (std::size_t i = 0; i < searches; ++i) {
    engine_.lanes.next().spawn("search", search_again(&engine_.threads, &begun, out));
  }
  begun.wait();
  engine_.workers.end();
  engine_.store->close();
  for (std::size_t i = 0; i < searches; ++i) {
    ASSERT_TRUE(out->ended.try_acquire_for(std::chrono::minutes(1))) << "one goes on";
  }
  EXPECT_EQ(out->refusals, std::vector<ErrorKind>(searches, ErrorKind::unavailable));
  EXPECT_EQ(engine_.run(engine_.threads.search(alice, "a*", 10, {})).error().kind,
            ErrorKind::unavailable);
}

TEST_F(ThreadsTest, AnAgentsSettingsReachTheModelAndAThreadsWin) {
  engine_.model->script({reply({TextPart{"ok"}})});
  const auto agent = engine_.run(
      engine_.agents.create(alice, {.name = "poet",
                                    .instructions = "Rhyme.",
                                    .settings = {.model = "verse-1", .temperature = 0.9},
                                    .tools = std::vector<std::string>{"clock"}}));
  ASSERT_TRUE(agent);
  const auto thread = engine_.run(
      engine_.threads.create(alice, {.agent_id = agent->id, .settings = {.model = "verse-2"}}));
  ASSERT_TRUE(engine_.wait(alice, *engine_.start(alice, thread->id, "hi")));
  const auto request = engine_.model->requests().front();
  EXPECT_EQ(request.model, "verse-2");
  EXPECT_EQ(request.temperature, 0.9);
  EXPECT_EQ(request.instructions, "Rhyme.");
  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools.front().name, "clock");
}

TEST_F(ThreadsTest, AnAgentIsChangedByOneWriterAtATime) {
  const auto agent = engine_.run(engine_.agents.create(alice, {.name = "poet"}));
  ASSERT_TRUE(agent);
  int looks = 0;
  Agents::Alter rename = [&](Agent& seen) -> Result<bool> {
    if (++looks == 1) {  // somebody else is faster
      Agent other = seen;
      other.instructions = "theirs";
      other.version += 1;
      std::promise<Result<std::int64_t>> stored;
      engine_.store->append(
          {.scope = Scope::main(), .changes = {PutAgent{.agent = std::move(other)}}},
          [&](Result<std::int64_t> result) { stored.set_value(std::move(result)); });
      EXPECT_TRUE(stored.get_future().get());
    }
    seen.name = "mine";
    return true;
  };
  const auto changed = engine_.run(engine_.agents.alter(alice, agent->id, std::move(rename)));
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(changed->version, 3);
  EXPECT_EQ(engine_.run(engine_.agents.get(Scope::main(), agent->id))->name, "mine");
  EXPECT_EQ(engine_.run(engine_.agents.get(Scope::main(), agent->id))->instructions, "theirs");
  EXPECT_EQ(engine_.run(engine_.agents.list(alice, 10, 0))->size(), 1U);
}

}  // namespace
}  // namespace colonnade::tests
