// Versions of agents, and how threads are arranged, forked and edited.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

inline core::Agent versioned_agent() {
  core::Agent agent{.id = "gardener",
                    .scope = here,
                    .name = "Gardener",
                    .instructions = "water",
                    .settings = {.model = "m"},
                    .created_at = {1},
                    .updated_at = {1},
                    .slug = "gardener"};
  agent.profile.history = {
      .mode = core::HistoryMode::rolling, .context_limit = 4, .compact_threshold = 9};
  agent.profile.dynamic_blocks = {
      {.key = "k", .name = "K", .default_content = "d", .description = "x", .order = 3},
      {.key = "l"}};
  agent.profile.prompt_blocks = {{.id = "b",
                                  .type = "identity",
                                  .name = "N",
                                  .content = "c",
                                  .enabled = false,
                                  .editable = false,
                                  .order = 0},
                                 {.type = "custom"}};
  agent.profile.tool_mode = core::ToolMode::by_name;
  agent.profile.sub_agent = {
      .provider = "p", .model = "small", .rounds_max = 3, .instructions = "do it"};
  agent.profile.model_routes = {{.label = "fast",
                                 .provider = "p",
                                 .model = "m",
                                 .provider_key_id = "key",
                                 .is_default = true},
                                {.label = "other", .model = "n"}};
  agent.profile.tool_permissions = {{"read", {.requires_approval = true}},
                                    {"write", {.destructive = true}}};
  agent.profile.prompt_variables = std::vector<std::string>{};
  agent.profile.extra_tools = {"spawn_bgo", "list_runs"};
  agent.profile.output_schema = {{"type", "object"}};
  agent.profile.members = {{"toolMode", "direct"}, {"deep", {{"a", {1, 2}}}}};
  agent.version_id = "v1";
  agent.version_number = 1;
  return agent;
}

