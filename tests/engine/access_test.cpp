// Who sees what: every use case, asked by the owner, an operator of the scope, another member of it
// and an operator of another scope. What is not theirs is missing for them, never forbidden.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/access/credentials.hpp"
#include "core/access/keyed_requests.hpp"
#include "core/access/pairings.hpp"
#include "core/access/user_name.hpp"
#include "core/access/visibility.hpp"
#include "core/events/event_topic.hpp"
#include "core/threads/erasure.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

constexpr const char* mark = "zebra";

const Scope acme("acme", "shop", "live");
const Principal ann(Scope::main(), "ann", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal gus(Scope::main(), "gus", UserRole::guest);
const Principal own_guest(Scope::main(), "ann", UserRole::guest);  // her name, as a guest
const Principal eve(acme, "ann", UserRole::operator_role);         // of the same name, elsewhere

enum class Seen { there, missing, forbidden, failed };

template <class T>
Seen seen(const Result<T>& result) {
  if (result) return Seen::there;
  if (result.error().kind == ErrorKind::not_found) return Seen::missing;
  return result.error().kind == ErrorKind::forbidden ? Seen::forbidden : Seen::failed;
}
template <class T, class Id>
Seen listed(const Result<std::vector<T>>& list, const std::string& id, Id member) {
  if (!list) return seen(list);
  for (const T& one : *list) {
    if (one.*member == id) return Seen::there;
  }
  return Seen::missing;
}

class AccessTable : public ::testing::Test {
 protected:
  // What Ann has.
  struct Things {
    std::string thread{};
    std::string message{};
    std::string run{};
    std::string agent{};
    std::string action{};  // waits for an answer
    std::string permission{};
    std::string device{};
  };
  struct Row {
    const char* what;
    std::function<Seen(const Principal&, const Things&)> look;
  };

  AccessTable() {
    std::ofstream(folder_.file("policy.yaml")) << R"(rules:
  - match: {tool: pay}
    require_approval: true
)";
    engine_.emplace(folder_.file("colonnade.db"),
                    EngineOptions{.policy_file = folder_.file("policy.yaml")});
    credentials_.emplace(*engine_->store, engine_->feed, engine_->clock);
    pairings_.emplace(*credentials_, engine_->clock);
    erasure_.emplace(ErasureDependencies{.store = *engine_->store,
                                         .run_store = *engine_->store,
                                         .feed = engine_->feed,
                                         .agents = engine_->agents,
                                         .threads = engine_->threads,
                                         .runs = engine_->runs,
                                         .clock = engine_->clock,
                                         .memories = *engine_->store});
    engine_->model->answer_with(
        [](const ModelRequest&) { return std::vector<Act>{reply({TextPart{mark}})}; });
  }

  template <class T>
  T run(base::Task<T> task) {
    return engine_->run(std::move(task));
  }

  Things make() {
    Things out;
    out.agent = run(engine_->agents.create(ann, {.name = "helper"}))->id;
    out.thread = run(engine_->threads.create(ann, {.title = mark, .agent_id = out.agent}))->id;
    const auto begun = engine_->start(ann, out.thread, mark);
    const auto finished = engine_->wait(ann, *begun);
    out.run = begun->id;
    out.message = finished->user_message.id;
    out.action = run(engine_->actions.submit(ann, pay()))->id;
    const auto remembered = run(engine_->actions.submit(ann, pay(out.action)));
    EXPECT_TRUE(run(engine_->actions.resolve(
        ann, remembered->id, {.approve = true, .remember = Remember::always, .pattern = "x"})));
    out.permission = run(engine_->permissions.list(ann))->back().id;
    out.device = run(credentials_->create(ann, CredentialKind::device, "phone"))->credential.id;
    return out;
  }
  static ActionRequest pay(const std::string& to = "shop") {
    return {.agent_id = "bot",
            .tool = "pay",
            .operation = "exec",
            .params = R"({"to":")" + to + R"("})"};
  }

  std::vector<Row> rows();

  TemporaryFolder folder_;
  std::optional<Engine> engine_;
  std::optional<Credentials> credentials_;
  std::optional<Pairings> pairings_;
  std::optional<Erasure> erasure_;
};

