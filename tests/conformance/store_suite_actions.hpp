// Part of the store suite: actions, permissions and the audit trail.
#pragma once

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

using core::ActionState;
using core::Outcome;

inline core::Action action_of(std::string id, std::int64_t at = 1000) {
  return {.id = std::move(id),
          .scope = here,
          .request = {.agent_id = "gardener",
                      .tool = "shell",
                      .operation = "run",
                      .params = R"({"z":1,"a":12345678901234567890123})",
                      .context = R"({"why":"drought"})"},
          .decision = {.outcome = Outcome::abstain,
                       .reason_code = "POLICY_REQUIRE_APPROVAL",
                       .reason = "ask first",
                       .risk_level = "high",
                       .by_profile = true,
                       .request_hash = "rh",
                       .policy_version = "pv",
                       .policy_hash = "ph",
                       .profile_id = "pi",
                       .profile_version = "pfv",
                       .profile_hash = "pfh",
                       .runtime_version = "rv",
                       .provenance_id = "prov"},
          .state = ActionState::pending_approval,
          .reason = "ask first",
          .approval_token = "secret",
          .owner = "ann",
          .expires_at = base::Time{at + 100},
          .created_at = {at},
          .updated_at = {at}};
}

class StoreActions : public StoreSuite {
 protected:
  core::Action stored(const std::string& id) {
    const auto found = awaited(stores().actions.action(here, id));
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : core::Action{.scope = here};
  }
  Ids listed(const core::ActionFilter& filter, const Scope& scope = here) {
    const auto found = awaited(stores().actions.actions(scope, filter));
    EXPECT_TRUE(found) << found.error().message;
    Ids ids;
    for (const core::Action& action : *found) ids.push_back(action.id);
    return ids;
  }
  static core::Change entry(std::string subject, base::Json details = base::Json::object()) {
    return core::AppendAudit{{.kind = std::string(core::audit_kind::decision),
                              .actor = "agent:gardener",
                              .subject = std::move(subject),
                              .details = std::move(details),
                              .at = {7'000'000}}};
  }
  std::vector<core::AuditRecord> trail() {
    const auto found = awaited(stores().audit.audit(0, 1000));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<core::AuditRecord>{});
  }
  // Every hash is what its text and the hash before it make.
  static void expect_chain(const std::vector<core::AuditRecord>& records) {
    std::string previous;
    std::int64_t seq = 0;
    for (const core::AuditRecord& record : records) {
      EXPECT_EQ(record.seq, ++seq);
      EXPECT_EQ(record.previous_hash, previous);
      EXPECT_EQ(record.hash, core::audit_hash(previous, record.text));
      previous = record.hash;
    }
  }
};

TEST_P(StoreActions, AnActionComesBackAsItWas) {
  const core::Action action = action_of("a1");
  put({core::InsertAction{action}});
  const core::Action back = stored("a1");
  EXPECT_EQ(back.request.params, action.request.params) << "text, not a tree";
  EXPECT_EQ(back.request.context, action.request.context);
  EXPECT_EQ(back.request.agent_id, "gardener");
  EXPECT_EQ(back.decision.outcome, Outcome::abstain);
  EXPECT_EQ(back.decision.reason_code, "POLICY_REQUIRE_APPROVAL");
  EXPECT_TRUE(back.decision.by_profile);
  EXPECT_EQ(back.decision.provenance_id, "prov");
  EXPECT_EQ(back.decision.profile_version, "pfv");
  EXPECT_EQ(back.state, ActionState::pending_approval);
  EXPECT_EQ(back.approval_token, "secret");
  EXPECT_EQ(back.owner, "ann");
  EXPECT_EQ(back.expires_at, base::Time{1100});
  EXPECT_EQ(back.resolved_at, std::nullopt);
  EXPECT_EQ(back.version, 1);
  EXPECT_EQ(refusal(core::InsertAction{action}), ErrorKind::conflict);
  EXPECT_EQ(*awaited(stores().actions.action(elsewhere, "a1")), std::nullopt);
}

TEST_P(StoreActions, OfTwoVerdictsOneWins) {
  put({core::InsertAction{action_of("a1")}});
  core::Action approved = stored("a1");
  approved.version = 2;
  approved.asked_params = approved.request.params;
  approved.request.params = R"({"edited":true})";
  approved.request.context = R"({"by":"ann"})";
  approved.state = ActionState::approved;
  approved.approval_token.clear();
  approved.resolved_by = "ann";
  approved.resolved_at = base::Time{2000};
  approved.expires_at.reset();
  core::Action denied = approved;
  denied.state = ActionState::denied;
  put({core::UpdateAction{approved}});
  EXPECT_EQ(refusal(core::UpdateAction{denied}), ErrorKind::conflict);
  const core::Action back = stored("a1");
  EXPECT_EQ(back.state, ActionState::approved);
  EXPECT_EQ(back.approval_token, "");
  EXPECT_EQ(back.request.params, R"({"edited":true})");
  EXPECT_EQ(back.asked_params, approved.asked_params);
  EXPECT_EQ(back.request.context, R"({"by":"ann"})");
  EXPECT_EQ(back.resolved_by, "ann");
  EXPECT_EQ(back.resolved_at, base::Time{2000});
  EXPECT_EQ(back.expires_at, std::nullopt);
}

