// What becomes of core's notices (tandem §3.5, §3.6).
#include "dialects/tandem/notice_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/access/principal.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using core::NoticeKind;
using ::testing::ElementsAre;

constexpr const char* plain_id = "0189c0ffee00412348abcdef00112233";
constexpr const char* shown_id = "0189c0ff-ee00-4123-48ab-cdef00112233";

core::Notice notice_of(NoticeKind kind, Json details = nullptr) {
  return {.scope = core::Scope::main(),
          .owner = "ann",
          .kind = kind,
          .subject = plain_id,
          .thread_id = "s",
          .run_id = "r",
          .details = std::move(details),
          .at = {1'773'820'800'000'000}};
}

std::vector<Json> written(const core::Notice& notice) {
  std::vector<Json> out;
  for (const EventText& event : events_of(notice)) {
    out.push_back(Json::parse(event.json));
    EXPECT_EQ(out.back().at("type"), event.type);
    EXPECT_EQ(out.back().value("sessionID", ""), event.session_id) << "what filters look at";
    EXPECT_EQ(out.back().value("runID", ""), event.run_id);
    EXPECT_EQ(out.back().at("properties").value("sessionID", ""), event.session_id);
  }
  return out;
}

std::vector<std::string> types_of(const std::vector<Json>& events) {
  std::vector<std::string> out;
  for (const Json& one : events) out.push_back(one.at("type"));
  return out;
}

TEST(TandemNoticeEvents, AMemoryThatWasPutIsToldOfAsTheEngineDoes) {
  const auto events = written(notice_of(NoticeKind::memory_put, {{"redactions", 2},
                                                                 {"kind", "note"},
                                                                 {"tier", "session"},
                                                                 {"partition", "a/b/c/session"},
                                                                 {"record_id", plain_id}}));
  ASSERT_THAT(types_of(events), ElementsAre("memory.write.attempted", "memory.write.succeeded",
                                            "memory.put", "memory.updated"));
  const Json& kept = events[1].at("properties");
  EXPECT_EQ(kept, (Json{{"sessionID", "s"},
                        {"runID", "r"},
                        {"sourceType", "note"},
                        {"memoryID", shown_id},
                        {"deduped", false},
                        {"redactionStatus", "redacted"},
                        {"redactionCount", 2},
                        {"channel", "log"}}));
  EXPECT_EQ(events[1].at("timestamp"), "2026-03-18T08:00:00.000000Z");
  const Json& put = events[2].at("properties");
  EXPECT_EQ(put.at("partitionKey"), "a/b/c/session");
  EXPECT_EQ(put.at("auditID"), shown_id);
  EXPECT_EQ(put.at("tier"), "session");
  EXPECT_EQ(events[3].at("properties").at("action"), "put");
}

TEST(TandemNoticeEvents, WhatARunLeftBehindIsNoPutOfAnybodys) {
  const auto events = written(notice_of(
      NoticeKind::memory_put,
      {{"ingested", true}, {"kind", "assistant_final"}, {"message_id", "m-2"}, {"redactions", 0}}));
  ASSERT_THAT(types_of(events), ElementsAre("memory.write.attempted", "memory.write.succeeded"));
  for (const Json& one : events) {
    EXPECT_EQ(one.at("properties").at("sourceType"), "assistant_final");
    EXPECT_EQ(one.at("properties").at("messageID"), "m-2");
  }
  EXPECT_EQ(events[1].at("properties").at("redactionStatus"), "passed");
}

TEST(TandemNoticeEvents, AMemoryThatIsNotKeptSaysWhy) {
  auto refused = notice_of(NoticeKind::memory_skipped, {{"reason", "blocked"}, {"kind", "note"}});
  refused.subject.clear();
  auto events = written(refused);
  ASSERT_THAT(types_of(events), ElementsAre("memory.write.attempted", "memory.write.skipped"));
  EXPECT_EQ(events[1].at("properties").at("reason"), "blocked");
  EXPECT_FALSE(events[1].at("properties").contains("memoryID"));
  events = written(notice_of(NoticeKind::memory_skipped, {{"deduped", true}, {"redactions", 0}}));
  EXPECT_EQ(events.back().at("properties").at("deduped"), true);
  EXPECT_EQ(events.back().at("properties").at("memoryID"), shown_id);
}

TEST(TandemNoticeEvents, OtherDeedsOfMemory) {
  auto events = written(notice_of(
      NoticeKind::memory_promoted,
      {{"from_id", "other"}, {"tier", "project"}, {"redactions", 0}, {"record_id", plain_id}}));
  ASSERT_THAT(types_of(events), ElementsAre("memory.promote", "memory.updated"));
  EXPECT_EQ(events[0].at("properties").at("sourceMemoryID"), "other");
  EXPECT_EQ(events[0].at("properties").at("memoryID"), shown_id);
  EXPECT_EQ(events[0].at("properties").at("toTier"), "project");
  EXPECT_EQ(events[0].at("properties").at("scrubStatus"), "passed");
  EXPECT_EQ(events[1].at("properties").at("action"), "promote");
  events = written(notice_of(NoticeKind::memory_demoted));
  ASSERT_THAT(types_of(events), ElementsAre("memory.updated"));
  EXPECT_EQ(events[0].at("properties").at("action"), "demote");
  events = written(notice_of(NoticeKind::memory_removed));
  ASSERT_THAT(types_of(events), ElementsAre("memory.deleted"));
  EXPECT_EQ(events[0].at("properties").at("memoryID"), shown_id);
  const auto imported =
      written(notice_of(NoticeKind::memory_imported, {{"count", 2}, {"removed", 1}}));
  EXPECT_EQ(imported.front().at("type"), "memory.updated");
  EXPECT_EQ(imported.front().at("properties").at("action"), "import");
  EXPECT_EQ(imported.front().at("properties").at("count"), 2);
  auto searched = notice_of(NoticeKind::memory_searched, {{"count", 3}});
  searched.subject.clear();
  events = written(searched);
  ASSERT_THAT(types_of(events), ElementsAre("memory.search"));
  EXPECT_EQ(events[0].at("properties").at("resultCount"), 3);
}

TEST(TandemNoticeEvents, ToolServersAreNamed) {
  const std::pair<NoticeKind, const char*> cases[] = {
      {NoticeKind::tool_server_connected, "mcp.server.connected"},
      {NoticeKind::tool_server_disconnected, "mcp.server.disconnected"},
      {NoticeKind::tool_server_changed, "mcp.server.updated"},
      {NoticeKind::tool_server_removed, "mcp.server.deleted"},
      {NoticeKind::tools_changed, "mcp.tools.updated"}};
  for (const auto& [kind, type] : cases) {
    const core::Notice notice{.scope = core::Scope::main(),
                              .kind = kind,
                              .subject = "arcade",
                              .details = {{"removedToolCount", 1}, {"secret", "x"}},
                              .at = {1}};
    const auto events = written(notice);
    ASSERT_THAT(types_of(events), ElementsAre(type));
    EXPECT_EQ(events[0].at("properties"), (Json{{"name", "arcade"}, {"removedToolCount", 1}}));
  }
  const core::Notice asks{.scope = core::Scope::main(),
                          .kind = NoticeKind::tool_server_asks,
                          .subject = "mail",
                          .details = {{"authorization_url", "https://a.test/"}},
                          .at = {1}};
  const auto events = written(asks);
  ASSERT_THAT(types_of(events), ElementsAre("mcp.auth.required"));
  EXPECT_EQ(events[0].at("properties").at("server"), "mail");
  EXPECT_EQ(events[0].at("properties").at("authorizationUrl"), "https://a.test/");
}

TEST(TandemNoticeEvents, ResourcesAreNamedByTheirKeys) {
  core::Notice notice{.scope = core::Scope::main(),
                      .owner = "ann",
                      .kind = NoticeKind::resource_put,
                      .subject = "plan/today",
                      .details = {{"rev", 2}, {"updated_by", "robot"}},
                      .at = {1'773'820'800'000'000}};
  auto events = written(notice);
  ASSERT_THAT(types_of(events), ElementsAre("resource.updated"));
  EXPECT_EQ(events[0].at("properties"), (Json{{"key", "plan/today"},
                                              {"rev", 2},
                                              {"updatedBy", "robot"},
                                              {"updatedAtMs", 1'773'820'800'000}}));
  notice.kind = NoticeKind::resource_removed;
  notice.details = nullptr;
  events = written(notice);
  ASSERT_THAT(types_of(events), ElementsAre("resource.deleted"));
  EXPECT_EQ(events[0].at("properties").at("key"), "plan/today");
}

// What is private is not the operator's either; tool servers are everybody's in the scope.
TEST(TandemNoticeEvents, AreHeardByWhoeverSeesWhatTheyAreAbout) {
  const core::Principal ann(core::Scope::main(), "ann", core::UserRole::member);
  const core::Principal bob(core::Scope::main(), "bob", core::UserRole::member);
  const core::Principal admin(core::Scope::main(), "admin", core::UserRole::operator_role);
  const core::Principal elsewhere(core::Scope("acme", "shop", "live"), "ann",
                                  core::UserRole::operator_role);
  for (const NoticeKind kind :
       {NoticeKind::memory_put, NoticeKind::memory_skipped, NoticeKind::memory_promoted,
        NoticeKind::memory_demoted, NoticeKind::memory_removed, NoticeKind::memory_searched,
        NoticeKind::memory_imported, NoticeKind::resource_put, NoticeKind::resource_removed}) {
    const core::Notice notice = notice_of(kind);
    EXPECT_TRUE(core::may_hear(ann, notice));
    for (const core::Principal& other : {bob, admin, elsewhere}) {
      EXPECT_FALSE(core::may_hear(other, notice)) << other.user_id;
    }
  }
  for (const NoticeKind kind :
       {NoticeKind::tool_server_connected, NoticeKind::tool_server_disconnected,
        NoticeKind::tool_server_asks, NoticeKind::tool_server_changed,
        NoticeKind::tool_server_removed, NoticeKind::tools_changed}) {
    const core::Notice notice = notice_of(kind);
    for (const core::Principal& one : {ann, bob, admin}) {
      EXPECT_TRUE(core::may_hear(one, notice)) << one.user_id;
    }
    EXPECT_FALSE(core::may_hear(elsewhere, notice));
  }
}

}  // namespace
}  // namespace colonnade::dialects::tandem