TEST_P(StoreSuite, AgentsKeepHowTheyWork) {
  core::Agent agent = versioned_agent();
  agent.active = false;
  agent.open_to_guests = true;
  agent.canary_version_id = "v0";
  agent.canary_percent = 20;
  put({core::PutAgent{.agent = agent, .new_version = core::NewAgentVersion{"ann", "first"}}});
  const auto stored = awaited(stores().agents.agent(here, "gardener"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->profile, agent.profile);
  EXPECT_EQ((*stored)->slug, "gardener");
  EXPECT_FALSE((*stored)->active);
  EXPECT_TRUE((*stored)->open_to_guests);
  EXPECT_EQ((*stored)->version_id, "v1");
  EXPECT_EQ((*stored)->version_number, 1);
  EXPECT_EQ((*stored)->canary_version_id, "v0");
  EXPECT_EQ((*stored)->canary_percent, 20);
}

TEST_P(StoreSuite, OnlyNamedSnapshotsAreVersions) {
  core::Agent agent = versioned_agent();
  put({core::PutAgent{.agent = agent, .new_version = core::NewAgentVersion{"ann", "first"}}});
  const core::AgentSnapshot first = core::snapshot_of(agent);
  agent.version = 2;
  agent.name = "New name";
  put({core::PutAgent{.agent = agent}});
  agent.version = 3;
  agent.instructions = "prune";
  agent.version_id = "v2";
  agent.version_number = 2;
  agent.updated_at = {7};
  put({core::PutAgent{.agent = agent, .new_version = core::NewAgentVersion{.created_by = "bob"}}});

  const auto versions = awaited(stores().agents.agent_versions(here, "gardener", {}));
  ASSERT_TRUE(versions);
  ASSERT_EQ(versions->size(), 2U);
  EXPECT_EQ((*versions)[0].id, "v2");
  EXPECT_EQ((*versions)[0].number, 2);
  EXPECT_EQ((*versions)[0].created_by, "bob");
  EXPECT_EQ((*versions)[0].created_at, Time{7});
  EXPECT_EQ((*versions)[0].snapshot, core::snapshot_of(agent));
  EXPECT_EQ((*versions)[1].note, "first");
  EXPECT_EQ((*versions)[1].snapshot, first);
  const auto older =
      awaited(stores().agents.agent_versions(here, "gardener", {.before = 2, .limit = 5}));
  ASSERT_EQ(older->size(), 1U);
  EXPECT_EQ(older->front().id, "v1");
  EXPECT_EQ((*awaited(stores().agents.agent_version(here, "gardener", "v1")))->snapshot, first);
  EXPECT_EQ(*awaited(stores().agents.agent_version(here, "other", "v1")), std::nullopt);
  EXPECT_EQ(*awaited(stores().agents.agent_version(elsewhere, "gardener", "v1")), std::nullopt);

  agent.version = 4;  // a version's id is given once
  EXPECT_EQ(refusal(core::PutAgent{.agent = agent, .new_version = core::NewAgentVersion{}}),
            ErrorKind::conflict);
  put({core::DeleteAgent{.id = "gardener", .at = {9}}});
  EXPECT_TRUE(awaited(stores().agents.agent_versions(here, "gardener", {}))->empty());
}

TEST_P(StoreSuite, SharedAgentsAndThoseOpenToGuestsAreFound) {
  for (const std::string id : {"own", "shared", "bobs"}) {
    core::Agent agent{.id = id, .scope = here, .owner = id == "own" ? "ann" : ""};
    if (id == "bobs") agent.owner = "bob";
    agent.open_to_guests = id != "own";
    agent.active = id != "bobs";
    put({core::PutAgent{agent}});
  }
  const core::AgentFilter usable{.owner = "ann", .shared = true};
  EXPECT_EQ(awaited(stores().agents.agents(here, usable))->size(), 2U);
  EXPECT_EQ(*awaited(stores().agents.count_agents(here, usable)), 2U);
  EXPECT_EQ(*awaited(stores().agents.count_agents(here, {.owner = "ann"})), 1U);
  EXPECT_EQ(*awaited(stores().agents.count_agents(here, {})), 3U);
  EXPECT_EQ(*awaited(stores().agents.count_agents(elsewhere, {})), 0U);
  const auto open = awaited(stores().agents.agent_open_to_guests("shared"));
  ASSERT_TRUE(open && *open);
  EXPECT_EQ((*open)->scope, here);
  EXPECT_EQ(*awaited(stores().agents.agent_open_to_guests("own")), std::nullopt);
  EXPECT_EQ(*awaited(stores().agents.agent_open_to_guests("bobs")), std::nullopt) << "inactive";
}

TEST_P(StoreSuite, ThreadsKeepHowTheyAreArranged) {
  core::Thread made = thread_of("t", 5);
  made.session_context = {{"k", {1}}};
  made.parent_id = "p";
  made.forked_from_message_id = "m";
  put({core::InsertThread{made}});
  core::Thread stored = thread("t");
  EXPECT_EQ(stored.session_context, made.session_context);
  EXPECT_EQ(stored.parent_id, "p");
  EXPECT_EQ(stored.forked_from_message_id, "m");
  EXPECT_TRUE(stored.tags.empty());

  put({core::ArrangeThread{.id = "t",
                           .at = {20},
                           .tags = Ids{"a", "b"},
                           .pinned_at = Time{11},
                           .archived_at = Time{12},
                           .completed = true,
                           .title = "T"}});
  stored = thread("t");
  EXPECT_EQ(stored.tags, (Ids{"a", "b"}));
  EXPECT_EQ(stored.pinned_at, Time{11});
  EXPECT_EQ(stored.archived_at, Time{12});
  EXPECT_TRUE(stored.completed);
  EXPECT_EQ(stored.title, "T");
  EXPECT_EQ(stored.updated_at, Time{20});
  EXPECT_EQ(stored.session_context, made.session_context);

  put({core::ArrangeThread{.id = "t",
                           .at = {21},
                           .archived_at = std::optional<Time>(),
                           .session_context = base::Json(nullptr)}});
  stored = thread("t");
  EXPECT_EQ(stored.archived_at, std::nullopt);
  EXPECT_EQ(stored.pinned_at, Time{11}) << "what is not named stays";
  EXPECT_EQ(stored.tags, (Ids{"a", "b"}));
  EXPECT_EQ(stored.session_context, nullptr);
  EXPECT_EQ(refusal(core::ArrangeThread{.id = "none", .at = {1}}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::ArrangeThread{.id = "t", .at = {1}}, elsewhere), ErrorKind::not_found);
}

TEST_P(StoreSuite, ThreadsKeepTheirDirectoryAndRules) {
  core::Thread made = thread_of("t", 5);
  made.directory = {.path = "/srv/caf\xC3\xA9 \"x\"", .by_operator = true};
  made.rules = {{.permission = "bash", .pattern = "git *", .action = core::RuleAction::allow},
                {.permission = "*", .pattern = "*", .action = core::RuleAction::deny}};
  put({core::InsertThread{made}});
  core::Thread stored = thread("t");
  EXPECT_EQ(stored.directory, made.directory);
  EXPECT_EQ(stored.rules, made.rules);
  EXPECT_EQ(stored.moved, std::nullopt);
  put_thread("u");
  EXPECT_EQ(thread("u").directory, core::Directory{});
  EXPECT_TRUE(thread("u").rules.empty());

  const core::DirectoryMove move{
      .origin = "/a", .from = "/b", .reason = "manual", .at = {1700000000000123}};
  put({core::MoveThread{.id = "t", .directory = {.path = "/c"}, .move = move}});
  stored = thread("t");
  EXPECT_EQ(stored.directory, (core::Directory{.path = "/c"}));
  EXPECT_EQ(stored.moved, move);
  EXPECT_EQ(stored.updated_at, move.at);
  EXPECT_EQ(stored.rules, made.rules);
  put({core::MoveThread{.id = "t", .directory = {}, .move = {.at = {7}}}});
  EXPECT_EQ(thread("t").directory, core::Directory{});
  EXPECT_EQ(thread("t").moved, core::DirectoryMove{.at = {7}});
  EXPECT_EQ(refusal(core::MoveThread{.id = "none"}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::MoveThread{.id = "t"}, elsewhere), ErrorKind::not_found);
  put({core::EraseThread{.id = "t", .at = {9}}});
  const auto erased = awaited(stores().threads.erased_threads({}));
  ASSERT_EQ(erased->size(), 1U);
  EXPECT_TRUE(erased->front().rules.empty());
  EXPECT_EQ(erased->front().directory.path, "");
}

TEST_P(StoreSuite, AThreadIsPinnedToOneVersionForGood) {
  put_thread("t");
  put({core::PinThreadVersion{"t", "v1"}});
  put({core::PinThreadVersion{"t", "v2"}});
  EXPECT_EQ(thread("t").version_id, "v1");
  EXPECT_EQ(refusal(core::PinThreadVersion{"none", "v1"}), ErrorKind::not_found);
}

TEST_P(StoreSuite, ThreadsAreListedAsTheyAreArranged) {
  for (const auto& [id, at] : {std::pair{"old", 1}, std::pair{"mid", 2}, std::pair{"new", 3}}) {
    put_thread(id, at);
  }
  put({core::InsertThread{thread_of("bobs", 4, "bob")}});
  put({core::ArrangeThread{.id = "old", .at = {1}, .tags = Ids{"x"}, .pinned_at = Time{9}}});
  put({core::ArrangeThread{.id = "mid", .at = {2}, .archived_at = Time{9}, .completed = true}});
  const auto ids = [&](core::ThreadPage page, std::optional<std::string> owner = "ann") {
    Ids out;
    const auto found = awaited(stores().threads.threads(here, owner, page));
    for (const core::Thread& each : *found) out.push_back(each.id);
    const auto count = awaited(stores().threads.count_threads(here, owner, page));
    if (page.offset == 0 && page.limit >= 4) {
      EXPECT_EQ(*count, out.size());
    }
    return out;
  };
  using enum core::ThreadsShown;
  EXPECT_EQ(ids({}), (Ids{"new", "mid", "old"})) << "other dialects see them as ever";
  EXPECT_EQ(ids({.pinned_first = true}), (Ids{"old", "new", "mid"}));
  EXPECT_EQ(ids({.shown = not_archived, .pinned_first = true}), (Ids{"old", "new"}));
  EXPECT_EQ(ids({.shown = archived}), Ids{"mid"});
  EXPECT_EQ(ids({.tag = "x"}), Ids{"old"});
  EXPECT_EQ(ids({.pinned = true}), Ids{"old"});
  EXPECT_EQ(ids({.pinned = false}), (Ids{"new", "mid"}));
  EXPECT_EQ(ids({.completed = true}), Ids{"mid"});
  EXPECT_EQ(ids({.agent_id = "default", .shown = not_archived}), (Ids{"new", "old"}));
  EXPECT_EQ(ids({.agent_id = "none", .shown = not_archived}), Ids{});
  EXPECT_EQ(ids({.limit = 1, .offset = 1, .pinned_first = true}), Ids{"new"});
  EXPECT_EQ(ids({.pinned_first = true}, std::nullopt), (Ids{"old", "bobs", "new", "mid"}));
  core::Thread bound = thread_of("bound", 5);
  bound.title = "Plan 100%";
  bound.directory.path = "/srv/Work_1";
  bound.parent_id = "old";
  put({core::InsertThread{bound}});
  EXPECT_EQ(ids({.matching = "plan 100%"}), Ids{"bound"});
  EXPECT_EQ(ids({.matching = "WORK_"}), Ids{"bound"});
  EXPECT_EQ(ids({.matching = "%"}), Ids{"bound"}) << "no wildcard";
  EXPECT_EQ(ids({.matching = "none"}), Ids{});
  EXPECT_EQ(ids({.directory = "/srv/Work_1"}), Ids{"bound"});
  EXPECT_EQ(ids({.directory = "/srv"}), Ids{});
  EXPECT_EQ(ids({.directory = ""}), (Ids{"new", "mid", "old"}));
  EXPECT_EQ(ids({.parent_id = "old"}), Ids{"bound"});
  EXPECT_EQ(ids({.parent_id = "old"}, "bob"), Ids{});
  put({core::DeleteThread{.id = "bound", .at = {50}}});
  put({core::DeleteThread{.id = "new", .at = {50}}});
  EXPECT_EQ(ids({.shown = not_archived}), Ids{"old"});
}

TEST_P(StoreSuite, AnswersAreCountedAndSayHowTheyCameAbout) {
  put_thread("t");
  core::Message answer = message_of("a", "t", "yes", 2001);
  answer.role = core::Role::assistant;
  answer.reply_to = "q";
  answer.edits = "e";
  answer.revision = 3;
  answer.origin = core::AnswerOrigin{.agent_id = "gardener",
                                     .version_id = "v1",
                                     .version_bucket = "canary",
                                     .cost_micros = 12,
                                     .took_micros = 34,
                                     .structured_output = {{"x", {1, 2}}}};
  put({core::InsertMessage{message_of("q", "t", "?", 2000)}, core::InsertMessage{answer}});
  EXPECT_EQ(thread("t").turns, 1);
  const auto stored = awaited(stores().threads.message(here, "a"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->origin, answer.origin);
  EXPECT_EQ((*stored)->reply_to, "q");
  EXPECT_EQ((*stored)->edits, "e");
  EXPECT_EQ((*stored)->revision, 3);
  EXPECT_EQ((*awaited(stores().threads.message(here, "q")))->origin, std::nullopt);
}

TEST_P(StoreSuite, EditedOutMessagesAreShownToWhoAsksForThem) {
  put_thread("t");
  for (const auto& [id, at] : {std::pair{"1", 1}, std::pair{"2", 2}, std::pair{"3", 3}}) {
    put({core::InsertMessage{message_of(id, "t", id, at)}});
  }
  core::Message reply = message_of("r1", "t", "r", 4);
  reply.reply_to = "1";
  put({core::InsertMessage{reply}});
  reply.id = "r2";
  reply.created_at = {5};
  put({core::InsertMessage{reply}});
  EXPECT_EQ(*awaited(stores().threads.reply_counts(here, "t")),
            (std::map<std::string, int>{{"1", 2}}));
  EXPECT_EQ(message_ids("t", {.from = 0, .reply_to = "1"}), (Ids{"r1", "r2"}));
  EXPECT_EQ(*awaited(stores().threads.count_messages(here, "t", {.reply_to = "1"})), 2U);

  put({core::InsertSummary{
      {.id = "s", .thread_id = "t", .up_to_message_id = "2", .up_to = {2}, .text = "so far"}}});
  put({core::EditOutMessages{"t", "r2"}});
  EXPECT_EQ(message_ids("t", {.from = 0}), (Ids{"1", "2", "3", "r1"})) << "only of its replies";
  ASSERT_TRUE(*awaited(stores().threads.newest_summary(here, "t")));
  put({core::EditOutMessages{"t", "2"}});
  EXPECT_EQ(message_ids("t", {.from = 0}), Ids{"1"});
  EXPECT_EQ(message_ids("t", {}), Ids{"1"});
  EXPECT_EQ(message_ids("t", {.from = 0, .edited_out = true}), (Ids{"1", "2", "3", "r1", "r2"}));
  EXPECT_EQ(*awaited(stores().threads.count_messages(here, "t", {})), 1U);
  EXPECT_EQ(*awaited(stores().threads.count_messages(here, "t", {.edited_out = true})), 5U);
  EXPECT_TRUE(awaited(stores().threads.reply_counts(here, "t"))->empty());
  EXPECT_FALSE(*awaited(stores().threads.newest_summary(here, "t")))
      << "a summary of what was taken back";
  EXPECT_TRUE((*awaited(stores().threads.message(here, "2")))->edited_out);
  EXPECT_EQ(refusal(core::EditOutMessages{"t", "2"}), ErrorKind::not_found);
  EXPECT_EQ(refusal(core::EditOutMessages{"t", "none"}), ErrorKind::not_found);
}

TEST_P(StoreSuite, RunsKeepTheirVersionAndOptions) {
  put_thread("t");
  core::Run run = run_of("r", "t");
  run.version = {.id = "v1", .bucket = "locked"};
  run.options = {.agent_id = "a",
                 .pin_version = true,
                 .model_label = "fast",
                 .system_prompt = "",
                 .output_schema = {{"type", "object"}},
                 .dynamic_blocks = {{"k", "v"}},
                 .context = {{"user", {{"name", "Ada"}}}},
                 .history_mode = core::HistoryMode::compact,
                 .context_limit = 3,
                 .as_sub_agent = true,
                 .handed_on_by = core::RunPlace{.thread_id = "above", .run_id = "r0"},
                 .reply_to = "m",
                 .replaces = "n",
                 .tool_use = core::ToolUse::required,
                 .tools = Ids{"mcp.a.*", "read"},
                 .key_id = "k1",
                 .automation_id = "routine-1",
                 .tool_seconds_max = 45,
                 .grant = core::WorkGrant{.by = "Routine digest", .tools = {"write", "mcp.*"}}};
  put({core::InsertRun{run}});
  const auto stored = awaited(stores().runs.run(here, "r"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->options, run.options);
  EXPECT_EQ((*stored)->version.id, "v1");
  EXPECT_EQ((*stored)->version.bucket, "locked");
  run.id = "r2";
  run.options = {.tools = Ids{}};
  put_thread("u");
  run.thread_id = "u";
  put({core::InsertRun{run}});
  EXPECT_EQ((*awaited(stores().runs.run(here, "r2")))->options, run.options) << "none at all";
}

}  // namespace colonnade::conformance