std::vector<AccessTable::Row> AccessTable::rows() {  // long: a row for each use case
  Engine& e = *engine_;
  return {
      {"threads: get",
       [&](const auto& who, const auto& t) { return seen(run(e.threads.get(who, t.thread))); }},
      {"threads: view",
       [&](const auto& who, const auto& t) { return seen(run(e.threads.view(who, t.thread, 5))); }},
      {"threads: messages",
       [&](const auto& who, const auto& t) {
         return seen(run(e.threads.messages(who, t.thread, {})));
       }},
      {"threads: message",
       [&](const auto& who, const auto& t) {
         return seen(run(e.threads.message(who, t.thread, t.message)));
       }},
      {"threads: usage",
       [&](const auto& who, const auto& t) { return seen(run(e.threads.usage(who, t.thread))); }},
      {"threads: list",
       [&](const auto& who, const auto& t) {
         return listed(run(e.threads.list(who, {})), t.thread, &Thread::id);
       }},
      {"threads: search",
       [&](const auto& who, const auto& t) {
         return listed(run(e.threads.search(who, mark, 50, {})), t.thread, &SearchHit::thread_id);
       }},
      {"threads: rename",
       [&](const auto& who, const auto& t) {
         return seen(run(e.threads.rename(who, t.thread, "new")));
       }},
      {"threads: remove",
       [&](const auto& who, const auto& t) { return seen(run(e.threads.remove(who, t.thread))); }},
      {"threads: restore",
       [&](const auto& who, const auto& t) {
         EXPECT_TRUE(run(e.threads.remove(ann, t.thread)));
         return seen(run(e.threads.restore(who, t.thread)));
       }},
      {"threads: erase",
       [&](const auto& who, const auto& t) {
         return seen(run(erasure_->erase_thread(who, t.thread)));
       }},
      {"runs: start",
       [&](const auto& who, const auto& t) { return seen(e.start(who, t.thread, "more")); }},
      {"runs: read",
       [&](const auto& who, const auto& t) { return seen(run(e.runs.read(who, t.run))); }},
      {"runs: wait",
       [&](const auto& who, const auto& t) { return seen(run(e.runs.wait(who, t.run, {}))); }},
      {"runs: cancel",
       [&](const auto& who, const auto& t) {
         e.model->script({Hold{}});
         const auto active = e.start(ann, t.thread, "think");
         const Seen out = seen(run(e.runs.cancel(who, active->id)));
         if (out != Seen::there) EXPECT_TRUE(run(e.runs.cancel(ann, active->id)));
         EXPECT_TRUE(e.wait(ann, *active));
         return out;
       }},
      {"agents: get",
       [&](const auto& who, const auto& t) { return seen(run(e.agents.get(who, t.agent))); }},
      {"agents: list",
       [&](const auto& who, const auto& t) {
         return listed(run(e.agents.list(who, 1000, 0)), t.agent, &Agent::id);
       }},
      {"agents: change",
       [&](const auto& who, const auto& t) {
         return seen(run(e.agents.change(who, t.agent, {.name = "other"})));
       }},
      {"agents: erase",
       [&](const auto& who, const auto& t) {
         return seen(run(erasure_->erase_agent(who, t.agent)));
       }},
      {"actions: get",
       [&](const auto& who, const auto& t) { return seen(run(e.actions.get(who, t.action))); }},
      {"actions: list",
       [&](const auto& who, const auto& t) {
         return listed(run(e.actions.list(who, {.limit = 100})), t.action, &Action::id);
       }},
      {"actions: history (audit)",
       [&](const auto& who, const auto& t) { return seen(run(e.actions.history(who, t.action))); }},
      {"actions: approve",
       [&](const auto& who, const auto& t) {
         return seen(run(e.actions.resolve(who, t.action, {.approve = true})));
       }},
      {"actions: report",
       [&](const auto& who, const auto& t) {
         EXPECT_TRUE(run(e.actions.resolve(ann, t.action, {.approve = true})));
         return seen(run(e.actions.report(who, t.action, true, "")));
       }},
      {"actions: start",
       [&](const auto& who, const auto& t) {
         EXPECT_TRUE(run(e.actions.resolve(ann, t.action, {.approve = true})));
         return seen(run(e.actions.start(who, t.action, e.lanes[0])));
       }},
      {"permissions: list",
       [&](const auto& who, const auto& t) {
         return listed(run(e.permissions.list(who)), t.permission, &Permission::id);
       }},
      {"permissions: revoke",
       [&](const auto& who, const auto& t) {
         return seen(run(e.permissions.revoke(who, t.permission)));
       }},
      {"devices: list",
       [&](const auto& who, const auto& t) {
         return listed(run(credentials_->list(who, CredentialKind::device)), t.device,
                       &Credential::id);
       }},
      {"devices: revoke",
       [&](const auto& who, const auto& t) {
         return seen(run(credentials_->revoke(who, CredentialKind::device, t.device)));
       }},
      {"pairings: watch",
       [&](const auto& who, const auto& /*things*/) {
         const std::string code = pairings_->start(ann)->code;
         EXPECT_TRUE(run(pairings_->claim(code, "phone", who.user_id)));  // few an address
         return seen(run(pairings_->watch(who, code, {})));
       }},
      {"subscriptions: of all that one may see",
       [&](const auto& who, const auto& t) {
         const auto page = run(e.store->event_page(EventTopic::visible_to(who), 0, 1000));
         if (!page) return Seen::failed;
         for (const Event& event : page->events) {
           if (event.thread_id == t.thread) return Seen::there;
         }
         return Seen::missing;
       }},
  };
}

