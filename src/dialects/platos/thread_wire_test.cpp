// Threads and messages as the contract's examples have them (threads.* of the examples).
#include "dialects/platos/thread_wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::Json;

const base::Time made = *base::parse_rfc3339("2026-05-12T09:00:00Z");
const base::Time later = *base::parse_rfc3339("2026-05-12T09:00:04.12Z");

core::Thread thread_1() {
  return {.id = "cmthread0000000001",
          .scope = core::Scope("org_1", "prj_1", "env_1"),
          .owner = "usr_1",
          .agent_id = "cmagent0000support",
          .title = "R\u00e9union",
          .created_at = made,
          .updated_at = made};
}

const Json thread_json = Json::parse(R"({"id": "cmthread0000000001",
  "agentId": "cmagent0000support", "organizationId": "org_1", "projectId": "prj_1",
  "environmentId": "env_1", "userId": "usr_1", "createdByUserId": null, "platosEndUserId": null,
  "title": "R\u00e9union", "status": "active", "compactedSummary": null, "compactedAt": null,
  "compactedUpToMessageId": null, "compactionInFlight": false, "turnCount": 0,
  "lockedVersionId": null, "sessionContext": null, "tags": [], "pinnedAt": null,
  "archivedAt": null, "parentThreadId": null, "forkedFromMessageId": null, "clusteringId": null,
  "createdAt": "2026-05-12T09:00:00.000Z", "updatedAt": "2026-05-12T09:00:00.000Z"})");

net::Request request_with(std::string query) {
  net::Request request;
  request.query = std::move(query);
  return request;
}

// threads.create, threads.get
TEST(PlatosThreadWire, AThreadIsAsInTheExample) {
  EXPECT_EQ(Json::parse(encode_thread(thread_1())), thread_json);
}

// threads.create defaults
TEST(PlatosThreadWire, AThreadOfAnotherDialectIsTheDefaultAgents) {
  core::Thread thread = thread_1();
  thread.agent_id.clear();
  thread.title.clear();
  const Json json = Json::parse(encode_thread(thread));
  EXPECT_EQ(json["agentId"], "default");
  EXPECT_EQ(json["title"], nullptr);
}

// threads.archive, threads.delete, threads.list
TEST(PlatosThreadWire, WhatArrangesAThreadIsShown) {
  core::Thread thread = thread_1();
  thread.archived_at = later;
  thread.updated_at = later;
  thread.pinned_at = made;
  thread.tags = {"a", "b"};
  thread.turns = 2;
  thread.version_id = "v1";
  thread.session_context = {{"k", 1}};
  thread.parent_id = "p";
  thread.forked_from_message_id = "m";
  Json expected = thread_json;
  expected.update({{"status", "archived"},
                   {"archivedAt", "2026-05-12T09:00:04.120Z"},
                   {"updatedAt", "2026-05-12T09:00:04.120Z"},
                   {"pinnedAt", "2026-05-12T09:00:00.000Z"},
                   {"tags", {"a", "b"}},
                   {"turnCount", 2},
                   {"lockedVersionId", "v1"},
                   {"sessionContext", {{"k", 1}}},
                   {"parentThreadId", "p"},
                   {"forkedFromMessageId", "m"}});
  EXPECT_EQ(Json::parse(encode_thread(thread)), expected);
  EXPECT_EQ(Json::parse(encode_deleted(thread)),
            Json::parse(R"({"archived": true, "archivedAt": "2026-05-12T09:00:04.120Z"})"));
  EXPECT_EQ(Json::parse(encode_threads({&thread, 1}, {}, 7)),
            (Json{{"threads", {expected}}, {"total", 7}}));
  thread.archived_at.reset();
  thread.completed = true;
  EXPECT_EQ(Json::parse(encode_thread(thread))["status"], "completed");
}

