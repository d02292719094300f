// One thread that is a Tandem session, a Platos thread, a Phoson conversation, a Fathom thread and
// the actions of a Faramesh list at once: written from each in turn, and asked in one what another
// answers. The real program serves all five; a vendor in this process keeps what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "../contract/wire_client.hpp"
#include "colonnade/faramesh.hpp"
#include "colonnade/fathom.hpp"
#include "colonnade/phoson.hpp"
#include "colonnade/platos.hpp"
#include "colonnade/tandem.hpp"
#include "program.hpp"
#include "recording_vendor.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;
using Texts = std::vector<std::string>;
using Document = nlohmann::json;

class FiveDialects : public testing::Test {
 protected:
  FiveDialects() : operator_token_(server_.ready().at("first_token")) {
    made("/api/v1/operator/entities", operator_token_,
         {{"organization", "main"}, {"project", "main"}, {"entity", "web"}, {"secret", secret_}});
    session_token_ = made("/api/v1/entities/web/session-tokens", secret_,
                          {{"organizationId", "main"},
                           {"projectId", "main"},
                           {"environmentId", "main"},
                           {"userId", "ann"}})
                         .at("token");
    bearer_ =
        made("/api/v1/operator/tokens", operator_token_,
             {{"name", "ann's"}, {"user", "ann"}, {"scope", "main/main/main"}, {"role", "member"}})
            .at("token");
  }

  Document made(const std::string& target, const std::string& token, const Document& body) const {
    const tests::Answer answer = tests::call(
        server_.port(),
        {.method = "POST", .target = target, .body = body.dump(), .token = token, .headers = {}});
    if (answer.status >= 300) throw std::runtime_error(target + ": " + answer.body);
    return answer.json();
  }

  // All but the gate as Ann.
  tandem::Client tandem() const {
    return tandem::Client({.base_url = server_.url(), .token = bearer_});
  }
  platos::Client platos() const {
    return platos::Client({.base_url = server_.url(), .session_token = session_token_});
  }
  phoson::Client phoson() const {
    phoson::Options out;
    out.base_url = server_.url();
    out.api_key = bearer_;
    return phoson::Client(out);
  }
  fathom::Client fathom() const {
    return fathom::Client({.base_url = server_.url(), .token = bearer_});
  }
  faramesh::Client gate() const {
    faramesh::Options out;
    out.base_url = server_.url();
    out.token = operator_token_;
    return faramesh::Client(out);
  }

  // A turn in each dialect; what the agent said.
  using Turn = std::function<std::string(const std::string& id, const std::string& text)>;
  std::string in_tandem(const std::string& id, const std::string& text) const {
    const auto client = tandem();
    const auto run = client.sessions.prompt_async(id, text);
    std::string said;
    std::string status;
    for (const auto& event : client.stream(id, run.run_id)) {
      if (const auto* piece = event.as<tandem::SessionResponse>()) said += piece->delta;
      if (const auto* end = event.as<tandem::RunFinished>()) status = end->status;
    }
    EXPECT_EQ(status, "completed");
    return said;
  }
  std::string in_tandem_at_once(const std::string& id, const std::string& text) const {
    return tandem().sessions.prompt_sync(id, text);
  }
  std::string in_platos(const std::string& id, const std::string& text) const {
    std::string said;
    for (const auto& event : platos().threads.send(id, text)) {
      match(
          event, [&](const platos::Token& token) { said += token.text; },
          [](const platos::Failed& failed) { ADD_FAILURE() << failed.message; },
          [](const auto&) {});
    }
    return said;
  }
  std::string in_phoson(const std::string& id, const std::string& text) const {
    std::string said;
    for (const auto& event : phoson().messages.stream(id, text)) {
      match(
          event, [&](const phoson::Token& token) { said += token.content; },
          [](const phoson::Failed& failed) { ADD_FAILURE() << failed.message; },
          [](const auto&) {});
    }
    return said;
  }
  std::string in_fathom(const std::string& id, const std::string& text) const {
    return fathom().threads.send(id, text).agent_message.content;
  }

