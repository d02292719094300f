// One thread in four clients' hands: begun over Platos, gone on with over Phoson, a tool call of it
// approved over Faramesh with other arguments, read over Fathom. The real program serves all four.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "../contract/wire_client.hpp"
#include "colonnade/faramesh.hpp"
#include "colonnade/fathom.hpp"
#include "colonnade/phoson.hpp"
#include "colonnade/platos.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::Answer;
using Document = nlohmann::json;

class OneThread : public testing::Test {
 protected:
  OneThread() : operator_token_(server_.ready().at("first_token")) {
    made("/api/v1/operator/entities", operator_token_,
         {{"organization", "main"}, {"project", "main"}, {"entity", "web"}, {"secret", secret_}});
    const Document minted = made("/api/v1/entities/web/session-tokens", secret_,
                                 {{"organizationId", "main"},
                                  {"projectId", "main"},
                                  {"environmentId", "main"},
                                  {"userId", "ann"}});
    session_token_ = minted.at("token");
    const Document bearer =
        made("/api/v1/operator/tokens", operator_token_,
             {{"name", "ann's"}, {"user", "ann"}, {"scope", "main/main/main"}, {"role", "member"}});
    bearer_ = bearer.at("token");
  }

  Document made(const std::string& target, const std::string& token, const Document& body) const {
    const Answer answer = tests::call(
        server_.port(),
        {.method = "POST", .target = target, .body = body.dump(), .token = token, .headers = {}});
    if (answer.status >= 300) throw std::runtime_error(target + ": " + answer.body);
    return answer.json();
  }
  // As Ann, by her session's token and by her own.
  platos::Client platos_client() const {
    return platos::Client({.base_url = server_.url(), .session_token = session_token_});
  }
  phoson::Client phoson_client() const {
    phoson::Options out;
    out.base_url = server_.url();
    out.api_key = bearer_;
    return phoson::Client(out);
  }
  fathom::Client fathom_client() const {
    return fathom::Client({.base_url = server_.url(), .token = bearer_});
  }
  faramesh::Client operators_gate() const {
    faramesh::Options out;
    out.base_url = server_.url();
    out.token = operator_token_;
    return faramesh::Client(out);
  }
  static std::string said_over_platos(const platos::Client& client, const std::string& thread_id,
                                      const std::string& message) {
    std::string said;
    for (const auto& event : client.threads.send(thread_id, message)) {
      match(
          event, [&](const platos::Token& token) { said += token.text; },
          [](const platos::Failed& failed) { ADD_FAILURE() << failed.message; },
          [](const auto&) {});
    }
    return said;
  }
  static std::vector<std::string> seen_over_phoson(const phoson::Client& client,
                                                   const std::string& thread_id,
                                                   const std::string& message) {
    std::vector<std::string> seen;
    for (const auto& event : client.messages.stream(thread_id, message)) {
      match(
          event, [&](const phoson::ToolStart& start) { seen.push_back("start " + start.tool); },
          [&](const phoson::ToolEnd& end) { seen.push_back("end " + end.tool); },
          [&](const phoson::RunDone&) { seen.emplace_back("done"); },
          [&](const phoson::Failed& failed) { seen.push_back("failed " + failed.message); },
          [](const auto&) {});
    }
    return seen;
  }
  // The next action that waits for a human.
  static faramesh::Action next_question(const faramesh::Client& gate,
                                        Stream<faramesh::FeedEvent>& feed) {
    while (const auto event = feed.next()) {
      if (event->status == faramesh::Status::pending_approval) {
        return gate.get_action(event->action_id);
      }
    }
    throw std::runtime_error("the feed ended before a question came");
  }

  const std::string secret_ = "0123456789abcdef0123456789abcdef";
  Folder folder_;
  ServerProcess server_{folder_};
  std::string operator_token_;
  std::string session_token_;
  std::string bearer_;
};

