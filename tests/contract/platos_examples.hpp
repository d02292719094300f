// The contract's examples (platos-examples.jsonl), and how an answer is compared with one of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/budgets/budget_store.hpp"
#include "platos_server.hpp"

namespace colonnade::tests {

inline std::vector<base::Json> platos_examples() {
  std::ifstream file(std::string(COLONNADE_CONTRACTS) + "/platos-examples.jsonl");
  std::vector<base::Json> out;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) out.push_back(base::Json::parse(line));
  }
  return out;
}

// The names of the rows that platos_socket_examples_test.cpp plays.
std::set<std::string> played_socket_rows();

// Compares by value, but for what a server makes: ids, which must be the same here wherever they
// are the same in the example; times, tokens and durations by their form; and the words of
// messages, which are free (platos §4.3).
class PlatosComparison {
 public:
  // An id of the example and what it is here.
  void name(const std::string& example, const std::string& actual) { names_[example] = actual; }
  // With every id of the example that has a name here.
  std::string filled(std::string text) const {
    // An approval's id has its agent's in it, so it goes first.
    std::vector<std::pair<std::string, std::string>> names(names_.begin(), names_.end());
    std::ranges::sort(names, std::greater(), [](const auto& one) { return one.first.size(); });
    for (const auto& [example, actual] : names) {
      replace(text, example, actual);
      replace(text, encoded(example), actual);
    }
    return text;
  }

  void same(const base::Json& example, const base::Json& actual, const std::string& where,
            const std::string& key = {}) {
    if (example.is_null() && may_be_there(key)) return;
    const bool numbers = example.is_number() && actual.is_number();
    ASSERT_TRUE(numbers || example.type() == actual.type())
        << where << " is " << actual.dump() << ", the example has " << example.dump();
    if (example.is_object()) {
      same_object(example, actual, where, key);
    } else if (example.is_array()) {
      ASSERT_EQ(example.size(), actual.size()) << where << " is " << actual.dump();
      for (std::size_t i = 0; i < example.size(); ++i) {
        same(example[i], actual[i], where + "[" + std::to_string(i) + "]", key);
      }
    } else if (example.is_string()) {
      same_text(example, actual, where, key);
    } else if (!is_measured(key)) {
      EXPECT_EQ(example, actual) << where;
    }
  }
  // Frames of Socket.IO: the same packet, and the same JSON behind it.
  void same_frame(const std::string& example, const std::string& actual) {
    const auto json_at = [](const std::string& frame) {
      return std::min(frame.find_first_of("{["), frame.size());
    };
    const std::size_t at = json_at(example);
    ASSERT_EQ(example.substr(0, at), actual.substr(0, json_at(actual))) << actual;
    if (at == example.size()) return;
    same(base::Json::parse(example.substr(at)), base::Json::parse(actual.substr(at)), "frame");
  }

