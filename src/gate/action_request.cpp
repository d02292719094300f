#include "gate/action_request.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/utf8.hpp"
#include "gate/canonical.hpp"
#include "gate/limits.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

using base::ErrorKind;
using base::Result;

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<void> trim(std::string& text, const std::string& field) {
  if (!base::is_valid_utf8(text)) {
    return base::fail(ErrorKind::invalid, field + " is not UTF-8", field);
  }
  const std::string_view kept = python::strip(text);
  if (kept.size() != text.size()) text = std::string(kept);
  // Bytes bound characters, so short texts need no count.
  if (text.size() > limits::action_text_characters_max &&
      code_points(text) > limits::action_text_characters_max) {
    return base::fail(ErrorKind::invalid,
                      field + " is longer than " +
                          std::to_string(limits::action_text_characters_max) + " characters",
                      field);
  }
  if (text.contains('\0')) {
    return base::fail(ErrorKind::invalid, field + " contains a NUL character; remove it", field);
  }
  return {};
}

Result<void> must_be_name(const std::string& text, const std::string& field) {
  if (!text.empty()) return {};
  return base::fail(ErrorKind::invalid, field + " must not be empty", field);
}

Result<void> trim_name(std::string& text, const std::string& field) {
  if (auto trimmed = trim(text, field); !trimmed) return trimmed;
  return must_be_name(text, field);
}

Result<void> trim_object(Value& object, const std::string& field, std::size_t level);

Result<void> trim_member(Value& value, const std::string& field, std::size_t level) {
  if (auto* text = value.text()) return trim(*text, field);
  if (value.object() != nullptr) return trim_object(value, field, level + 1);
  if (auto* items = value.array()) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      auto* text = (*items)[i].text();
      if (text == nullptr) continue;
      auto trimmed = trim(*text, field + "[" + std::to_string(i) + "]");
      if (!trimmed) return trimmed;
    }
  }
  return {};
}

Result<void> trim_object(Value& object, const std::string& field, std::size_t level) {
  if (level > limits::action_object_levels_max) {
    return base::fail(ErrorKind::invalid,
                      field + " is nested deeper than " +
                          std::to_string(limits::action_object_levels_max) + " levels",
                      field);
  }
  for (auto& member : *object.object()) {
    auto trimmed = trim_member(member.value, field + "." + member.key, level);
    if (!trimmed) return trimmed;
  }
  return {};
}

Result<void> must_be_object(const Value& value, const std::string& field) {
  if (value.object() != nullptr) return {};
  return base::fail(ErrorKind::invalid,
                    field + " must be an object, not " + std::string(value.kind()), field);
}

Result<void> check_object(Value& value, const std::string& field, std::size_t bytes_max) {
  if (auto object = must_be_object(value, field); !object) return object;
  // Measured as it came, before trimming.
  if (python::json(value).size() > bytes_max) {
    return base::fail(ErrorKind::invalid,
                      field + " is larger than " + std::to_string(bytes_max) + " bytes", field);
  }
  return trim_object(value, field, 0);
}

// Of an amount that is no number rules have an opinion; one that compares alike with every bound is
// refused (faramesh §9.10). The one that rules look at: params before context (§4.2).
Result<void> must_have_finite_amount(const ActionInput& input) {
  const Value* amount = input.params.find("amount");
  std::string field = "params.amount";
  if (amount == nullptr) {
    amount = input.context.find("amount");
    field = "context.amount";
  }
  if (amount == nullptr) return {};
  const auto number = python::number(*amount);
  if (!number || std::isfinite(*number)) return {};
  return base::fail(ErrorKind::invalid,
                    field + " is NaN, infinite or too large; give a finite number", field);
}

}  // namespace

Result<ActionRequest> ActionRequest::normalise(ActionInput input) {
  if (input.context.is_null()) input.context = Value::Object{};
  auto checked = trim_name(input.agent_id, "agent_id");
  if (checked) checked = trim_name(input.tool, "tool");
  if (checked) checked = trim_name(input.operation, "operation");
  if (checked) checked = check_object(input.params, "params", limits::action_params_bytes_max);
  if (checked) checked = check_object(input.context, "context", limits::action_context_bytes_max);
  if (checked) checked = must_have_finite_amount(input);
  if (!checked) return std::unexpected(std::move(checked.error()));
  return ActionRequest(std::move(input));
}

Result<ActionRequest> ActionRequest::exact(ActionInput input) {
  if (input.context.is_null()) input.context = Value::Object{};
  auto checked = must_be_name(input.agent_id, "agent_id");
  if (checked) checked = must_be_name(input.tool, "tool");
  if (checked) checked = must_be_name(input.operation, "operation");
  if (checked) checked = must_be_object(input.params, "params");
  if (checked) checked = must_be_object(input.context, "context");
  if (checked) checked = must_have_finite_amount(input);
  if (!checked) return std::unexpected(std::move(checked.error()));
  return ActionRequest(std::move(input));
}

std::string ActionRequest::hash() const {
  // The members in their sorted order, without building an object of copies.
  thread_local std::string text;
  text.assign("{\"agent_id\":");
  append_canonical(text, std::string_view(agent_id()));
  append_canonical(text.append(",\"context\":"), context());
  append_canonical(text.append(",\"operation\":"), std::string_view(operation()));
  append_canonical(text.append(",\"params\":"), params());
  append_canonical(text.append(",\"tool\":"), std::string_view(tool()));
  text.push_back('}');
  return sha256_hex(text);
}

}  // namespace colonnade::gate
