#include "app/policy_cases.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include "gate/document.hpp"

namespace colonnade::app {
namespace {

using gate::DocumentError;
using gate::Lines;
using gate::Value;

constexpr std::array<std::string_view, 9> case_keys = {
    "id", "agent_id", "tool", "operation", "params", "args", "context", "expect", "description"};
constexpr std::array<std::string_view, 4> expect_keys = {"effect", "outcome", "reason_code",
                                                         "risk_level"};
constexpr std::string_view default_agent = "policy-test";
constexpr std::string_view default_operation = "call";

// An object of the file, and where it stands.
class Group {
 public:
  Group(const Value& value, const Lines& lines, std::string path)
      : value_(value), lines_(lines), path_(std::move(path)) {
    if (value.object() == nullptr) {
      throw DocumentError{lines.line, path_,
                          "must be a group of keys, not " + std::string(value.kind())};
    }
  }

  void expect_keys_of(std::span<const std::string_view> known) const {
    for (const Value::Member& member : *value_.object()) {
      if (std::ranges::find(known, member.key) == known.end()) {
        broken(member.key, "unknown key");
      }
    }
  }
  // nullptr when it is absent or null.
  const Value* find(std::string_view key) const {
    const Value* found = value_.find(key);
    return found != nullptr && !found->is_null() ? found : nullptr;
  }
  const Lines& lines_of(std::string_view key) const {
    const auto& members = *value_.object();
    const auto found = std::ranges::find(members, key, &Value::Member::key);
    return found == members.end() ? lines_
                                  : lines_.at(static_cast<std::size_t>(found - members.begin()));
  }
  std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  std::optional<std::string> text(std::string_view key) const {
    const Value* found = find(key);
    if (found == nullptr) return std::nullopt;
    if (found->text() == nullptr) broken(key, "must be a string; put it in quotes");
    return *found->text();
  }
  [[noreturn]] void broken(std::string_view key, std::string message) const {
    throw DocumentError{lines_of(key).line, path_of(key), std::move(message)};
  }
  int line() const { return lines_.line; }
  const std::string& path() const { return path_; }