// threads.messages
TEST(PlatosThreadWire, MessagesAreAsInTheExample) {
  core::MessageList list{.total = 2};
  list.messages.push_back({.id = "cmmsg00000000user1",
                           .thread_id = "cmthread0000000001",
                           .parts = {core::TextPart{"Summarise today's inbox."}},
                           .user_id = "usr_1",
                           .created_at = made});
  list.messages.push_back(
      {.id = "cmmsg000000000asst",
       .thread_id = "cmthread0000000001",
       .run_id = "4bf92f3577b34da6a3ce929d0e0e4736",
       .role = core::Role::assistant,
       .parts = {core::ReasoningPart{.text = "Check the inbox first."},
                 core::ToolCallPart{
                     .call_id = "c", .tool = "inbox_search", .arguments = {{"day", "today"}}},
                 core::ToolResultPart{
                     .call_id = "c", .tool = "inbox_search", .content = R"({"count":3})"},
                 core::TextPart{"Three mails need an answer."}},
       .created_at = later,
       .model = "claude-sonnet",
       .provider = "anthropic",
       .usage = core::Usage{.input_tokens = 412, .output_tokens = 58},
       .origin = core::AnswerOrigin{.agent_id = "cmagent0000support",
                                    .version_id = "cmver00000000000001",
                                    .version_bucket = "current",
                                    .cost_micros = 2100,
                                    .took_micros = 4'120'000}});
  const Json expected = Json::parse(R"({"messages": [{"id": "cmmsg00000000user1",
    "threadId": "cmthread0000000001", "role": "user", "content": "Summarise today's inbox.",
    "toolCalls": null, "thinkingContent": null, "responseJson": null, "encKeyVersion": null,
    "systemPromptOverride": null, "outputSchema": null, "status": "active",
    "editParentMessageId": null, "revision": 1, "threadReplyToId": null, "replyCount": 0,
    "authorAgentId": null, "createdAt": "2026-05-12T09:00:00.000Z"},
    {"id": "cmmsg000000000asst", "threadId": "cmthread0000000001", "role": "assistant",
    "content": "Three mails need an answer.", "toolCalls": [{"type": "call",
    "name": "inbox_search", "params": {"day": "today"}}, {"type": "result",
    "name": "inbox_search", "result": {"count": 3}}], "thinkingContent": "Check the inbox first.",
    "responseJson": {"model": "anthropic:claude-sonnet", "usage": {"inputTokens": 412,
    "outputTokens": 58, "promptTokens": 412, "completionTokens": 58, "totalTokens": 470,
    "cachedTokens": 0, "cacheCreationInputTokens": 0, "cacheReadInputTokens": 0,
    "reasoningTokens": 0, "costCents": 0.21, "provider": "anthropic", "noCacheInputTokens": 412},
    "cost_cents": 0.21, "cost_with_cache_cents": 0.21, "latency_ms": 4120,
    "agent_id": "cmagent0000support", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "version_id": "cmver00000000000001", "version_bucket": "current"}, "encKeyVersion": null,
    "systemPromptOverride": null, "outputSchema": null, "status": "active",
    "editParentMessageId": null, "revision": 1, "threadReplyToId": null, "replyCount": 0,
    "authorAgentId": "cmagent0000support", "createdAt": "2026-05-12T09:00:04.120Z"}],
    "total": 2})");
  EXPECT_EQ(Json::parse(encode_messages(list)), expected);
}

TEST(PlatosThreadWire, EditsRepliesAndOverridesAreShown) {
  core::Message message{.id = "m",
                        .thread_id = "t",
                        .role = core::Role::assistant,
                        .metadata = {{"systemPromptOverride", "p"}, {"outputSchema", {{"a", 1}}}},
                        .reply_to = "q",
                        .edited_out = true,
                        .edits = "o",
                        .revision = 3};
  message.origin = core::AnswerOrigin{.structured_output = {{"x", 1}}};
  const Json json = Json::parse(encode_message(message, 4));
  EXPECT_EQ(json["status"], "edited_out");
  EXPECT_EQ(json["editParentMessageId"], "o");
  EXPECT_EQ(json["revision"], 3);
  EXPECT_EQ(json["threadReplyToId"], "q");
  EXPECT_EQ(json["replyCount"], 4);
  EXPECT_EQ(json["systemPromptOverride"], "p");
  EXPECT_EQ(json["outputSchema"], (Json{{"a", 1}}));
  EXPECT_EQ(json["responseJson"]["structured_output"], (Json{{"x", 1}}));
  EXPECT_EQ(json["authorAgentId"], "default");
}

