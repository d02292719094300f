// What every store's suite stands on: the backend under test and short ways to make values and
// units.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/lane.hpp"
#include "core/stores.hpp"

namespace colonnade::conformance {

using base::ErrorKind;
using base::Time;
using core::Scope;

using Ids = std::vector<std::string>;

// A store with data of its own, empty when made, gone when destroyed.
class StoreBackend {
 public:
  virtual ~StoreBackend() = default;
  virtual core::Stores stores() = 0;
  // Commits what was submitted; later submits are refused. Reads may go on.
  virtual void close() = 0;
  // Ends the store and opens it again on the same data.
  virtual void reopen() = 0;
};
// A way to make one; the name tells the instances of the suite apart.
struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreBackend>()> make;
};
inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

inline const Scope here = Scope("acme", "garden", "test");
inline const Scope elsewhere = Scope("acme", "garden", "live");

inline core::Thread thread_of(std::string id, std::int64_t at = 1000, std::string owner = "ann") {
  return {.id = std::move(id),
          .scope = here,
          .owner = std::move(owner),
          .agent_id = "default",
          .created_at = {at},
          .updated_at = {at}};
}

inline core::Message message_of(std::string id, std::string thread, std::string text,
                                std::int64_t at = 2000) {
  return {.id = std::move(id),
          .thread_id = std::move(thread),
          .parts = {core::TextPart{std::move(text)}},
          .user_id = "ann",
          .created_at = {at}};
}

inline core::Run run_of(std::string id, std::string thread,
                        core::RunState state = core::RunState::running) {
  return {.id = std::move(id),
          .thread_id = std::move(thread),
          .scope = here,
          .agent_id = "default",
          .state = state,
          .created_at = {3000}};
}

inline core::ToolCall call_of(std::string id, std::string run, std::string thread) {
  return {.id = std::move(id),
          .call_id = "call-1",
          .run_id = std::move(run),
          .thread_id = std::move(thread),
          .tool = "grep",
          .created_at = {4000}};
}

inline core::Credential credential_of(std::string id, std::string token, std::int64_t at = 1000) {
  return {.id = std::move(id),
          .scope = here,
          .kind = core::CredentialKind::device,
          .user_id = "ann",
          .role = core::UserRole::member,
          .name = "phone",
          .token_sha256 = std::move(token),
          .created_at = {at},
          .last_seen = {at}};
}

inline core::KeyedRequest submission_of(std::string id, std::string key, std::int64_t at) {
  return {.id = std::move(id),
          .scope = here,
          .user_id = "ann",
          .key = std::move(key),
          .fingerprint = "f",
          .created_at = {at}};
}

inline core::Event event_of(std::string thread, core::EventBody body, std::string run = "") {
  return {.scope = here,
          .thread_id = std::move(thread),
          .run_id = std::move(run),
          .at = {5000},
          .body = std::move(body)};
}

inline core::Event delta_of(std::string thread, std::string text, std::string run = "r1") {
  return event_of(std::move(thread), core::TextDelta{std::move(text)}, std::move(run));
}

// Holds the store's writer inside a commit, so that what is submitted meanwhile forms one
// transaction. Its own unit must fail: failing needs no observer and no commit.
class HeldWriter {
 public:
  explicit HeldWriter(core::Journal& journal) {
    auto entered = std::make_shared<std::promise<void>>();
    std::future<void> is_in = entered->get_future();
    journal.append({.scope = here, .changes = {core::DeleteThread{.id = "no such thread"}}},
                   [entered, release = release_.get_future().share()](base::Result<std::int64_t>) {
                     entered->set_value();
                     release.wait();
                   });
    is_in.wait();
  }
  ~HeldWriter() { let_go(); }
  void let_go() {
    if (!std::exchange(gone_, true)) release_.set_value();
  }

 private:
  std::promise<void> release_;
  bool gone_ = false;
};

class StoreSuite : public testing::TestWithParam<StoreFactory> {
 protected:
  StoreSuite() : backend_(GetParam().make()) {}

  core::Stores stores() { return backend_->stores(); }
  // What a read comes to, from a lane as in the server.
  template <class T>
  T awaited(base::Task<T> task) {
    return base::run_on(lanes_[0], std::move(task));
  }

  std::future<base::Result<std::int64_t>> append(core::Unit unit) {
    auto answer = std::make_shared<std::promise<base::Result<std::int64_t>>>();
    auto future = answer->get_future();
    stores().journal.append(std::move(unit), [answer](base::Result<std::int64_t> result) {
      answer->set_value(std::move(result));
    });
    return future;
  }
  base::Result<std::int64_t> commit(core::Unit unit) { return append(std::move(unit)).get(); }
  // Commits changes (and events) of scope `here` and expects that to work; the unit's cursor.
  std::int64_t put(std::vector<core::Change> changes, std::vector<core::Event> events = {}) {
    const auto done =
        commit({.scope = here, .changes = std::move(changes), .events = std::move(events)});
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(-1);
  }
  // The same for changes of another scope.
  void put_in(const Scope& scope, std::vector<core::Change> changes) {
    const auto done = commit({.scope = scope, .changes = std::move(changes)});
    EXPECT_TRUE(done) << done.error().message;
  }
  // The kind of failure of one change; fails the test when it succeeds.
  ErrorKind refusal(core::Change change, const Scope& scope = here) {
    core::Unit unit{.scope = scope};
    unit.changes.push_back(std::move(change));
    const auto done = commit(std::move(unit));
    EXPECT_FALSE(done);
    return done ? ErrorKind::upstream : done.error().kind;
  }
  void put_thread(const std::string& id, std::int64_t at = 1000) {
    put({core::InsertThread{thread_of(id, at)}});
  }
  std::vector<core::Event> events(const std::string& thread, std::int64_t after = 0) {
    const auto found = awaited(stores().events.events(here, thread, after, 1000));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<core::Event>{});
  }
  std::vector<std::string> message_ids(const std::string& thread, const core::MessagePage& page) {
    const auto found = awaited(stores().threads.messages(here, thread, page));
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> ids;
    for (const core::Message& message : *found) ids.push_back(message.id);
    return ids;
  }
  std::vector<std::string> thread_ids(std::size_t limit = 50) {
    const auto found = awaited(stores().threads.threads(here, "ann", {.limit = limit}));
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> ids;
    for (const core::Thread& thread : *found) ids.push_back(thread.id);
    return ids;
  }
  core::Thread thread(const std::string& id) {
    const auto found = awaited(stores().threads.thread(here, id));
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : core::Thread{.scope = here};
  }

  base::Lanes lanes_{1};
  std::unique_ptr<StoreBackend> backend_;
};

}  // namespace colonnade::conformance