  // How each dialect answers what waits for a human.
  using Reply = std::function<void(const std::string& question)>;
  Reply edited_over_faramesh() const {
    return [this](const std::string& question) {
      const auto done = gate().approve_action(
          question, {.reason = "say it better",
                     .params = {{"path", "0.txt"}, {"content", "edited over Faramesh"}}});
      EXPECT_EQ(done.params["content"].as_string(), "edited over Faramesh");
    };
  }
  Reply replied_over_tandem(tandem::PermissionReply word) const {
    return [this, word](const std::string& question) {
      const auto client = tandem();
      const auto listed = client.permissions.list().requests;
      ASSERT_EQ(listed.size(), 1U);
      EXPECT_EQ(listed[0].id, question);
      EXPECT_EQ(listed[0].permission, "write");
      EXPECT_EQ(client.permissions.reply(question, word).reply,
                word == tandem::PermissionReply::once ? "once" : "reject");
    };
  }
  Reply resolved_over_platos(platos::Verdict verdict) const {
    return [this, verdict](const std::string& question) {
      const auto done = platos().approvals.resolve(question, {.verdict = verdict});
      EXPECT_EQ(done.approved, verdict == platos::Verdict::approve);
    };
  }
  struct Step {
    std::string name{};
    Turn turn{};
    Reply reply{};
    std::string written{};  // "": the call was refused
  };
  std::vector<Step> steps() const {
    const auto tandem_turn = [this](const auto& id, const auto& text) {
      return in_tandem(id, text);
    };
    return {
        {"Tandem asks, Faramesh edits and approves", tandem_turn, edited_over_faramesh(),
         "edited over Faramesh"},
        {"Platos asks, Tandem allows it once",
         [this](const auto& id, const auto& text) { return in_platos(id, text); },
         replied_over_tandem(tandem::PermissionReply::once), "as asked"},
        {"Phoson asks, Platos approves",
         [this](const auto& id, const auto& text) { return in_phoson(id, text); },
         resolved_over_platos(platos::Verdict::approve), "as asked"},
        {"Fathom asks, Tandem rejects",
         [this](const auto& id, const auto& text) { return in_fathom(id, text); },
         replied_over_tandem(tandem::PermissionReply::reject), ""},
        {"Tandem asks, Platos rejects", tandem_turn, resolved_over_platos(platos::Verdict::reject),
         ""},
    };
  }

  // What each dialect shows of the thread, as "user: …" and "assistant: …".
  Texts shown_by_tandem(const std::string& id) const {
    Texts out;
    for (const auto& one : tandem().sessions.messages(id)) {
      out.push_back(one.info.role + ": " + one.text());
    }
    return out;
  }
  template <class Messages>
  static Texts shown(const Messages& messages) {
    Texts out;
    for (const auto& one : messages) {
      out.push_back((one.role == "user" ? "user: " : "assistant: ") + one.content);
    }
    return out;
  }
  void expect_everywhere(const std::string& id, const Texts& said) const {
    EXPECT_THAT(shown_by_tandem(id), ElementsAreArray(said)) << "Tandem";
    EXPECT_THAT(shown(platos().threads.messages(id)), ElementsAreArray(said)) << "Platos";
    EXPECT_THAT(shown(phoson().messages.list(id)), ElementsAreArray(said)) << "Phoson";
    EXPECT_THAT(shown(fathom().threads.messages(id)), ElementsAreArray(said)) << "Fathom";
  }

  // The action of a call of `write` of that file that waits for a human.
  static std::string waiting(const faramesh::Client& gate, Stream<faramesh::FeedEvent>& feed,
                             const std::string& file) {
    while (const auto event = feed.next()) {
      if (event->status != faramesh::Status::pending_approval) continue;
      const faramesh::Action action = gate.get_action(event->action_id);
      if (action.params["path"].as_string() == file) return action.id;
    }
    throw std::runtime_error("the feed ended before a question came");
  }
  // What a file of the thread's folder holds; "" when it is not there.
  std::string file(const std::string& id, const std::string& name) const {
    const std::string data = server_.ready()["data_dir"];
    return read_file(data + "/workspaces/" + id + "/" + name);
  }

