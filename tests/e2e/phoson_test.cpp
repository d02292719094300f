// The Phoson SDK and the real server: what the Python page of that SDK shows, in C++, both ways,
// and one conversation that goes through three clients' hands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "../contract/wire_client.hpp"
#include "colonnade/faramesh.hpp"
#include "colonnade/fathom.hpp"
#include "colonnade/phoson.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Document = nlohmann::json;

class Phoson : public testing::Test {
 protected:
  Phoson() : server_(folder_), key_(server_.ready()["first_token"]) {}

  phoson::Options options() const {
    phoson::Options out;
    out.api_key = key_;
    out.base_url = server_.url();
    return out;
  }

  Folder folder_;
  ServerProcess server_;
  std::string key_;
};

// --- the page, blocking -------------------------------------------------------------------------

TEST_F(Phoson, ThePageWorksWithTheBlockingClient) {  // long: the whole page, in its order
  const phoson::Client client(options());

  // Quick start.
  const auto agent = client.agents.create({.name = "My Assistant",
                                           .description = "A helpful assistant",
                                           .memory_type = phoson::MemoryType::persistent});
  const auto conversation = client.conversations.create({.agent_id = agent.id, .title = "Hello"});
  std::string tokens;
  std::string done;
  for (const auto& event : client.messages.stream(conversation.id, "Hello, how are you?")) {
    match(
        event, [&](const phoson::Token& t) { tokens += t.content; },
        [&](const phoson::RunDone& d) { done = d.content; },
        [&](const phoson::Failed& f) { ADD_FAILURE() << f.message; }, [](const auto&) {});
  }
  EXPECT_NE(done, "");
  EXPECT_EQ(tokens, done);

  // Agents.
  EXPECT_EQ(client.agents.get(agent.id).name, "My Assistant");
  EXPECT_EQ(client.agents.list().size(), 1U);
  const auto renamed =
      client.agents.update(agent.id, {.name = "New name", .description = "New description"});
  EXPECT_EQ(renamed.name, "New name");
  const auto files = client.mcp.create({.name = "files", .command = {"/bin/false"}});
  EXPECT_THAT(client.agents.attach_mcp(agent.id, files.id).mcp_ids,
              ::testing::ElementsAre(files.id));
  EXPECT_TRUE(client.agents.detach_mcp(agent.id, files.id).mcp_ids.empty());

  // Conversations.
  const auto other = client.conversations.create(
      {.agent_id = agent.id, .title = "My conversation", .thread_id = "custom-thread-id"});
  EXPECT_EQ(other.thread_id, "custom-thread-id");
  EXPECT_EQ(client.conversations.list().size(), 2U);
  EXPECT_EQ(client.conversations.list(agent.id).size(), 2U);
  EXPECT_EQ(client.conversations.update(other.id, {.title = "New title"}).title, "New title");
  EXPECT_EQ(client.conversations.get(other.id).title, "New title");
  client.conversations.remove(other.id);

  // Messages: all options, streamed and not, and the transcript.
  phoson::MessageOptions all{.provider = phoson::Provider("offline"),
                             .temperature = 0.7,
                             .max_tokens = 4096,
                             .reasoning_effort = phoson::ReasoningEffort::medium};
  const auto answer = client.messages.send(conversation.id, "Hello again", all);
  EXPECT_EQ(answer.role, "assistant");
  EXPECT_NE(answer.content, "");
  std::string types;
  for (const auto& event :
       client.messages.stream(conversation.id, R"(/tool calculator {"expression":"6*7"})", all)) {
    match(
        event,
        [&](const phoson::ToolStart& t) {
          types += "start " + t.tool + " " + t.tool_call_id + "\n";
        },
        [&](const phoson::ToolEnd& t) { types += "end " + t.result + "\n"; },
        [&](const phoson::RunDone&) { types += "done"; }, [](const auto&) {});
  }
  EXPECT_THAT(types, StartsWith("start calculator "));
  EXPECT_THAT(types, HasSubstr("\nend 42\ndone"));
  const auto transcript = client.messages.list(conversation.id);
  ASSERT_EQ(transcript.size(), 6U);
  EXPECT_EQ(transcript[0].role, "user");
  EXPECT_EQ(transcript[0].content, "Hello, how are you?");
  EXPECT_EQ(transcript[1].content, done);
  EXPECT_EQ(transcript[5].tool_calls.size(), 1U);

  // Errors.
  try {
    client.agents.get("non-existent-id");
    ADD_FAILURE() << "there is no such agent";
  } catch (const phoson::ApiError& error) {
    EXPECT_EQ(error.status_code(), 404);
    EXPECT_EQ(error.detail(), "Agent not found");
  }
  client.agents.remove(agent.id);
  EXPECT_TRUE(client.conversations.list().empty());
}

// --- the page, as coroutines --------------------------------------------------------------------

