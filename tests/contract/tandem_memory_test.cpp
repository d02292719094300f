// Tandem's memory, identity and resources (tandem §2.13, §2.14, §4.12, §6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class TandemMemoryTest : public TandemServicesTest {};

// --- memory -------------------------------------------------------------------------------------

TEST_F(TandemMemoryTest, AMemoryIsPutFoundListedAndRemoved) {
  const Json put = server_
                       .post("/memory/put", {{"text", "Use WAL mode for sqlite in services."},
                                             {"run_id", "run-123"},
                                             {"tags", {"db"}},
                                             {"source", "chat"}})
                       .json();
  EXPECT_EQ(put.at("stored"), true);
  EXPECT_EQ(put.at("tier"), "session");
  EXPECT_EQ(put.at("partition_key"), "local/default/default/session");
  EXPECT_EQ(put.at("id").get<std::string>().size(), 36U);
  const Json found = server_.post("/memory/search", {{"query", "sqlite wal"}, {"limit", 5}}).json();
  ASSERT_EQ(found.at("count"), 1);
  const Json& row = found.at("results").front();
  EXPECT_EQ(row.at("id"), put.at("id"));
  EXPECT_EQ(row.at("content"), "Use WAL mode for sqlite in services.");
  EXPECT_EQ(row.at("source_type"), "chat");
  EXPECT_EQ(row.at("visibility"), "private");
  EXPECT_EQ(row.at("linkage").at("partition_key"), "local/default/default/session");
  EXPECT_EQ(found.at("scopes_used"), (Json{"session", "project"}));
  EXPECT_EQ(found.at("blocked_scopes"), Json::array());
  EXPECT_EQ(
      server_.post("/memory/search", {{"query", "sqlite"}, {"tags", {"other"}}}).json().at("count"),
      0);
  const Json listed = get("/memory?q=SQLITE&user_id=user-123");
  ASSERT_EQ(listed.at("count"), 1);
  EXPECT_EQ(listed.at("items").front().at("user_id"), "user-123");
  EXPECT_EQ(listed.at("limit"), 100);
  EXPECT_EQ(get("/memory?q=nothing-like-it").at("items"), Json::array());
  const std::string path = "/memory/" + put.at("id").get<std::string>();
  EXPECT_EQ(send("DELETE", path, {}).json().at("ok"), true);
  EXPECT_EQ(send("DELETE", path, {}).status, 404);
  EXPECT_EQ(get("/memory").at("count"), 0);
  const Json audit = get("/memory/audit?run_id=run-123&limit=10");
  ASSERT_EQ(audit.at("count"), 1);
  EXPECT_EQ(audit.at("entries").front().at("action"), "memory_put");
  EXPECT_EQ(audit.at("entries").front().at("id"), put.at("audit_id"));
  EXPECT_EQ(audit.at("events").front().at("memory_id"), put.at("id"));
  EXPECT_GE(get("/memory/audit").at("count").get<int>(), 3);
}