 private:
  static void replace(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
      text.replace(at, what.size(), by);
    }
  }
  static std::string encoded(std::string id) {
    replace(id, ":", "%3A");
    return id;
  }

  // Members that the row leaves empty and this server may fill (platos §2.3, §3.5): the run that
  // asked, and which revision one follows.
  static bool may_be_there(const std::string& key) { return key == "runId" || key == "metadata"; }
  static bool is_measured(const std::string& key) {
    return key == "latency_ms" || key == "secondsRemaining" || key == "expiresAt" ||
           key == "durationMs";
  }
  static bool is_id(const std::string& key, const std::string& text) {
    static const std::set<std::string> keys = {
        "approvalId", "artifactId", "artifactKey", "id",     "messageId",   "sid",
        "socketId",   "trace_id",   "traceId",     "spanId", "parentSpanId"};
    for (const char* begin : {"cm", "run_cm", "sched_", "batch_"}) {
      if (text.starts_with(begin)) return true;
    }
    return keys.contains(key);
  }
  static bool consists_of(std::string_view text, std::string_view alphabet) {
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
  }
  static bool is_time(const std::string& text) {
    return text.size() == 24 && text.ends_with('Z') && base::parse_rfc3339(text).has_value();
  }

  void same_object(const base::Json& example, const base::Json& actual, const std::string& where,
                   const std::string& key) {
    for (const auto& [name, value] : example.items()) {
      ASSERT_TRUE(actual.contains(name)) << where << " lacks " << name << ": " << actual.dump();
      same(value, actual[name], where + "." + name, name);
    }
    // A snapshot has more of the members that it is made of, errors have a code besides, events
    // their number.
    const bool error = example.contains("error") && example.contains("message");
    for (const auto& [name, value] : actual.items()) {
      const bool known = example.contains(name) || key == "snapshot" || name == "_seq" ||
                         (error && (name == "code" || name == "statusCode"));
      EXPECT_TRUE(known) << where << " has " << name << " besides: " << actual.dump();
    }
  }
  void same_text(const std::string& example, const std::string& actual, const std::string& where,
                 const std::string& key) {
    constexpr std::string_view hex = "0123456789abcdef";
    static const std::set<std::string> reasons = {"Bad Request", "Conflict", "Not Found",
                                                  "Unauthorized"};
    if (key == "validationErrors") {
      // The member that is wrong comes first.
      EXPECT_TRUE(actual.starts_with(example.substr(0, example.find(':')))) << where << actual;
    } else if (example.starts_with("Cannot ")) {
      EXPECT_EQ(actual, example) << where;
    } else if (key == "message" || (key == "error" && example.contains(' ') &&
                                    !reasons.contains(example) && !example.starts_with("App"))) {
      EXPECT_FALSE(actual.empty()) << where;
    } else if (key == "token") {
      EXPECT_EQ(std::ranges::count(actual, '.'), 2) << where;
    } else if (key == "guestId") {
      EXPECT_TRUE(actual.starts_with("guest-") && consists_of(actual.substr(6), hex)) << actual;
      EXPECT_EQ(actual.size(), example.size());
    } else if (key.ends_with("TimeUnixNano")) {
      EXPECT_TRUE(consists_of(actual, "0123456789")) << where << " is " << actual;
      EXPECT_EQ(actual.size(), example.size()) << where;
    } else if (key == "day" && base::parse_rfc3339(example + "T00:00:00Z")) {
      EXPECT_TRUE(base::parse_rfc3339(actual + "T00:00:00Z").has_value()) << where << actual;
    } else if (is_time(example)) {
      EXPECT_TRUE(is_time(actual)) << where << " is " << actual;
    } else if (is_id(key, example)) {
      const auto named = names_.try_emplace(example, actual).first;
      EXPECT_EQ(actual, named->second) << where << " is another thing";
      if (key == "trace_id") EXPECT_TRUE(consists_of(actual, hex) && actual.size() == 32) << actual;
      EXPECT_FALSE(actual.empty()) << where;
    } else {
      EXPECT_EQ(actual, example) << where;
    }
  }

  std::map<std::string, std::string> names_{};
};

// The tools of the examples' agent.
inline std::vector<std::unique_ptr<tools::Tool>> example_tools() {
  std::vector<std::unique_ptr<tools::Tool>> out;
  const auto add = [&](const char* name, tools::Effect effect, AnsweringTool::Answer answer) {
    out.push_back(std::make_unique<AnsweringTool>(name, effect, std::move(answer)));
  };
  add("inbox_search", tools::Effect::none, [](const base::Json& arguments) {
    if (arguments.value("day", "") == "today") return core::ToolOutcome{R"({"count":3})", false};
    return core::ToolOutcome{"timeout", true};
  });
  add("table", tools::Effect::none, [](const base::Json&) {
    return core::ToolOutcome{R"({"rows":[[1,"a"]],"display":)"
                             R"({"kind":"table","summary":"1 row","columns":["n","s"]}})",
                             false};
  });
  add("digest", tools::Effect::none,
      [](const base::Json&) { return core::ToolOutcome{R"({"mails":3})", false}; });
  add("broken_digest", tools::Effect::none,
      [](const base::Json&) { return core::ToolOutcome{"mail server refused", true}; });
  add("send_email", tools::Effect::changes, [](const base::Json& arguments) {
    return core::ToolOutcome{"sent to " + arguments.value("to", ""), false};
  });
  return out;
}