Task<std::string> whole_page(phoson::Options options) {
  const phoson::AsyncClient client(options);
  const phoson::CreateAgent assistant{.name = "My Assistant",
                                      .description = "A helpful assistant",
                                      .memory_type = phoson::MemoryType::semantic};
  const auto agent = co_await client.agents.create(assistant);
  EXPECT_EQ(agent.memory_type, phoson::MemoryType::semantic);
  const phoson::CreateConversation hello{.agent_id = agent.id, .title = "Hello"};
  const auto conversation = co_await client.conversations.create(hello);
  std::string done;
  auto events = client.messages.stream(conversation.id, "Hello, how are you?");
  while (auto event = co_await events.next()) {
    if (const auto* end = event->as<phoson::RunDone>()) done = end->content;
  }
  const phoson::UpdateAgent changes{.name = "New name"};
  const auto renamed = co_await client.agents.update(agent.id, changes);
  EXPECT_EQ(renamed.name, "New name");
  const phoson::CreateMcpServer wanted{.name = "files", .command = {"/bin/false"}};
  const auto files = co_await client.mcp.create(wanted);
  const auto attached = co_await client.agents.attach_mcp(agent.id, files.id);
  EXPECT_EQ(attached.mcp_ids.size(), 1U);
  const auto detached = co_await client.agents.detach_mcp(agent.id, files.id);
  EXPECT_TRUE(detached.mcp_ids.empty());
  const phoson::UpdateConversation titled{.title = "New title"};
  const auto retitled = co_await client.conversations.update(conversation.id, titled);
  EXPECT_EQ(retitled.title, "New title");
  const auto answer = co_await client.messages.send(conversation.id, "Hello again");
  EXPECT_EQ(answer.role, "assistant");
  const auto transcript = co_await client.messages.list(conversation.id);
  EXPECT_EQ(transcript.size(), 4U);
  try {
    (void)co_await client.agents.get("non-existent-id");
    ADD_FAILURE() << "there is no such agent";
  } catch (const phoson::ApiError& error) {
    EXPECT_EQ(error.status_code(), 404);
    EXPECT_EQ(error.detail(), "Agent not found");
  }
  co_await client.conversations.remove(conversation.id);
  co_await client.agents.remove(agent.id);
  const auto left = co_await client.agents.list();
  EXPECT_TRUE(left.empty());
  co_return done;
}

TEST_F(Phoson, ThePageWorksWithTheCoroutineClient) { EXPECT_NE(run(whole_page(options())), ""); }

// --- one conversation, three clients ------------------------------------------------------------

TEST_F(Phoson, AConversationGoesOnInFathomAndBackAndItsToolIsApprovedWithFaramesh) {
  const phoson::Client phoson_client(options());
  fathom::Options fathom_options;
  fathom_options.base_url = server_.url();
  fathom_options.token = key_;
  const fathom::Client fathom_client(fathom_options);
  faramesh::Options faramesh_options;
  faramesh_options.base_url = server_.url();
  faramesh_options.token = key_;
  const faramesh::Client gate(faramesh_options);

  const auto agent = phoson_client.agents.create({.name = "Writer"});
  const auto conversation = phoson_client.conversations.create({.agent_id = agent.id});
  phoson_client.messages.send(conversation.id, "Hello");

  // A turn of it asks for a tool that changes something: it waits, streaming.
  auto feed = gate.stream_events();
  auto streamed = std::async(std::launch::async, [&] {
    std::string seen;
    for (const auto& event : phoson_client.messages.stream(
             conversation.id, R"(/tool write {"path":"note.txt","content":"first"})")) {
      match(
          event, [&](const phoson::ToolStart& t) { seen += "start " + t.tool + "; "; },
          [&](const phoson::ToolEnd& t) { seen += "end " + t.result + "; "; },
          [&](const phoson::RunDone&) { seen += "done"; },
          [&](const phoson::Failed& f) { seen += "failed " + f.message; }, [](const auto&) {});
    }
    return seen;
  });
  std::string waiting;
  while (waiting.empty()) {
    const auto event = feed.next();
    ASSERT_TRUE(event);
    if (event->status == faramesh::Status::pending_approval) waiting = event->action_id;
  }
  const faramesh::Action question = gate.get_action(waiting);
  EXPECT_EQ(question.tool, "write");
  EXPECT_EQ(question.agent_id, agent.id);
  gate.approve_action(waiting);
  const std::string seen = streamed.get();
  EXPECT_THAT(seen, StartsWith("start write; end "));
  EXPECT_THAT(seen, HasSubstr("; done"));

  // The same thread in Fathom, by the id that Phoson gave it; a turn there, and back.
  const fathom::ThreadDetail detail = fathom_client.threads.get(conversation.id);
  const fathom::Thread& thread = detail.thread;
  EXPECT_EQ(detail.messages.size(), 4U);
  fathom_client.threads.send(thread.id, "And now from here");
  const auto transcript = phoson_client.messages.list(conversation.id);
  ASSERT_EQ(transcript.size(), 6U);
  EXPECT_EQ(transcript[4].content, "And now from here");
  EXPECT_EQ(transcript[5].role, "assistant");
  const std::string data = server_.ready()["data_dir"];
  EXPECT_EQ(read_file(data + "/workspaces/" + thread.id + "/note.txt"), "first");
  EXPECT_EQ(server_.stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