// frame.thread renamed broadcast
TEST(PlatosThreadWire, SocketsHearOfRenamesAndTheArchive) {
  core::Event event{
      .scope = core::Scope("org_1", "prj_1", "env_1"),
      .thread_id = "cmthread0000000001",
      .at = later,
      .body = core::ThreadChanged{.title = "Inbox", .kind = core::ThreadChangeKind::renamed}};
  EXPECT_EQ(Json::parse(encode_thread_event(event)),
            Json::parse(R"({"type": "thread.renamed", "threadId": "cmthread0000000001",
              "title": "Inbox", "updatedAt": "2026-05-12T09:00:04.120Z", "organizationId": "org_1",
              "projectId": "prj_1", "environmentId": "env_1"})"));
  event.body = core::ThreadChanged{.kind = core::ThreadChangeKind::archived};
  EXPECT_EQ(Json::parse(encode_thread_event(event))["type"], "thread.archived");
  event.body = core::ThreadChanged{.deleted = true};
  EXPECT_EQ(encode_thread_event(event), "");
  event.body = core::TextDelta{"x"};
  EXPECT_EQ(encode_thread_event(event), "");
}

TEST(PlatosThreadWire, BodiesAreRead) {
  const auto defaults = decode_new_thread(R"({"agentId": "default", "title": null})");
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->agent_id, "default");
  EXPECT_EQ(defaults->title, "");
  EXPECT_EQ(decode_new_thread("")->agent_id, "default");
  EXPECT_EQ(decode_new_thread(R"({"agentId":"a","title":" R\u00e9\n union "})")->title,
            "R\u00e9  union");
  EXPECT_EQ(decode_new_thread(R"({"title": 1})").error().field, "title");
  EXPECT_EQ(decode_rename(R"({"title": null})")->title, "");
  EXPECT_EQ(decode_rename("{}").error().field, "title");
  EXPECT_EQ(decode_tags(R"({"tags": ["x"]})")->tags, std::vector<std::string>{"x"});
  EXPECT_EQ(decode_tags(R"({"tags": [1]})").error().field, "tags");
  EXPECT_EQ(decode_pin("")->pinned, true);
  EXPECT_EQ(decode_pin(R"({"pinned": false})")->pinned, false);
  EXPECT_EQ(decode_fork(R"({"messageId": "m"})")->message_id, "m");
  EXPECT_EQ(decode_fork(R"({"fromMessageId": "m", "title": "T"})")->title, "T");
  const auto changed = decode_arrangement(R"({"status": "archived", "tags": [], "pinned": true})");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->archived, true);
  EXPECT_EQ(changed->tags, std::vector<std::string>{});
  EXPECT_EQ(changed->completed, std::nullopt);
  EXPECT_EQ(decode_arrangement(R"({"status": "x"})").error().field, "status");
}

TEST(PlatosThreadWire, QueriesHaveTheContractsDefaults) {
  const auto plain = decode_threads_query(request_with(""));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->page.limit, 20U);
  EXPECT_EQ(plain->page.shown, core::ThreadsShown::not_archived);
  EXPECT_TRUE(plain->page.pinned_first);
  EXPECT_FALSE(plain->all_users);
  const auto all = decode_threads_query(
      request_with("agentId=a&limit=5&offset=2&tag=x%20y&pinned=true&archived=only&allUsers=true"));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->page.agent_id, "a");
  EXPECT_EQ(all->page.limit, 5U);
  EXPECT_EQ(all->page.offset, 2U);
  EXPECT_EQ(all->page.tag, "x y");
  EXPECT_EQ(all->page.pinned, true);
  EXPECT_EQ(all->page.shown, core::ThreadsShown::archived);
  EXPECT_TRUE(all->all_users);
  EXPECT_EQ(decode_threads_query(request_with("archived=true"))->page.shown,
            core::ThreadsShown::all);
  EXPECT_EQ(decode_threads_query(request_with("status=completed"))->page.completed, true);
  for (const char* wrong : {"limit", "offset", "pinned", "archived", "status", "allUsers"}) {
    const auto refused = decode_threads_query(request_with(std::string(wrong) + "=-x"));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().field, wrong);
  }
  const auto messages = decode_messages_query(request_with(""));
  EXPECT_EQ(messages->limit, 500U);
  EXPECT_EQ(messages->from, 0U);
  EXPECT_EQ(decode_messages_query(request_with("limit=99999"))->limit, 1000U);
}

}  // namespace
}  // namespace colonnade::dialects::platos