 private:
  const Value& value_;
  const Lines& lines_;
  std::string path_;
};

PolicyExpectation read_expectation(const Group& group) {
  group.expect_keys_of(expect_keys);
  PolicyExpectation out;
  if (group.find("effect") != nullptr && group.find("outcome") != nullptr) {
    group.broken("outcome", "is an alias of effect; keep one of the two");
  }
  const std::string_view key = group.find("outcome") != nullptr ? "outcome" : "effect";
  if (const auto word = group.text(key)) {
    out.outcome = outcome_from(*word);
    if (!out.outcome) {
      group.broken(key,
                   "\"" + *word + "\" is not an effect; write permit, deny or require_approval");
    }
  }
  out.reason_code = group.text("reason_code");
  if (const auto word = group.text("risk_level")) {
    out.risk = gate::risk_from(*word);
    if (!out.risk) group.broken("risk_level", "must be low, medium or high");
  }
  if (!out.outcome && !out.reason_code && !out.risk) {
    throw DocumentError{group.line(), group.path(), "expects nothing; write at least effect"};
  }
  return out;
}

std::string id_of(const Group& group) {
  const Value* id = group.find("id");
  if (id == nullptr) throw DocumentError{group.line(), group.path_of("id"), "is missing"};
  if (id->integer() != nullptr) return id->integer()->digits;
  return *group.text("id");
}

gate::ActionRequest read_request(const Group& group) {
  if (group.find("params") != nullptr && group.find("args") != nullptr) {
    group.broken("args", "is an alias of params; keep one of the two");
  }
  const std::string_view params_key = group.find("args") != nullptr ? "args" : "params";
  const auto tool = group.text("tool");
  if (!tool) throw DocumentError{group.line(), group.path_of("tool"), "is missing"};
  gate::ActionInput input{
      .agent_id = group.text("agent_id").value_or(std::string(default_agent)),
      .tool = *tool,
      .operation = group.text("operation").value_or(std::string(default_operation))};
  const Value* params = group.find(params_key);
  input.params = params != nullptr ? *params : Value(Value::Object{});
  if (const Value* context = group.find("context")) input.context = *context;
  auto request = gate::ActionRequest::normalise(std::move(input));
  if (!request) {
    const std::string& field = request.error().field;
    const std::string key =
        field.starts_with("params") ? std::string(params_key) : field.substr(0, field.find('.'));
    group.broken(key, request.error().message);
  }
  return *std::move(request);
}

std::vector<PolicyCase> read_cases(const gate::Document& document) {
  const Group root(document.value, document.lines, "");
  root.expect_keys_of(std::array<std::string_view, 1>{"cases"});
  const Value* list = root.find("cases");
  if (list == nullptr || list->array() == nullptr || list->array()->empty()) {
    throw DocumentError{root.lines_of("cases").line, "cases",
                        "must be a list with at least one case: {id, tool, expect: {effect}}"};
  }
  std::vector<PolicyCase> out;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < list->array()->size(); ++i) {
    const Group group((*list->array())[i], root.lines_of("cases").at(i),
                      "cases[" + std::to_string(i) + "]");
    group.expect_keys_of(case_keys);
    const std::string id = id_of(group);
    if (!ids.insert(id).second) group.broken("id", "is used twice; give each case its own");
    const Value* expect = group.find("expect");
    if (expect == nullptr) {
      throw DocumentError{group.line(), group.path_of("expect"),
                          "is missing; write {effect: deny}"};
    }
    const Group expected(*expect, group.lines_of("expect"), group.path_of("expect"));
    out.push_back({.id = id,
                   .line = group.line(),
                   .request = read_request(group),
                   .expect = read_expectation(expected)});
  }
  return out;
}

// The parts that are asked about, joined.
std::string joined(std::string outcome, const std::string& code, const std::string& risk) {
  if (!code.empty()) outcome += (outcome.empty() ? "" : " ") + code;
  if (!risk.empty()) outcome += (outcome.empty() ? "risk " : ", risk ") + risk;
  return outcome;
}

}  // namespace

std::optional<gate::Outcome> outcome_from(std::string_view word) {
  using gate::Outcome;
  constexpr std::array<std::pair<std::string_view, Outcome>, 10> words = {
      {{"permit", Outcome::execute},
       {"allow", Outcome::execute},
       {"execute", Outcome::execute},
       {"deny", Outcome::halt},
       {"halt", Outcome::halt},
       {"block", Outcome::halt},
       {"defer", Outcome::abstain},
       {"abstain", Outcome::abstain},
       {"pending", Outcome::abstain},
       {"require_approval", Outcome::abstain}}};
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto found = std::ranges::find(words, lower, [](const auto& entry) { return entry.first; });
  if (found == words.end()) return std::nullopt;
  return found->second;
}

base::Result<std::vector<PolicyCase>> parse_cases(std::string_view text, std::string_view name) {
  const auto document = gate::parse_document(text, name);
  if (!document) return base::fail(document.error());
  try {
    return read_cases(*document);
  } catch (const DocumentError& broken) {
    return base::fail(gate::to_error(broken, name));
  }
}

std::string to_text(const PolicyExpectation& expect) {
  return joined(expect.outcome ? std::string(gate::to_string(*expect.outcome)) : "",
                expect.reason_code.value_or(""),
                expect.risk ? std::string(gate::to_string(*expect.risk)) : "");
}

std::string answer_to(const PolicyExpectation& expect, const gate::Decision& decision) {
  return joined(std::string(gate::to_string(decision.outcome)), decision.reason_code,
                expect.risk ? std::string(gate::to_string(decision.risk_level)) : "");
}

bool holds(const PolicyExpectation& expect, const gate::Decision& decision) {
  return (!expect.outcome || *expect.outcome == decision.outcome) &&
         (!expect.reason_code || *expect.reason_code == decision.reason_code) &&
         (!expect.risk || *expect.risk == decision.risk_level);
}

}  // namespace colonnade::app