TEST_F(TandemMemoryTest, TheEnginesOwnBodiesAreTakenToo) {
  const Json partition = {
      {"org_id", "acme"}, {"workspace_id", "w"}, {"project_id", "p"}, {"tier", "project"}};
  Json body = {{"run_id", "run-1"},      {"partition", partition},
               {"kind", "fact"},         {"content", "The sky is blue."},
               {"artifact_refs", {"a"}}, {"classification", "restricted"},
               {"metadata", {{"k", 1}}}};
  const Answer refused = server_.post("/memory/put", body);
  EXPECT_EQ(refused.status, 403) << "without a capability only the session's tier is written";
  body["capability"] = {{"run_id", "run-1"},
                        {"subject", "default"},
                        {"org_id", "acme"},
                        {"workspace_id", "w"},
                        {"project_id", "p"},
                        {"memory", {{"read_tiers", {"project"}}, {"write_tiers", {"project"}}}},
                        {"expires_at", 4102444800000}};
  const Json put = server_.post("/memory/put", body).json();
  EXPECT_EQ(put.at("partition_key"), "acme/w/p/project");
  const Json row = get("/memory").at("items").front();
  EXPECT_EQ(row.at("kind"), "fact");
  EXPECT_EQ(row.at("classification"), "restricted");
  EXPECT_EQ(row.at("metadata"), (Json{{"k", 1}}));
  EXPECT_EQ(row.at("artifact_refs"), (Json{"a"}));
  EXPECT_EQ(row.at("linkage").at("project_id"), "p");

  Json other = body;
  other["partition"]["project_id"] = "q";
  EXPECT_EQ(server_.post("/memory/put", other).status, 403) << "another context";
  other = body;
  other["capability"]["expires_at"] = 1;
  EXPECT_EQ(server_.post("/memory/put", other).status, 401) << "expired";
  const Json searched =
      server_.post("/memory/search", {{"query", "sky"}, {"read_scopes", {"project", "team"}}})
          .json();
  EXPECT_EQ(searched.at("scopes_used"), (Json{"project"}));
  EXPECT_EQ(searched.at("blocked_scopes"), (Json{"team"}));
  EXPECT_EQ(searched.at("count"), 1);
}

TEST_F(TandemMemoryTest, SecretsAreTakenOutOfMemoriesAndWorseIsNotKept) {
  const Json put =
      server_.post("/memory/put", {{"text", "Log in with password=hunter2hunter2 today"}}).json();
  EXPECT_EQ(put.at("stored"), true);
  const std::string text = get("/memory").at("items").front().at("content");
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("[REDACTED]"));
  for (const char* worse : {"-----BEGIN RSA PRIVATE KEY-----\nabc", "AWS_SECRET_ACCESS_KEY = x"}) {
    const Answer refused = server_.post("/memory/put", {{"text", worse}});
    EXPECT_EQ(refused.status, 422) << worse;
    EXPECT_EQ(refused.json().at("field"), "text");
  }
  EXPECT_EQ(get("/memory").at("count"), 1);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::memory_skipped).size(), 2U);
  const Json again =
      server_.post("/memory/put", {{"text", "Log in with password=hunter2hunter2 today"}}).json();
  EXPECT_EQ(again.at("deduped"), true);
  EXPECT_EQ(again.at("stored"), false);
  EXPECT_EQ(again.at("id"), put.at("id"));
}

TEST_F(TandemMemoryTest, PromotedMemoriesAreEverybodysAndDemotedOnesNobodysToFind) {
  const std::string bob = server_.new_token("bob");
  const std::string carol = server_.new_token("carol");
  const Json put = as(bob, "POST", "/memory/put", {{"text", "Deploys happen on Tuesdays."}}).json();
  const Json query = {{"query", "deploys tuesdays"}};
  EXPECT_EQ(as(carol, "POST", "/memory/search", query).json().at("count"), 0);
  EXPECT_EQ(as(carol, "GET", "/memory").json().at("count"), 0);
  EXPECT_EQ(server_.post("/memory/search", query).json().at("count"), 0)
      << "what is private is not the operator's either";
  EXPECT_EQ(as(carol, "POST", "/memory/promote", {{"id", put.at("id")}}).status, 404);
  EXPECT_EQ(as(carol, "POST", "/memory/demote", {{"id", put.at("id")}}).status, 404);
  EXPECT_EQ(as(carol, "DELETE", "/memory/" + put.at("id").get<std::string>()).status, 404);

  const Json done = as(bob, "POST", "/memory/promote", {{"id", put.at("id")}}).json();
  EXPECT_EQ(done.at("promoted"), true);
  EXPECT_EQ(done.at("new_memory_id"), put.at("id"));
  EXPECT_EQ(done.at("to_tier"), "project");
  EXPECT_EQ(done.at("scrub_report"), (Json{{"status", "passed"}, {"redactions", 0}}));
  const Json seen = as(carol, "POST", "/memory/search", query).json();
  ASSERT_EQ(seen.at("count"), 1);
  EXPECT_EQ(seen.at("results").front().at("visibility"), "shared");
  EXPECT_EQ(as(carol, "POST", "/memory/demote", {{"id", put.at("id")}}).status, 404)
      << "it is not carol's to take back";
  EXPECT_EQ(as(bob, "POST", "/memory/demote", {{"id", put.at("id")}}).status, 200);
  EXPECT_EQ(as(carol, "GET", "/memory").json().at("count"), 0);
  EXPECT_EQ(as(bob, "POST", "/memory/search", query).json().at("count"), 0);
  const Json kept = as(bob, "GET", "/memory").json();
  ASSERT_EQ(kept.at("count"), 1);
  EXPECT_EQ(kept.at("items").front().at("demoted"), true);
  EXPECT_EQ(as(carol, "GET", "/memory/audit").json().at("count"), 2) << "only what carol did";
}

