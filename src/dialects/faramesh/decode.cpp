// Bodies and queries in (see wire.hpp).
#include <charconv>
#include <limits>

#include "base/json.hpp"
#include "core/governance/limits.hpp"
#include "dialects/faramesh/limits.hpp"
#include "dialects/faramesh/wire.hpp"

namespace colonnade::dialects::faramesh {
namespace {

constexpr std::string_view body_location = R"(["body"])";

ObjectReader reader_of(std::string_view text) {
  return ObjectReader(text, std::string(body_location));
}

core::ActionRequest read_action(ObjectReader& body) {
  core::ActionRequest out;
  out.agent_id = body.text("agent_id");
  out.tool = body.text("tool");
  const bool short_name = body.has("op") && !body.has("operation");
  out.operation = body.text(short_name ? "op" : "operation");
  out.params = body.object("params");
  out.context = body.optional_object("context");
  body.refuse_others();
  return out;
}

// Of a query's whole number, with the sign and the blanks that the contract's server allows.
// Numbers that are too large for us are as good as the largest.
std::optional<std::int64_t> whole_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    return text.starts_with('-') ? -1 : std::numeric_limits<std::int64_t>::max();
  }
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// The number, or 0 and a fault.
std::int64_t query_number(const net::Request& request, std::string_view name,
                          std::int64_t otherwise, Faults& faults) {
  const auto text = request.query_parameter(name);
  if (!text) return otherwise;
  if (const auto number = whole_number(*text)) return *number;
  std::string input;
  base::append_json_string(input,
                           text->size() > limits::faramesh_input_echo_bytes_max ? "…" : *text);
  faults.push_back(
      {.type = "int_parsing",
       .location = location_of(R"(["query"])", name),
       .message = "Input should be a valid integer, unable to parse string as an integer",
       .input = std::move(input)});
  return 0;
}

}  // namespace

Decoded<core::ActionRequest> decode_action(std::string_view json, const std::string& location) {
  const auto text = object_text(json, location);
  if (!text) return std::unexpected(text.error());
  ObjectReader body(*text, location);
  auto out = read_action(body);
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<core::ActionRequest> decode_action(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  auto out = read_action(body);
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<std::vector<std::string_view>> decode_batch(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  auto out = body.list("actions");
  body.refuse_others();
  if (out.size() > limits::faramesh_batch_actions_max) {
    body.add_fault("actions", "too_long",
                   "List should have at most " +
                       std::to_string(limits::faramesh_batch_actions_max) + " items");
  }
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<core::HumanAnswer> decode_approval(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  body.keep_secret("token");
  core::HumanAnswer out;
  out.token = body.text("token");
  out.approve = body.flag("approve");
  out.reason = body.optional_text("reason").value_or("");
  if (body.has("params")) out.params = body.object("params");
  if (const auto remember = body.optional_text("remember")) {
    const auto known = core::remember_from(*remember);
    if (!known)
      body.add_fault("remember", "enum",
                     "Input should be 'once', 'thread', 'always' or 'everywhere'");
    out.remember = known.value_or(core::Remember::once);
  }
  out.pattern = body.optional_text("pattern").value_or("");
  body.refuse_others();
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<ResultBody> decode_result(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  ResultBody out;
  out.success = body.flag("success");
  out.error = body.optional_text("error").value_or("");
  body.refuse_others();
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

// Later clients add members of their own, which say nothing that is decided on here.
Decoded<core::ActionRequest> decode_evaluation(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  core::ActionRequest out;
  out.agent_id = body.text("agent_id");
  const std::string tool_id = body.text("tool_id");
  // A tool's name may have slashes, an operation has none.
  const auto slash = tool_id.rfind('/');
  out.tool = tool_id.substr(0, slash);
  out.operation = slash == std::string::npos ? "call" : tool_id.substr(slash + 1);
  out.params = body.optional_object("args");
  out.context = body.optional_object("context");
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<ReplayBody> decode_replay(const net::Request& request) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  ReplayBody out;
  out.action_id = body.optional_text("action_id").value_or("");
  out.provenance_id = body.optional_text("provenance_id").value_or("");
  body.refuse_others();
  if (out.action_id.empty() == out.provenance_id.empty()) {
    body.add_fault("action_id", "value_error", "Give either action_id or provenance_id");
  }
  if (!body.sound()) return std::unexpected(body.take_faults());
  return out;
}

Decoded<PolicyBody> decode_policy(const net::Request& request, bool with_action) {
  const auto text = object_body(request);
  if (!text) return std::unexpected(text.error());
  ObjectReader body = reader_of(*text);
  PolicyBody out;
  out.policy = body.text("policy");
  if (out.policy.size() > limits::faramesh_policy_bytes_max) {
    body.add_fault("policy", "string_too_long",
                   "String should have at most " +
                       std::to_string(limits::faramesh_policy_bytes_max) + " bytes");
  }
  std::string action;
  if (with_action) action = body.object("action");
  body.refuse_others();
  if (!body.sound()) return std::unexpected(body.take_faults());
  if (!with_action) return out;
  ObjectReader inner(action, location_of(body_location, "action"));
  out.action = read_action(inner);
  if (!inner.sound()) return std::unexpected(inner.take_faults());
  return out;
}

Decoded<std::optional<core::ActionFilter>> decode_filter(const net::Request& request) {
  Faults faults;
  const std::int64_t limit =
      query_number(request, "limit", limits::faramesh_actions_default, faults);
  const std::int64_t offset = query_number(request, "offset", 0, faults);
  if (!faults.empty()) return std::unexpected(std::move(faults));
  core::ActionFilter out;
  out.agent_id = request.query_parameter("agent_id").value_or("");
  out.tool = request.query_parameter("tool").value_or("");
  out.limit = limit < 1 ? limits::faramesh_actions_default
                        : std::min<std::size_t>(static_cast<std::size_t>(limit),
                                                limits::actions_listed_max);
  out.offset = offset < 0 ? 0 : static_cast<std::size_t>(offset);
  const std::string status = request.query_parameter("status").value_or("");
  if (status.empty()) return out;
  out.state = core::action_state_from(status);
  if (!out.state) return std::optional<core::ActionFilter>();
  return out;
}

}  // namespace colonnade::dialects::faramesh
