// What takes the Faramesh client several requests: approval, the gate, batches, waiting, replay,
// the feed.
#include <gtest/gtest.h>

#include <stdexcept>

#include "sdk/faramesh/script.hpp"

namespace colonnade {
namespace {

using namespace faramesh_script;
using faramesh::Outcome;
using faramesh::Polling;
using faramesh::Status;

TEST(FarameshApproval, token_is_read_from_the_action_when_it_is_not_given) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1")
      .reply(200, action_json("pending_approval", {{"approval_token", "tok"}}))
      .times(2);
  wire.expect("POST", "/v1/actions/a1/approval").reply(200, action_json("approved"));
  wire.expect("POST", "/v1/actions/a1/approval").reply(200, action_json("denied")).times(2);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.approve_action("a1", {.reason = "fine"}).status, Status::approved);
  EXPECT_EQ(gate.reject_action("a1").status, Status::denied);
  EXPECT_EQ(gate.deny("a1", {.token = "given"}).status, Status::denied);
  const auto sent = wire.requests();
  EXPECT_EQ(Json::parse(sent[1].body),
            (Json{{"token", "tok"}, {"approve", true}, {"reason", "fine"}}));
  EXPECT_EQ(Json::parse(sent[3].body), (Json{{"token", "tok"}, {"approve", false}}));
  EXPECT_EQ(Json::parse(sent[4].body), (Json{{"token", "given"}, {"approve", false}}));
  wire.verify();
}

TEST(FarameshApproval, nothing_is_posted_for_an_action_that_is_not_pending) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("succeeded"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("pending_approval"));
  const Client gate = client_of(wire);
  for (int i = 0; i < 2; ++i) {
    try {
      gate.approve_action("a1");
      FAIL();
    } catch (const faramesh::RefusedError& error) {
      EXPECT_EQ(error.code(), "invalid_state");
    }
  }
  wire.verify();
}

TEST(FarameshGate, an_executor_runs_only_for_EXECUTE) {
  for (const char* outcome : {"HALT", "ABSTAIN", "execute", "PERMIT", "x"}) {
    testing::ScriptedTransport wire;
    wire.expect("POST", "/v1/gate/decide").reply(200, decision_json(outcome)).times(3);
    const Options options = options_of(wire);
    const Client gate(options);
    const AsyncClient async(options);
    bool ran = false;
    const auto executor = [&](const Json&) { return ran = true; };
    try {
      gate.execute_if_allowed(list_files, executor);
      FAIL() << outcome;
    } catch (const faramesh::NotAllowedError& no) {
      EXPECT_EQ(no.decision().reason, "because");
      EXPECT_EQ(no.decision().outcome_text, outcome);
    }
    const auto record = gate.try_execute_if_allowed(list_files, executor);
    EXPECT_FALSE(record.executed);
    EXPECT_FALSE(record.execution_error);
    EXPECT_EQ(record.decision.reason_code, "POLICY_X");
    EXPECT_THROW(run(async.execute_if_allowed(list_files, executor)), faramesh::NotAllowedError);
    EXPECT_FALSE(ran) << outcome;
  }
}

TEST(FarameshGate, both_shapes_of_executor_and_what_they_give) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(5);
  const Options options = options_of(wire);
  const Client gate(options);
  const std::string one = gate.execute_if_allowed(
      list_files, [](const Json& params) { return params["cmd"].as_string(); });
  EXPECT_EQ(one, "ls -la");
  const std::string four =
      gate.execute_if_allowed(list_files, [](const std::string& tool, const std::string& operation,
                                             const Json& params, const Json& context) {
        return tool + " " + operation + " " + params["cmd"].as_string() + context.dump();
      });
  EXPECT_EQ(four, "shell exec ls -la{}");
  const auto record = gate.try_execute_if_allowed(list_files, [](const Json&) { return 7; });
  EXPECT_TRUE(record.executed);
  EXPECT_EQ(record.execution_result, Json(7));
  const auto thrown = gate.try_execute_if_allowed(
      list_files, [](const Json&) -> int { throw std::runtime_error("boom"); });
  EXPECT_FALSE(thrown.executed);
  EXPECT_EQ(*thrown.execution_error, "boom");
  EXPECT_THROW(
      gate.execute_if_allowed(list_files, [](const Json&) { throw std::runtime_error("boom"); }),
      std::runtime_error);
}