TEST_F(TandemMemoryTest, PromotionNeedsACapabilityBeyondTheProject) {
  const std::string bob = server_.new_token("bob");
  const Json put = as(bob, "POST", "/memory/put", {{"text", "A fact for the team."}}).json();
  Json body = {{"id", put.at("id")}, {"to_tier", "team"}};
  EXPECT_EQ(as(bob, "POST", "/memory/promote", body).status, 403);
  body["capability"] = {{"memory", {{"promote_targets", {"team"}}}}};
  EXPECT_EQ(as(bob, "POST", "/memory/promote", body).json().at("to_tier"), "team");
  body["to_tier"] = "session";
  EXPECT_EQ(as(bob, "POST", "/memory/promote", body).status, 422);
  // Written past this dialect, which would not have kept it.
  const core::MemoryHolder bobs{.owner = "bob"};
  const auto worse = *server_.engine.run(
      server_.services.memories.put(&server_.engine.lanes[0], core::Scope::main(), bobs,
                                    {.text = "aws_secret_access_key is in the drawer"}, {}));
  const Json blocked = as(bob, "POST", "/memory/promote", {{"id", worse.item.id}}).json();
  EXPECT_EQ(blocked.at("promoted"), false);
  EXPECT_EQ(blocked.at("scrub_report").at("status"), "blocked");
  EXPECT_FALSE(blocked.contains("new_memory_id"));
}

TEST_F(TandemMemoryTest, MemoriesOfOneUserAreNotShownUnderAnother) {
  const auto put = [&](const char* text, const char* subject) {
    Json body = {{"text", text}};
    if (*subject != '\0') body["capability"] = {{"subject", subject}};
    EXPECT_EQ(server_.post("/memory/put", body).status, 200);
  };
  put("About nobody.", "");
  put("About one.", "user-1");
  put("About two.", "user-2");
  EXPECT_EQ(get("/memory?user_id=user-1").at("count"), 2);
  EXPECT_EQ(get("/memory?user_id=user-3").at("count"), 1);
  EXPECT_EQ(get("/memory").at("count"), 3);
  EXPECT_EQ(get("/memory?limit=1&offset=2").at("items").front().at("content"), "About nobody.");
}

