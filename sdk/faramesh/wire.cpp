#include "sdk/faramesh/wire.hpp"

#include <array>
#include <utility>

#include "base/json.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::faramesh {

using colonnade::detail::CallSpec;
using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::Kind;
using colonnade::detail::read;
using colonnade::detail::read_object;
using colonnade::detail::Required;

namespace {

constexpr std::array<std::pair<std::string_view, Status>, 8> status_names{{
    {"pending_approval", Status::pending_approval},
    {"allowed", Status::allowed},
    {"approved", Status::approved},
    {"denied", Status::denied},
    {"executing", Status::executing},
    {"succeeded", Status::succeeded},
    {"failed", Status::failed},
    {"timeout", Status::timeout},
}};

constexpr std::array<std::pair<std::string_view, Outcome>, 3> outcome_names{{
    {"EXECUTE", Outcome::execute},
    {"ABSTAIN", Outcome::abstain},
    {"HALT", Outcome::halt},
}};

// Any other text is the first enumerator, unknown.
template <class Names>
auto named(const Names& names, std::string_view text) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return decltype(names[0].second){};
}

template <class Names, class E>
std::string_view name_of(const Names& names, E value) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  return {};
}

// Times come with "Z" and, in the log, without.
Timestamp moment(const std::string& text) {
  const Timestamp time = colonnade::detail::parse_time(text);
  return time == Timestamp{} ? colonnade::detail::parse_time(text + "Z") : time;
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept { return name_of(outcome_names, outcome); }
std::string_view to_string(Status status) noexcept { return name_of(status_names, status); }

std::string_view to_string(Remember remember) noexcept {
  switch (remember) {
    case Remember::thread: return "thread";
    case Remember::always: return "always";
    case Remember::everywhere: return "everywhere";
    case Remember::once: break;
  }
  return "once";
}

bool is_final(Status status) noexcept {
  return status == Status::denied || status == Status::succeeded || status == Status::failed ||
         status == Status::timeout;
}

// --- reading
// --------------------------------------------------------------------------------------

// Not in an unnamed namespace: the readers of lists find them by their argument.
static void read(Element value, Action& out) {
  std::string sample;  // generated code for people; nothing a program needs
  read_object(value, out.extra, Field{"id", out.id}, Field{"agent_id", out.agent_id},
              Field{"tool", out.tool}, Field{"operation", out.operation},
              Field{"params", out.params}, Field{"context", out.context},
              Field{"status", out.status_text}, Field{"decision", out.decision},
              Field{"reason", out.reason}, Field{"risk_level", out.risk_level},
              Field{"approval_token", out.approval_token},
              Field{"policy_version", out.policy_version}, Field{"created_at", out.created_at},
              Field{"updated_at", out.updated_at}, Field{"js_example", sample},
              Field{"python_example", sample}, Field{"outcome", out.outcome_text},
              Field{"reason_code", out.reason_code}, Field{"reason_details", out.reason_details},
              Field{"request_hash", out.request_hash}, Field{"policy_hash", out.policy_hash},
              Field{"runtime_version", out.runtime_version}, Field{"profile_id", out.profile_id},
              Field{"profile_version", out.profile_version},
              Field{"profile_hash", out.profile_hash}, Field{"provenance_id", out.provenance_id});
  out.status = named(status_names, out.status_text);
  out.outcome = named(outcome_names, out.outcome_text);
}

static void read(Element value, GateDecision& out) {
  read_object(
      value, out.extra, Field{"outcome", out.outcome_text}, Field{"reason_code", out.reason_code},
      Field{"reason", out.reason}, Field{"request_hash", out.request_hash},
      Field{"policy_version", out.policy_version}, Field{"policy_hash", out.policy_hash},
      Field{"profile_id", out.profile_id}, Field{"profile_version", out.profile_version},
      Field{"profile_hash", out.profile_hash}, Field{"runtime_version", out.runtime_version},
      Field{"provenance_id", out.provenance_id});
  out.outcome = named(outcome_names, out.outcome_text);
}

static void read(Element value, ActionEvent& out) {
  read_object(value, out.extra, Field{"id", out.id}, Field{"action_id", out.action_id},
              Field{"event_type", out.event_type}, Field{"meta", out.meta},
              Field{"created_at", out.created_at_text}, Field{"prev_hash", out.prev_hash},
              Field{"record_hash", out.record_hash});
  out.created_at = moment(out.created_at_text);
}

namespace wire {
namespace {

using Writer = base::JsonWriter;

Failure malformed(const CallSpec& spec, const TransportReply& reply, std::string_view why) {
  return colonnade::detail::malformed(spec, reply, "Faramesh", why);
}

Result<Element> open(const CallSpec& spec, const TransportReply& reply,
                     std::initializer_list<Required> required) {
  return colonnade::detail::open_object(spec, reply, "Faramesh", required);
}

std::string object_text(const Json& value) { return value.is_null() ? "{}" : value.dump(); }

// A reply that is a list, as itself or as the member `name`. Every item is an object with an id.
template <class T>
Result<std::vector<T>> list_of(const CallSpec& spec, const TransportReply& reply,
                               std::string_view name) {
  auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return malformed(spec, reply, root.error().message);
  Element list = *root;
  if (list.is_object() && list.at_key(name).get(list) != simdjson::SUCCESS) {
    return malformed(spec, reply, "neither a list nor an object with one");
  }
  simdjson::dom::array items;
  if (list.get(items) != simdjson::SUCCESS) return malformed(spec, reply, "not a list");
  for (const Element item : items) {
    if (!item["id"].is_string()) return malformed(spec, reply, "an item lacks \"id\"");
  }
  std::vector<T> out;
  read(list, out);
  return out;
}

bool says(Element object, std::string_view key, std::string_view expected) {
  std::string_view text;
  return object.at_key(key).get(text) == simdjson::SUCCESS && text == expected;
}

}  // namespace

std::string action(const ActionRequest& request) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("agent_id", request.agent_id);
  writer.field("tool", request.tool);
  writer.field("operation", request.operation);
  writer.key("params").raw(object_text(request.params));
  writer.key("context").raw(object_text(request.context));
  writer.end_object();
  return text;
}

std::string verdict(const Approval& verdict, bool approve) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("token", verdict.token);
  writer.field("approve", approve);
  if (!verdict.reason.empty()) writer.field("reason", verdict.reason);
  if (!verdict.params.is_null()) writer.key("params").raw(object_text(verdict.params));
  if (verdict.remember != Remember::once) writer.field("remember", to_string(verdict.remember));
  if (!verdict.pattern.empty()) writer.field("pattern", verdict.pattern);
  writer.end_object();
  return text;
}