Task<std::string> awaited_executor(const AsyncClient* gate) {
  const auto shout = [](const Json& params) -> std::string { return params["cmd"].as_string(); };
  auto plain = co_await gate->execute_if_allowed(list_files, shout);
  struct Sleeping {
    static Task<std::string> work(std::string text) {
      co_await sleep_for(1ms);
      co_return text + "!";
    }
  };
  const auto sleeping = [](const Json& params) {
    return Sleeping::work(params["cmd"].as_string());
  };
  auto later = co_await gate->execute_if_allowed(list_files, sleeping);
  co_return plain + later;
}

TEST(FarameshGate, an_awaited_executor) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(2);
  const AsyncClient gate(options_of(wire));
  EXPECT_EQ(run(awaited_executor(&gate)), "ls -lals -la!");
}

TEST(FarameshGate, a_verdict_about_another_request_does_not_count) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE", "00")).times(2);
  const Client gate = client_of(wire);
  bool ran = false;
  const auto executor = [&](const Json&) { return ran = true; };
  EXPECT_THROW(gate.execute_if_allowed(list_files, executor), faramesh::HashMismatchError);
  EXPECT_THROW(gate.try_execute_if_allowed(list_files, executor), faramesh::HashMismatchError);
  EXPECT_FALSE(ran);
}

TEST(FarameshGate, the_executor_gets_what_was_hashed) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE"));
  const Client gate = client_of(wire);
  ActionRequest padded = list_files;
  padded.tool = " shell ";
  padded.params = {{"cmd", "  ls -la\n"}};
  EXPECT_EQ(
      gate.execute_if_allowed(padded, [](const Json& params) { return params["cmd"].as_string(); }),
      "ls -la");
}

TEST(FarameshBatch, denied_and_failed_submissions_stand_in_their_place) {
  testing::ScriptedTransport wire;
  for (int i = 0; i < 2; ++i) {
    wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
    wire.expect("POST", "/v1/actions").reply(200, action_json("denied"));
    wire.expect("POST", "/v1/actions").reply(422, R"({"detail":"no"})");
  }
  const Client gate = client_of(wire);
  const std::vector<ActionRequest> requests(3, list_files);
  const auto all = gate.submit_actions(requests);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].failure);
  EXPECT_EQ(all[1].action->status, Status::denied);
  EXPECT_EQ(all[1].failure->kind, ErrorKind::denied);
  EXPECT_FALSE(all[2].action);
  EXPECT_EQ(all[2].failure->status, 422);
  try {
    gate.submit_actions_bulk(requests, Client::OnError::raise);
    FAIL();
  } catch (const faramesh::BatchError& error) {
    EXPECT_EQ(error.code(), "batch_failed");
    ASSERT_EQ(error.successes().size(), 1U);
    ASSERT_EQ(error.errors().size(), 2U);
    EXPECT_EQ(error.errors()[1].index, 2U);
  }
  wire.verify();
}

constexpr Polling quick{.interval = 1ms, .timeout = 10s};

TEST(FarameshWaiting, until_approved_denied_or_late) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("pending_approval")).times(2);
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("approved"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("pending_approval"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("denied"));
  wire.expect("GET", "/v1/actions/a3").reply(200, action_json("pending_approval")).times(1000);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.block_until_approved("a1", quick).status, Status::approved);
  EXPECT_THROW(gate.block_until_approved("a2", quick), faramesh::DeniedError);
  try {
    gate.block_until_approved("a3", {.interval = 1ms, .timeout = 5ms});
    FAIL();
  } catch (const faramesh::ApprovalTimeoutError& late) {
    EXPECT_EQ(late.code(), "timeout");
    EXPECT_EQ(late.action().status, Status::pending_approval);
  }
}

TEST(FarameshWaiting, timeout_is_a_final_state_and_the_limit_is_real) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("timeout"));
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("executing")).times(1000);
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.wait_for_completion("a1", quick).status, Status::timeout);
  EXPECT_THROW(gate.wait_for_completion("a2", {.interval = 1ms, .timeout = 5ms}),
               faramesh::TimeoutError);
}

TEST(FarameshWaiting, submit_approve_start_finish) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action_json("pending_approval")).times(2);
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("approved"));
  wire.expect("POST", "/v1/actions/a1/start").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("executing"));
  wire.expect("GET", "/v1/actions/a1").reply(200, action_json("succeeded"));
  const AsyncClient gate(options_of(wire));
  const faramesh::SubmitAndWait as_it_is{};
  EXPECT_EQ(run(gate.submit_and_wait(list_files, as_it_is)).status, Status::pending_approval);
  const faramesh::SubmitAndWait whole{
      .require_approval = true, .auto_start = true, .polling = quick};
  EXPECT_EQ(run(gate.submit_and_wait(list_files, whole)).status, Status::succeeded);
  const auto sent = wire.requests();
  EXPECT_FALSE(sent[3].has_body);
  wire.verify();
}