TEST_F(OneThread, BegunInPlatosGoneOnInPhosonApprovedInFarameshReadInFathom) {
  // Begun over Platos.
  const platos::Client platos = platos_client();
  const platos::Thread begun = platos.threads.create({.title = "Digest"});
  EXPECT_EQ(said_over_platos(platos, begun.id, "/say Good morning"), "Good morning");

  // Gone on with over Phoson, where the model asks for a tool that changes something.
  const phoson::Client phoson = phoson_client();
  ASSERT_EQ(phoson.messages.list(begun.id).size(), 2U);
  const faramesh::Client gate = operators_gate();
  auto feed = gate.stream_events();
  auto streamed = std::async(std::launch::async, [&] {
    return seen_over_phoson(phoson, begun.id,
                            R"(/tool write {"path":"note.txt","content":"first"})");
  });

  // Approved over Faramesh by somebody else, with other arguments.
  const faramesh::Action question = next_question(gate, feed);
  EXPECT_EQ(question.tool, "write");
  EXPECT_EQ(question.params.dump(), R"({"content":"first","path":"note.txt"})");
  const Document approved = made("/v1/actions/" + question.id + "/approval", operator_token_,
                                 {{"token", question.approval_token.value_or("")},
                                  {"approve", true},
                                  {"reason", "say it better"},
                                  {"params", {{"path", "note.txt"}, {"content", "edited"}}}});
  EXPECT_EQ(approved.at("params").at("content"), "edited");
  EXPECT_THAT(streamed.get(), ElementsAre("start write", "end write", "done"));
  const std::string data = server_.ready()["data_dir"];
  EXPECT_EQ(read_file(data + "/workspaces/" + begun.id + "/note.txt"), "edited");

  // Platos says the same of the approval, and lists the call in the thread.
  const platos::Approval answered = platos.approvals.get(question.id);
  EXPECT_EQ(answered.status, "approved");
  EXPECT_EQ(answered.thread_id, begun.id);
  EXPECT_EQ(answered.tool_name, "write");
  EXPECT_EQ(answered.extra["respondedBy"].as_string(), "admin");

  // Read over Fathom: both turns, in order.
  const fathom::ThreadDetail read = fathom_client().threads.get(begun.id);
  EXPECT_EQ(read.thread.title, "Digest");
  EXPECT_EQ(read.thread.user_id, "ann");
  std::vector<std::string> roles;
  for (const fathom::Message& message : read.messages) roles.push_back(message.role);
  ASSERT_THAT(roles, ElementsAre("user", "agent", "user", "agent"));
  EXPECT_EQ(read.messages[0].content, "/say Good morning");
  EXPECT_EQ(read.messages[1].content, "Good morning");
  EXPECT_THAT(read.messages[2].content, HasSubstr("/tool write"));
  EXPECT_FALSE(read.running);

  // All four tell the same of the last answer.
  const std::string last = read.messages[3].content;
  EXPECT_NE(last, "");
  EXPECT_EQ(phoson.messages.list(begun.id).back().content, last);
  EXPECT_EQ(platos.threads.messages(begun.id).back().content, last);
  EXPECT_EQ(gate.get_action(question.id).status, faramesh::Status::succeeded);
  EXPECT_EQ(server_.stop().code, 0);
}

TEST_F(OneThread, AskedInPlatosAnsweredFromTheTerminal) {
  const platos::Client platos = platos_client();
  const std::string thread_id = platos.threads.create({.title = "Notes"}).id;
  struct Seen {
    std::vector<std::string> asked{};
    std::vector<platos::ApprovalResolved> answered{};
    bool done = false;
  };
  const auto write = [&](const std::string& content) {
    Seen out;
    for (const auto& event : platos.threads.send(
             thread_id, R"(/tool write {"path":"note.txt","content":")" + content + R"("})")) {
      match(
          event, [&](const platos::ApprovalNeeded& one) { out.asked.push_back(one.approval_id); },
          [&](const platos::ApprovalResolved& one) { out.answered.push_back(one); },
          [&](const platos::Done&) { out.done = true; }, [](const auto&) {});
    }
    return out;
  };
  const std::string note =
      server_.ready()["data_dir"].get<std::string>() + "/workspaces/" + thread_id + "/note.txt";
  const faramesh::Client gate = operators_gate();
  auto feed = gate.stream_events();

  auto approving = std::async(std::launch::async, [&] { return write("first"); });
  const std::string question = next_question(gate, feed).id;
  const auto listed = Document::parse(run({"approvals", "list", "--json"}, folder_).out);
  std::vector<std::string> ids;
  for (const Document& one : listed.at("approvals")) ids.push_back(one.at("id"));
  EXPECT_THAT(ids, ElementsAre(question));
  const auto approved = run({"approvals", "approve", question}, folder_);
  EXPECT_EQ(approved.code, 0) << approved.err;
  const Seen first = approving.get();
  EXPECT_THAT(first.asked, ElementsAre(question));
  ASSERT_EQ(first.answered.size(), 1U);
  EXPECT_EQ(first.answered[0].approval_id, question);
  EXPECT_EQ(first.answered[0].status, "approved");
  EXPECT_EQ(first.answered[0].responded_by, "admin");
  EXPECT_TRUE(first.done);
  EXPECT_EQ(read_file(note), "first");

  auto denying = std::async(std::launch::async, [&] { return write("second"); });
  std::string next = next_question(gate, feed).id;
  while (next == question) next = next_question(gate, feed).id;
  const auto denied = run({"approvals", "deny", next, "--reason", "enough"}, folder_);
  EXPECT_EQ(denied.code, 0) << denied.err;
  const Seen second = denying.get();
  ASSERT_EQ(second.answered.size(), 1U);
  EXPECT_EQ(second.answered[0].status, "rejected");
  EXPECT_TRUE(second.done);
  EXPECT_EQ(read_file(note), "first");
  EXPECT_EQ(platos.approvals.get(next).status, "rejected");
  EXPECT_EQ(server_.stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