std::string result(const ExecutionResult& result) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("success", result.success);
  if (!result.error.empty()) writer.field("error", result.error);
  writer.end_object();
  return text;
}

std::string policy(std::string_view yaml) {
  std::string text;
  Writer writer(text);
  writer.object();
  writer.field("policy", yaml);
  writer.end_object();
  return text;
}

Result<Action> action_reply(const CallSpec& spec, const TransportReply& reply) {
  const auto root =
      open(spec, reply, {{"id", Kind::nonempty_string}, {"status", Kind::nonempty_string}});
  if (!root) return root.error();
  Action out;
  read(*root, out);
  return out;
}

Result<std::vector<Action>> action_list(const CallSpec& spec, const TransportReply& reply) {
  return list_of<Action>(spec, reply, "actions");
}

Result<GateDecision> decision(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"outcome", Kind::nonempty_string}});
  if (!root) return root.error();
  GateDecision out;
  read(*root, out);
  return out;
}

Result<std::vector<ActionEvent>> event_list(const CallSpec& spec, const TransportReply& reply) {
  return list_of<ActionEvent>(spec, reply, "events");
}

Result<PolicyInfo> policy_info(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  PolicyInfo out;
  read_object(*root, out.extra, Field{"policy_file", out.policy_file},
              Field{"policy_path", out.policy_path}, Field{"exists", out.exists},
              Field{"policy_version", out.policy_version});
  return out;
}

Result<PolicyCheck> policy_check(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {});
  if (!root) return root.error();
  // A refusal of the request says nothing of the policy.
  Element verdict;
  const bool says_so = root->at_key("valid").get(verdict) == simdjson::SUCCESS;
  if (!says_so && reply.status == spec.also_accepted) {
    CallSpec strict = spec;
    strict.also_accepted = 0;
    return *colonnade::detail::refusal(strict, reply.status, reply.body);
  }
  PolicyCheck out;
  out.raw = colonnade::detail::to_json(*root);
  Element value;
  if (root->at_key("errors").get(value) == simdjson::SUCCESS) {
    simdjson::dom::array errors;
    if (value.get(errors) == simdjson::SUCCESS) {
      for (const Element error : errors) {
        std::string_view text;
        const bool plain = error.get(text) == simdjson::SUCCESS;
        out.errors.push_back(plain ? std::string(text) : simdjson::minify(error));
      }
    }
  }
  out.valid = out.errors.empty();
  if (root->at_key("valid").get(value) == simdjson::SUCCESS) read(value, out.valid);
  return out;
}

Result<bool> healthy(const CallSpec& spec, const TransportReply& reply) {
  const auto root = open(spec, reply, {{"status", Kind::string}});
  if (!root) return root.error();
  return says(*root, "status", "healthy");
}

Result<bool> ready(const CallSpec& spec, const TransportReply& reply) {
  if (reply.status == 503) return false;
  const auto root = open(spec, reply, {{"status", Kind::string}});
  if (!root) return root.error();
  return says(*root, "status", "ready");
}

Result<Json> any_json(const CallSpec& spec, const TransportReply& reply) {
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return malformed(spec, reply, root.error().message);
  return colonnade::detail::to_json(*root);
}

std::optional<FeedEvent> feed_event(const base::SseEvent& block) {
  const auto root = colonnade::detail::parse_document(block.data);
  if (!root || !root->is_object()) return std::nullopt;
  FeedEvent out;
  std::string time;
  Json rest;
  Element data;
  const bool has_data = root->at_key("data").get(data) == simdjson::SUCCESS;
  if (has_data) {
    read_object(data, rest, Field{"id", out.action_id}, Field{"status", out.status_text},
                Field{"decision", out.decision}, Field{"agent_id", out.agent_id},
                Field{"tool", out.tool}, Field{"operation", out.operation},
                Field{"reason", out.reason}, Field{"risk_level", out.risk_level});
  }
  read_object(*root, rest, Field{"type", out.type}, Field{"timestamp", time},
              Field{"action_id", out.action_id});
  if (out.type.empty()) return std::nullopt;
  out.status = named(status_names, out.status_text);
  out.timestamp = moment(time);
  out.data = colonnade::detail::to_json(*root);
  return out;
}

}  // namespace wire
}  // namespace colonnade::inline v1::faramesh