// One example on a server of its own.
class PlatosReplay {
 public:
  static constexpr const char* agent = "cmagent0000support";
  static constexpr const char* thread = "cmthread0000000001";
  static constexpr const char* approval =
      "org_1:prj_1:env_1:cmagent0000support:1778576400000:9f3a1c";

  static PlatosServerOptions options_of(PlatosServerOptions options) {
    options.tools = example_tools();
    options.default_model = [given = std::move(options.default_model)] {
      const std::string model = given();
      return model == "scripted:scripted-1" ? "anthropic:claude-sonnet" : model;
    };
    return options;
  }
  explicit PlatosReplay(const std::string& path, PlatosServerOptions options = {})
      : server(path, options_of(std::move(options))) {
    server.engine.providers.set_default("anthropic");
  }

  std::string use_agent(base::Json body = {{"name", "Support"},
                                           {"model", "anthropic:claude-sonnet"},
                                           {"systemPrompt", "You help {{user.name}}."}}) {
    const std::string id = server.new_agent(body);
    compare.name(agent, id);
    return id;
  }
  // Of the agent, which is made.
  std::string use_thread(const std::string& title = {}) {
    const std::string id = server.new_thread(use_agent(), title);
    compare.name(thread, id);
    return id;
  }

  // What the examples' budgets have counted: nineteen runs, so many cents, and 25 for a call that
  // is under way.
  void spend(int cents) {
    constexpr std::int64_t micros_of_cent = 10'000;
    constexpr int runs = 19;
    const core::Scope scope("org_1", "prj_1", "env_1");
    const core::BudgetParties parties{.agent_id = "default", .user_id = "usr_1"};
    core::Unit unit{.scope = scope};
    for (int i = 0; i < runs; ++i) {
      unit.changes.emplace_back(
          core::budget_change(core::ReserveBudget{.run_id = "r" + std::to_string(i),
                                                  .parties = parties,
                                                  .begins_run = true,
                                                  .at = server.clock.now()}));
    }
    unit.changes.emplace_back(
        core::budget_change(core::SettleBudget{.run_id = "r0",
                                               .parties = parties,
                                               .spent_micros = cents * micros_of_cent,
                                               .at = server.clock.now()}));
    unit.changes.emplace_back(core::budget_change(core::ReserveBudget{.run_id = "r1",
                                                                      .parties = parties,
                                                                      .micros = 25 * micros_of_cent,
                                                                      .at = server.clock.now()}));
    const auto stored = server.engine.run(server.engine.feed.commit(std::move(unit)));
    EXPECT_TRUE(stored) << stored.error().message;
  }

  // What the model said and used, all in all, in the examples' turn.
  static core::Usage usage() {
    return {.input_tokens = 412, .output_tokens = 58, .reported_cost_micros = 2100};
  }
  static Say answer(const std::string& said, const core::Usage& used = usage()) {
    Say out = reply({core::TextPart{said}}, core::StopReason::end_turn, used);
    std::get<core::ModelReply>(out.events[0]).model = "claude-sonnet";
    return out;
  }
  static Say call_of(std::vector<core::Part> parts, const core::Usage& used = usage()) {
    Say out = reply(std::move(parts), core::StopReason::tool_use, used);
    std::get<core::ModelReply>(out.events[0]).model = "claude-sonnet";
    return out;
  }
  // Thinks, looks into the inbox, answers.
  void script_inbox_turn() {
    const std::string thought = "Check the inbox first.";
    server.anthropic->script(
        {Say{{core::ModelReasoningDelta{thought}}},
         call_of(
             {core::ReasoningPart{.provider = "anthropic", .text = thought},
              core::ToolCallPart{
                  .call_id = "call_1", .tool = "inbox_search", .arguments = {{"day", "today"}}}})});
    server.anthropic->script(
        {text("Three "), text("mails need an answer."), answer("Three mails need an answer.", {})});
  }

  PlatosServer server;
  PlatosComparison compare;
};

}  // namespace colonnade::tests