TEST_F(TandemMemoryTest, WrongMemoryBodiesSayWhichMember) {
  const std::pair<Json, const char*> cases[] = {
      {Json::object(), "text"},
      {{{"text", 7}}, "text"},
      {{{"text", "a"}, {"tags", "x"}}, "tags"},
      {{{"text", "a"}, {"classification", "secret"}}, "classification"},
      {{{"text", "a"}, {"partition", {{"tier", "moon"}}}}, "tier"},
      {{{"text", "a"}, {"metadata", 1}}, "metadata"}};
  for (const auto& [body, field] : cases) {
    const Answer answer = server_.post("/memory/put", body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_EQ(answer.json().at("field"), field);
  }
  EXPECT_EQ(server_.post("/memory/search").status, 400);
  EXPECT_EQ(server_.post("/memory/demote", {{"id", "nope"}}).status, 404);
}

// --- runs ---------------------------------------------------------------------------------------

// What memory.ingest_runs does (tandem §4.12).
TEST_F(TandemMemoryTest, FinishedRunsBecomePrivateMemoriesWithoutSecrets) {
  Engine& engine = server_.engine;
  std::promise<void> all_told;
  std::atomic<int> told{0};
  server_.services.notices.listen([&](const core::Notice&) {
    if (++told == 4) all_told.set_value();
  });
  server_.ingest_runs();
  engine.model->script({tool_call("c1", "calculator", {{"expression", "2+2"}})});
  engine.model->script({reply({core::TextPart{"It is four."}})});
  const core::Principal bob(core::Scope::main(), "bob", core::UserRole::member);
  const core::Thread thread = engine.new_thread(bob);
  const auto run = engine.start(bob, thread.id, "Add 2 and 2, my password=hunter2hunter2");
  ASSERT_TRUE(run);
  ASSERT_TRUE(engine.wait(bob, *run));
  ASSERT_EQ(all_told.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const auto items =
      *engine.run(server_.services.memories.list(core::Scope::main(), {.owner = "bob"}, {}));
  std::map<std::string, core::MemoryItem> by_kind;
  for (const core::MemoryItem& one : items) by_kind.emplace(one.kind, one);
  ASSERT_EQ(by_kind.size(), 4U);
  EXPECT_EQ(by_kind.at("user_message").text, "Add 2 and 2, my password=[REDACTED]");
  EXPECT_EQ(by_kind.at("assistant_final").text, "It is four.");
  EXPECT_EQ(by_kind.at("assistant_final").expires_at, std::nullopt);
  EXPECT_THAT(by_kind.at("tool_input").text, HasSubstr("calculator"));
  EXPECT_THAT(by_kind.at("tool_output").text, HasSubstr("4"));
  const auto kept_for = *by_kind.at("tool_output").expires_at - engine.clock.now();
  EXPECT_GT(kept_for, std::chrono::hours(29 * 24));
  EXPECT_LE(kept_for, std::chrono::hours(30 * 24));
  for (const auto& [kind, one] : by_kind) {
    EXPECT_EQ(one.run_id, run->id) << kind;
    EXPECT_EQ(one.thread_id, thread.id) << kind;
    EXPECT_EQ(one.tier, core::MemoryTier::session) << kind;
  }
  EXPECT_EQ(get("/memory").at("count"), 0) << "they are bob's";
}

// --- identity and resources ---------------------------------------------------------------------

TEST_F(TandemMemoryTest, IdentityIsMergedAndTheOperatorsToChange) {
  Json shown = get("/config/identity");
  EXPECT_EQ(shown.at("identity").at("bot").at("canonical_name"), "Tandem");
  EXPECT_EQ(shown.at("presets").size(), 5U);
  const Json patch = {{"identity",
                       {{"bot", {{"canonical_name", "Ada"}, {"aliases", {{"short", "A"}}}}},
                        {"personality", {{"default", {{"preset", "concise"}}}}}}}};
  EXPECT_EQ(
      send("PATCH", "/config/identity", patch).json().at("identity").at("bot").at("canonical_name"),
      "Ada");
  send("PATCH", "/config/identity", {{"bot", {{"avatar_url", "https://h/a.png"}}}});
  shown = get("/config/identity").at("identity");
  EXPECT_EQ(shown.at("bot").at("canonical_name"), "Ada");
  EXPECT_EQ(shown.at("bot").at("aliases"), (Json{{"short", "A"}}));
  EXPECT_EQ(shown.at("bot").at("avatar_url"), "https://h/a.png");
  EXPECT_EQ(shown.at("personality").at("default").at("preset"), "concise");
  // As npm's client spells the members.
  const Json camel = {{"bot", {{"canonicalName", "Grace"}, {"avatarUrl", nullptr}}},
                      {"personality",
                       {{"default", {{"customInstructions", "Be kind."}}},
                        {"perAgent", {{"helper", {{"customInstructions", "Be brief."}}}}}}}};
  shown = send("PATCH", "/config/identity", camel).json().at("identity");
  EXPECT_EQ(shown.at("bot").at("canonical_name"), "Grace");
  EXPECT_FALSE(shown.at("bot").contains("avatar_url"));
  EXPECT_EQ(shown.at("personality").at("default").at("custom_instructions"), "Be kind.");
  EXPECT_EQ(shown.at("personality").at("per_agent").at("helper").at("custom_instructions"),
            "Be brief.");
  EXPECT_EQ(as(server_.new_token("bob"), "PATCH", "/config/identity", patch).status, 403);
  for (const Json& wrong :
       {Json{{"face", 1}}, Json{{"bot", {{"canonical_name", 1}}}}, Json{{"bot", {{"age", "1"}}}},
        Json{{"personality", {{"default", {{"preset", "rude"}}}}}}}) {
    EXPECT_EQ(send("PATCH", "/config/identity", wrong).status, 422) << wrong;
  }
}

TEST_F(TandemMemoryTest, ResourcesHaveRevisionsAndAreTheAccountsOwn) {
  const Json written =
      send("PUT", "/resource", {{"key", "plan/today"}, {"value", {{"a", 1}, {"b", 2}}}}).json();
  EXPECT_EQ(written.at("ok"), true);
  EXPECT_EQ(written.at("rev"), 1);
  EXPECT_EQ(written.at("resource").at("key"), "plan/today");
  EXPECT_EQ(get("/resource/plan/today").at("value"), (Json{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(send("PATCH", "/resource/plan/today", {{"b", nullptr}, {"c", 3}}).json().at("value"),
            (Json{{"a", 1}, {"c", 3}}));
  const Answer conflict = send("PUT", "/resource/plan/today", {{"value", 7}, {"if_match_rev", 1}});
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.json().at("code"), "RESOURCE_REVISION_CONFLICT");
  EXPECT_EQ(send("PUT", "/resource/plan/today",
                 {{"value", 7}, {"if_match_rev", 2}, {"updated_by", "robot"}})
                .json()
                .at("rev"),
            3);
  EXPECT_EQ(get("/resource/plan/today").at("updated_by"), "robot");
  send("PUT", "/resource/other", {{"value", true}});
  EXPECT_EQ(get("/resource?prefix=plan/").at("count"), 1);
  EXPECT_EQ(get("/resource").at("items").size(), 2U);
  const std::string bob = server_.new_token("bob");
  EXPECT_EQ(as(bob, "GET", "/resource/other").status, 404);
  EXPECT_EQ(as(bob, "DELETE", "/resource/other").status, 404);
  EXPECT_EQ(as(bob, "GET", "/resource").json().at("count"), 0);
  EXPECT_EQ(send("DELETE", "/resource/other", {}).json(), (Json{{"ok", true}, {"key", "other"}}));
  EXPECT_EQ(server_.get("/resource/other").json().at("code"), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(send("PUT", "/resource", {{"value", 1}}).status, 422) << "no key";
  EXPECT_EQ(send("PUT", "/resource/x", {{"value", 1}, {"ttl_ms", 0}}).status, 422);
  EXPECT_EQ(send("PUT", "/resource/x", {{"value", std::string(70'000, 'x')}}).status, 413);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::resource_put).size(), 4U);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::resource_removed).size(), 1U);
}

TEST_F(TandemMemoryTest, AResourceEndsWithItsLifetime) {
  EXPECT_EQ(send("PUT", "/resource/brief", {{"value", 1}, {"ttl_ms", 1}}).status, 200);
  int status = 200;
  for (int i = 0; i < 100'000 && status != 404; ++i) status = server_.get("/resource/brief").status;
  EXPECT_EQ(status, 404);
  EXPECT_EQ(get("/resource").at("count"), 0);
  EXPECT_EQ(send("PUT", "/resource/brief", {{"value", 2}, {"if_match_rev", 0}}).status, 200);
}

}  // namespace
}  // namespace colonnade::tests