TEST_P(StoreActions, AreListedNewestFirstAndFiltered) {
  for (int i = 1; i <= 4; ++i) put({core::InsertAction{action_of("a" + std::to_string(i), i)}});
  core::Action other = action_of("b1", 9);
  other.request.agent_id = "waiter";
  other.request.tool = "fetch";
  other.state = ActionState::denied;
  other.owner = "bob";
  put({core::InsertAction{other}});
  EXPECT_EQ(listed({}), (Ids{"b1", "a4", "a3", "a2", "a1"}));
  EXPECT_EQ(listed({.limit = 2, .offset = 1}), (Ids{"a4", "a3"}));
  EXPECT_EQ(listed({.limit = 2, .before = "a4"}), (Ids{"a3", "a2"}));
  put({core::InsertAction{action_of("tie", 3)}});
  EXPECT_EQ(listed({.before = "tie"}), (Ids{"a3", "a2", "a1"})) << "of one moment, the later first";
  EXPECT_EQ(listed({.before = "a1"}), Ids{});
  EXPECT_EQ(listed({.agent_id = "waiter"}), (Ids{"b1"}));
  EXPECT_EQ(listed({.tool = "fetch"}), (Ids{"b1"}));
  EXPECT_EQ(listed({.owner = "ann", .limit = 1}), (Ids{"a4"}));
  EXPECT_EQ(listed({.state = ActionState::denied}), (Ids{"b1"}));
  EXPECT_EQ(listed({.tool = "shell", .state = ActionState::denied}), Ids{});
  EXPECT_EQ(listed({}, elsewhere), Ids{});
}

TEST_P(StoreActions, OfOneRunArePagedToo) {
  for (int i = 1; i <= 3; ++i) {
    core::Action action = action_of("r" + std::to_string(i), i);
    action.run_id = "run-1";
    if (i == 2) action.owner = "bob";
    put({core::InsertAction{action}, core::InsertAction{action_of("o" + std::to_string(i), i)}});
  }
  EXPECT_EQ(listed({.run_id = "run-1"}), (Ids{"r3", "r2", "r1"}));
  EXPECT_EQ(listed({.run_id = "run-1", .limit = 1}), Ids{"r3"});
  EXPECT_EQ(listed({.run_id = "run-1", .before = "r3"}), (Ids{"r2", "r1"}));
  EXPECT_EQ(listed({.owner = "bob", .run_id = "run-1"}), Ids{"r2"});
  EXPECT_EQ(listed({.run_id = "run-2"}), Ids{});
  EXPECT_EQ(listed({.run_id = "run-1"}, elsewhere), Ids{});
}

TEST_P(StoreActions, ExpiredOnesAreFoundInEveryScope) {
  put({core::InsertAction{action_of("late", 500)}, core::InsertAction{action_of("early", 100)}});
  core::Action answered = action_of("answered", 1);
  answered.state = ActionState::approved;
  put({core::InsertAction{answered}});
  core::Action foreign = action_of("foreign", 200);
  foreign.scope = elsewhere;
  core::Unit unit{.scope = elsewhere};
  unit.changes.emplace_back(core::InsertAction{foreign});
  ASSERT_TRUE(commit(std::move(unit)));
  const auto expired = awaited(stores().actions.expired_actions({300}, {}));
  ASSERT_TRUE(expired);
  ASSERT_EQ(expired->size(), 2U);
  EXPECT_EQ((*expired)[0].id, "foreign");
  EXPECT_EQ((*expired)[0].scope, elsewhere);
  EXPECT_EQ((*expired)[1].id, "early");
  const auto rest = awaited(
      stores().actions.expired_actions({300}, core::EveryScopePage{}.after(expired->front())));
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(rest->front().id, "early");
}