  const std::string secret_ = "0123456789abcdef0123456789abcdef";
  RecordingVendor vendor_;
  Folder folder_;
  ServerProcess server_{folder_,
                        {"--config", folder_.write("config.yaml", vendor_.configuration())}};
  std::string operator_token_;
  std::string session_token_;
  std::string bearer_;
};

TEST_F(FiveDialects, EachTurnFollowsAllThatWasSaidInTheOthers) {
  const std::string id = tandem().sessions.create({.title = "Digest"});
  const std::pair<std::string, Turn> turns[] = {
      {"Tandem", [this](const auto& at, const auto& text) { return in_tandem(at, text); }},
      {"Platos", [this](const auto& at, const auto& text) { return in_platos(at, text); }},
      {"Phoson", [this](const auto& at, const auto& text) { return in_phoson(at, text); }},
      {"Fathom", [this](const auto& at, const auto& text) { return in_fathom(at, text); }},
      {"Tandem, waited for",
       [this](const auto& at, const auto& text) { return in_tandem_at_once(at, text); }},
      {"Platos again", [this](const auto& at, const auto& text) { return in_platos(at, text); }},
  };
  Texts said;
  for (const auto& [name, turn] : turns) {
    SCOPED_TRACE(name);
    const std::string text = "Something from " + name;
    EXPECT_EQ(turn(id, text), "Heard: " + text);
    said.push_back("user: " + text);
    EXPECT_THAT(vendor_.heard(), ElementsAreArray(said)) << "what the model was sent";
    said.push_back("assistant: Heard: " + text);
    expect_everywhere(id, said);
  }
  EXPECT_EQ(tandem().sessions.get(id).title, "Digest");
  EXPECT_EQ(platos().threads.get(id)->title, "Digest");
  EXPECT_EQ(fathom().threads.get(id).thread.title, "Digest");
  EXPECT_EQ(server_.stop().code, 0);
}

TEST_F(FiveDialects, WhatOneAsksAnotherAnswers) {
  const std::string id = tandem().sessions.create({.title = "Notes"});
  const faramesh::Client gate = this->gate();
  auto feed = gate.stream_events();
  const std::vector<Step> steps = this->steps();
  Texts questions;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    SCOPED_TRACE(steps[i].name);
    const std::string name = std::to_string(i) + ".txt";
    const std::string text = R"(call write {"path":")" + name + R"(","content":"as asked"})";
    auto turn = std::async(std::launch::async, [&] { return steps[i].turn(id, text); });
    questions.push_back(waiting(gate, feed, name));
    EXPECT_EQ(file(id, name), "") << "nothing before somebody said yes";
    steps[i].reply(questions.back());
    EXPECT_THAT(turn.get(), HasSubstr("Used: ")) << "the model was told what came of it";
    EXPECT_EQ(file(id, name), steps[i].written);
    const auto last = vendor_.requests().back().at("messages").back();
    EXPECT_EQ(last.at("role"), "tool");
    EXPECT_TRUE(tandem().permissions.list().requests.empty());
  }
  // The same five over Faramesh, newest first.
  const auto actions = gate.list_actions({.tool = "write"});
  ASSERT_EQ(actions.size(), questions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const std::size_t asked = questions.size() - 1 - i;
    EXPECT_EQ(actions[i].id, questions[asked]);
    EXPECT_EQ(actions[i].context["thread_id"].as_string(), id);
    EXPECT_EQ(actions[i].status,
              steps[asked].written.empty() ? faramesh::Status::denied : faramesh::Status::succeeded)
        << steps[asked].name;
  }
  expect_everywhere(id, shown_by_tandem(id));
  EXPECT_EQ(shown_by_tandem(id).size(), 2 * steps.size());
  EXPECT_EQ(server_.stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
