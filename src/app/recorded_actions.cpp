#include "app/recorded_actions.hpp"

#include <utility>

#include "app/policy_cases.hpp"

namespace colonnade::app {
namespace {

using gate::Value;
using Actions = base::Result<RecordedActions>;

constexpr std::string_view blank = " \t\r\n";

std::unexpected<base::Error> broken(const std::string& place, const std::string& message) {
  return base::fail(base::ErrorKind::invalid, place + ": " + message);
}

std::string text_of(const Value& action, std::string_view key) {
  const Value* found = action.find(key);
  return found != nullptr && found->text() != nullptr ? *found->text() : "";
}

base::Result<void> read_action(const Value& action, const std::string& place,
                               RecordedActions& out) {
  if (action.object() == nullptr) {
    return broken(place, "must be an action object, not " + std::string(action.kind()));
  }
  for (const char* key : {"agent_id", "tool", "operation"}) {
    const Value* found = action.find(key);
    if (found == nullptr || found->text() == nullptr) {
      return broken(place, std::string(key) +
                               " is missing; an action as GET /v1/actions gives it "
                               "has it");
    }
  }
  const Value* params = action.find("params");
  const Value* context = action.find("context");
  const gate::ActionInput input{
      .agent_id = text_of(action, "agent_id"),
      .tool = text_of(action, "tool"),
      .operation = text_of(action, "operation"),
      .params = params != nullptr && !params->is_null() ? *params : Value(Value::Object{}),
      .context = context != nullptr ? *context : Value()};
  // A record has what was judged: a run's call as it ran, a submission trimmed already. One that
  // was written down before it was trimmed is found by its hash.
  const std::string hash = text_of(action, "request_hash");
  auto request = gate::ActionRequest::exact(input);
  if (request && !hash.empty() && hash != request->hash()) {
    auto trimmed = gate::ActionRequest::normalise(input);
    if (trimmed && trimmed->hash() == hash) request = std::move(trimmed);
  }
  if (!request) {
    out.left_out.push_back(place + ": " + request.error().message);
    return {};
  }
  const bool is_altered = !hash.empty() && hash != request->hash();
  out.actions.push_back({.id = text_of(action, "id"),
                         .request = *std::move(request),
                         .outcome = outcome_from(text_of(action, "outcome")),
                         .reason_code = text_of(action, "reason_code"),
                         .is_altered = is_altered});
  return {};
}

Actions read_list(const Value::Array& list, std::string_view name) {
  RecordedActions out;
  out.actions.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = std::string(name) + "[" + std::to_string(i) + "]";
    if (auto read = read_action(list[i], place, out); !read) return base::fail(read.error());
  }
  return out;
}

Actions read_lines(std::string_view text, std::string_view name) {
  RecordedActions out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(blank) == std::string_view::npos) continue;
    const std::string place = std::string(name) + ":" + std::to_string(number);
    const auto value = Value::parse(line, place);
    if (!value) {
      return base::fail(base::ErrorKind::invalid,
                        value.error().message + "; write a JSON array, or an action on each line");
    }
    if (auto read = read_action(*value, place, out); !read) return base::fail(read.error());
  }
  return out;
}

}  // namespace

Actions parse_actions(std::string_view text, std::string_view name) {
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) {
    return broken(std::string(name), "is empty; write a JSON array, or an action on each line");
  }
  const auto whole = Value::parse(text, name);
  if (text[begin] == '[') {
    if (!whole) return base::fail(whole.error());
    return read_list(*whole->array(), name);
  }
  const Value* actions = whole ? whole->find("actions") : nullptr;
  if (actions != nullptr && actions->array() != nullptr) {
    return read_list(*actions->array(), std::string(name) + ": actions");
  }
  if (whole && whole->object() != nullptr) return read_list({*whole}, name);
  return read_lines(text, name);
}

}  // namespace colonnade::app