TEST_P(StoreActions, ExecutingOnesWithoutARunAreFoundPageByPageInEveryScope) {
  Ids made;
  for (const Scope& scope : {elsewhere, here}) {  // in the order of their keys
    core::Unit unit{.scope = scope};
    for (int i = 10; i < 35; ++i) {
      core::Action action = action_of("x" + std::to_string(i), 1);
      action.scope = scope;
      action.state = ActionState::executing;
      if (i % 5 == 0) action.run_id = "r1";  // its run settles it
      if (i % 5 == 1) action.state = ActionState::succeeded;
      if (i % 5 > 1) made.push_back(scope.key() + action.id);
      unit.changes.emplace_back(core::InsertAction{action});
    }
    ASSERT_TRUE(commit(std::move(unit)));
  }
  Ids found;
  core::EveryScopePage page{.limit = 4};
  for (;;) {
    const auto some = awaited(stores().actions.executing_actions(page));
    ASSERT_TRUE(some) << some.error().message;
    for (const core::Action& action : *some) found.push_back(action.scope.key() + action.id);
    if (some->size() < page.limit) break;
    page = page.after(some->back());
  }
  EXPECT_EQ(found, made);
}

TEST_P(StoreActions, PermissionsAreTheOwnersUntilRevoked) {
  const core::Permission permission{.id = "p1",
                                    .scope = here,
                                    .owner = "ann",
                                    .agent_id = "cook",
                                    .thread_id = "t1",
                                    .tool = "shell",
                                    .operation = "run",
                                    .pattern = "*ls*",
                                    .directory = "/srv/a",
                                    .commands = {"git status", "ls \"a b\""},
                                    .created_by = "ann",
                                    .created_at = {5}};
  put({core::InsertPermission{permission}});
  const auto found = awaited(stores().permissions.permissions(here, "ann"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].pattern, "*ls*");
  EXPECT_EQ((*found)[0].thread_id, "t1");
  EXPECT_EQ((*found)[0].agent_id, "cook");
  EXPECT_EQ((*found)[0].directory, "/srv/a");
  EXPECT_EQ((*found)[0].commands, permission.commands);
  EXPECT_TRUE(awaited(stores().permissions.permissions(here, "bob"))->empty());
  EXPECT_EQ(refusal(core::RevokePermission{.id = "p1", .owner = "bob", .at = {6}}),
            ErrorKind::not_found);
  put({core::RevokePermission{.id = "p1", .owner = "ann", .at = {6}}});
  EXPECT_TRUE(awaited(stores().permissions.permissions(here, "ann"))->empty());
}

TEST_P(StoreActions, TheAuditTrailIsOneChainOverScopesAndRestarts) {
  put({entry("a1", {{"tool", "shell"}}), entry("a2")});
  core::Unit foreign{.scope = elsewhere};
  foreign.changes.push_back(entry("a1"));
  ASSERT_TRUE(commit(std::move(foreign)));
  backend_->reopen();
  put({entry("a1")});
  const auto records = trail();
  ASSERT_EQ(records.size(), 4U);
  expect_chain(records);
  const base::Json first = base::Json::parse(records[0].text);
  EXPECT_EQ(first["seq"], 1);
  EXPECT_EQ(first["kind"], "decision");
  EXPECT_EQ(first["actor"], "agent:gardener");
  EXPECT_EQ(first["subject"], "a1");
  EXPECT_EQ(first["scope"], here.key());
  EXPECT_EQ(first["at"], "1970-01-01T00:00:07.000000Z");
  EXPECT_EQ(first["details"]["tool"], "shell");
  EXPECT_EQ(*awaited(stores().audit.last_audit_seq()), 4);
  EXPECT_EQ(awaited(stores().audit.audit(2, 1))->at(0).seq, 3);
  const auto about = awaited(stores().audit.audit_of(here, "a1"));
  ASSERT_EQ(about->size(), 2U);
  EXPECT_EQ(about->at(1).seq, 4);
}

// A unit that fails in the middle of a group takes its records with it, and leaves no gap.
TEST_P(StoreActions, ARolledBackUnitLeavesNoGapInTheTrail) {
  std::vector<std::future<base::Result<std::int64_t>>> answers;
  {
    HeldWriter held(stores().journal);
    for (int i = 0; i < 6; ++i) {
      core::Unit unit{.scope = here};
      unit.changes.push_back(entry("kept" + std::to_string(i)));
      answers.push_back(append(std::move(unit)));
      core::Unit torn{.scope = here};
      torn.changes.push_back(entry("lost"));
      torn.changes.emplace_back(core::DeleteThread{.id = "no such thread"});
      answers.push_back(append(std::move(torn)));
    }
  }
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(!answers[i].get(), i % 2 == 1);
  put({entry("after")});
  const auto records = trail();
  ASSERT_EQ(records.size(), 7U);
  expect_chain(records);
  for (const core::AuditRecord& record : records) EXPECT_NE(record.subject, "lost");
}

}  // namespace colonnade::conformance