TEST(FarameshReplay, of_an_action_and_of_a_decision) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/actions/a1")
      .reply(200, action_json("succeeded", {{"outcome", "EXECUTE"}, {"runtime_version", "1"}}))
      .times(2);
  wire.expect("GET", "/v1/actions/a2").reply(200, action_json("denied"));
  wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("HALT"));
  const Client gate = client_of(wire);
  EXPECT_EQ(gate.replay_action("a1").status, Status::allowed);
  EXPECT_EQ(Json::parse(wire.requests()[1].body)["context"],
            (Json{{"replayed_from", "a1"}, {"replay", true}}));
  EXPECT_THROW(gate.replay_action("a2"), faramesh::RefusedError);
  const auto result = gate.replay_decision("a1");
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.outcome_match);
  EXPECT_TRUE(result.request_hash_match);
  EXPECT_TRUE(result.policy_hash_match);
  EXPECT_FALSE(result.runtime_version_match);
  EXPECT_EQ(result.mismatches.size(), 3U);
  wire.verify();
}

TEST(FarameshReplay, by_provenance) {
  testing::ScriptedTransport wire;
  const std::string found = action_json(
      "allowed", {{"outcome", "HALT"}, {"reason_code", "POLICY_X"}, {"provenance_id", "p"}});
  wire.expect("GET", "/v1/actions?limit=1000&offset=0")
      .reply(200, "{\"actions\":[" + action_json("allowed") + "," + found + "]}")
      .times(2);
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("HALT"));
  const Client gate = client_of(wire);
  EXPECT_TRUE(gate.replay_provenance("p").success);
  EXPECT_THROW(gate.replay_provenance("q"), faramesh::NotFoundError);
}

std::string frame(std::string_view type, std::string_view id, std::string_view more = "") {
  return "data: {\"type\":\"" + std::string(type) + "\"," + std::string(more) +
         "\"data\":{\"id\":\"" + std::string(id) +
         "\",\"status\":\"allowed\",\"tool\":\"shell\"},\"timestamp\":\"2026-01-14T10:00:00Z\"}"
         "\n\n";
}

Task<std::vector<std::string>> collect(const AsyncClient* gate, faramesh::EventFilter filter) {
  std::vector<std::string> ids;
  auto events = gate->stream_events(filter);
  while (auto event = co_await events.next()) {
    ids.push_back(event->action_id);
  }
  co_return ids;
}

TEST(FarameshFeed, filters_work_on_this_side) {
  testing::ScriptedTransport wire;
  wire.expect("GET", "/v1/events")
      .stream({frame("action.created", "a1"), ": ping\n\n", "data: no json\n\n",
               frame("action.approved", "a1"),
               frame("action.created", "a2", "\"action_id\":\"a2\",")})
      .times(6);
  const Options options = options_of(wire);
  const Client gate(options);
  const AsyncClient async(options);
  using Ids = std::vector<std::string>;
  for (const auto& [filter, expected] :
       {std::pair{faramesh::EventFilter{}, Ids{"a1", "a1", "a2"}},
        {faramesh::EventFilter{.types = {"action_created"}}, Ids{"a1", "a2"}},
        {faramesh::EventFilter{.types = {"action.created"}, .action_id = "a2"}, Ids{"a2"}}}) {
    Ids ids;
    gate.tail_events(
        [&](const faramesh::FeedEvent& event) {
          EXPECT_EQ(event.status, Status::allowed);
          EXPECT_EQ(to_string(event.timestamp), "2026-01-14T10:00:00.000000Z");
          ids.push_back(event.action_id);
          return true;
        },
        filter);
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(run(collect(&async, filter)), expected);
  }
  EXPECT_EQ(wire.requests()[0].header("Accept"), "text/event-stream");
  EXPECT_EQ(wire.open_streams(), 0U);
}

TEST(FarameshFunctions, use_the_configured_client) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/v1/actions").reply(200, action_json("allowed"));
  wire.expect("POST", "/v1/gate/decide").reply(200, decision_json("EXECUTE")).times(2);
  faramesh::configure(options_of(wire));
  EXPECT_EQ(faramesh::submit_action("my-agent", "shell", "exec", {{"cmd", "ls -la"}}).id, "a1");
  EXPECT_EQ(faramesh::gate_decide(list_files).outcome, Outcome::execute);
  EXPECT_EQ(faramesh::execute_if_allowed("my-agent", "shell", "exec", {{"cmd", "ls -la"}}, {},
                                         [](const Json&) { return 5; }),
            5);
  wire.verify();
}

}  // namespace
}  // namespace colonnade