TEST_F(AccessTable, WhatIsNotTheirsIsMissingInEveryUseCase) {
  for (const Row& row : rows()) {
    EXPECT_EQ(row.look(bob, make()), Seen::missing) << row.what << ": another member";
    EXPECT_EQ(row.look(gus, make()), Seen::missing) << row.what << ": a guest";
    EXPECT_EQ(row.look(eve, make()), Seen::missing) << row.what << ": an operator elsewhere";
    EXPECT_EQ(row.look(ann, make()), Seen::there) << row.what << ": its owner";
    EXPECT_EQ(row.look(own_guest, make()), Seen::there) << row.what << ": its owner, a guest";
    EXPECT_EQ(row.look(root, make()), Seen::there) << row.what << ": an operator of the scope";
  }
}

// Keys of different users and scopes never meet, whoever may see what they made.
TEST_F(AccessTable, AKeyIsItsUsersOwn) {
  KeyedRequests keyed(*engine_->store, engine_->feed, engine_->clock);
  for (const Principal& who : {ann, bob, root, eve}) {
    const auto begun = run(keyed.begin(who, "key", "the request of " + who.user_id));
    ASSERT_TRUE(begun) << begun.error().message;
    EXPECT_TRUE(std::holds_alternative<KeyedRequests::First>(*begun));
    keyed.leave(std::get<KeyedRequests::First>(*begun).id);
  }
}

TEST_F(AccessTable, WhatAnOperatorDoesStaysTheOwners) {
  const Things things = make();
  const auto begun = engine_->start(root, things.thread, "from the operator");
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->started_by, "ann");
  const auto finished = engine_->wait(ann, *begun);
  ASSERT_TRUE(finished) << "her thread's run is hers";
  EXPECT_EQ(finished->user_message.user_id, "root");
}

// Of tasks that say which agents may begin them; tests/engine/spawned_runs_test.cpp asks through
// the agents' tools.
TEST(WhatNamesItsAgents, IsOpenToThoseAlone) {
  const struct {
    std::vector<std::string> agents;
    const char* agent;
    bool may;
  } rows[] = {{{}, "a", true},
              {{}, "default", true},
              {{"a"}, "a", true},
              {{"a", "b"}, "b", true},
              {{"a", "b"}, "default", false},
              {{"default"}, "default", true},
              {{"a"}, "A", false},
              {{"a"}, "", false},
              {{""}, "default", false}};
  for (const auto& row : rows) EXPECT_EQ(may_begin(row.agents, row.agent), row.may) << row.agent;
}

TEST(Scopes, AreThreeNamesThatAreChecked) {
  EXPECT_EQ(*parse_scope("acme/shop-1/live.eu"), Scope("acme", "shop-1", "live.eu"));
  for (const char* bad : {"", "/", "a/b", "a/b/", "a//c", "a/b/c/d", "a b/c/d", "*/*/*", "ä/b/c"}) {
    const auto scope = parse_scope(bad);
    ASSERT_FALSE(scope) << bad;
    EXPECT_EQ(scope.error().kind, ErrorKind::invalid);
    EXPECT_EQ(scope.error().field, "scope");
  }
  EXPECT_TRUE(parse_scope(std::string(128, 'a') + "/b/c"));
  EXPECT_FALSE(parse_scope(std::string(129, 'a') + "/b/c"));
}

TEST(UserNames, WithBlanksOrControlCharactersAreRefused) {
  EXPECT_TRUE(check_user_name("ada@example.org"));
  EXPECT_TRUE(check_user_name("Äda"));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\n"), std::string("a\0b", 3),
        std::string("\xff"), std::string(user_name_bytes_max + 1, 'a')}) {
    const auto named = check_user_name(bad);
    ASSERT_FALSE(named) << bad;
    EXPECT_EQ(named.error().field, "user");
  }
}

TEST(LookingAtAScope, IsForWhoeverMayLookAtAll) {
  Principal first(Scope::main(), "admin", UserRole::operator_role);
  first.every_scope = true;
  EXPECT_EQ(looking_at(first, "acme/shop/live")->scope, acme);
  EXPECT_EQ(looking_at(ann, "main/main/main")->scope, Scope::main());
  EXPECT_EQ(looking_at(ann, "acme/shop/live").error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(looking_at(root, "acme/shop/live").error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(looking_at(first, "nowhere").error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace colonnade::tests
