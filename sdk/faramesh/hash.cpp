// Hashes of requests and log entries (faramesh §5), and the trimming that comes before (§2.5).
#include <array>
#include <cmath>

#include "base/canonical_json.hpp"
#include "colonnade/faramesh.hpp"
#include "sdk/faramesh/hash.hpp"
#include "sdk/sha256.hpp"

namespace colonnade::inline v1::faramesh {
namespace {

[[noreturn]] void refuse(std::string message) {
  throw ValidationError(Failure{.kind = ErrorKind::usage, .message = std::move(message)});
}

void require_finite(const Json& value) {
  if (value.type() == Json::Type::number && !std::isfinite(value.as_double())) {
    refuse("a value with NaN or an infinity has no hash");
  }
  if (value.is_array()) {
    for (const Json& item : value.as_array()) require_finite(item);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) require_finite(member);
  }
}

std::string text_of(const Json& value) {
  require_finite(value);
  return value.dump();
}

Json as_payload(const ActionRequest& request) {
  const auto object = [](const Json& value) { return value.is_null() ? Json::object() : value; };
  return {{"agent_id", request.agent_id},
          {"tool", request.tool},
          {"operation", request.operation},
          {"params", object(request.params)},
          {"context", object(request.context)}};
}

// What the server takes for space at the ends of a text: White_Space of Unicode, and the four
// separators U+001C to U+001F. Gives the bytes of the one `text` starts with, 0 for none.
std::size_t space_at(std::string_view text) {
  static constexpr std::array<std::string_view, 29> spaces{
      "\t",           "\n",           "\v",           "\f",           "\r",
      "\x1C",         "\x1D",         "\x1E",         "\x1F",         " ",
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
      "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
      "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
      "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
  for (const std::string_view space : spaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

std::string stripped(std::string_view text) {
  while (const std::size_t bytes = space_at(text)) text.remove_prefix(bytes);
  for (bool more = true; more;) {
    more = false;
    for (std::size_t bytes = 1; bytes <= 3 && bytes <= text.size(); ++bytes) {
      if (space_at(text.substr(text.size() - bytes)) != bytes) continue;
      text.remove_suffix(bytes);
      more = true;
      break;
    }
  }
  return std::string(text);
}

// Members of nested objects and direct items of lists; nothing deeper inside lists.
Json trimmed_members(const Json& object) {
  Json out = Json::object();
  for (const auto& [key, member] : object.as_object()) {
    if (member.is_string()) {
      out.set(key, stripped(member.as_string()));
    } else if (member.is_object()) {
      out.set(key, trimmed_members(member));
    } else if (member.is_array()) {
      Json items = Json::array();
      for (const Json& item : member.as_array()) {
        items.push_back(item.is_string() ? Json(stripped(item.as_string())) : item);
      }
      out.set(key, std::move(items));
    } else {
      out.set(key, member);
    }
  }
  return out;
}

}  // namespace

namespace detail {

std::string request_hash_of_text(std::string_view json) {
  const auto canonical = base::canonical_json(json, &base::is_left_out_of_request_hash);
  if (!canonical) refuse(canonical.error().message);
  return colonnade::detail::sha256_hex(*canonical);
}

std::string chained_hash_of_text(std::string_view json, std::string_view prev_hash) {
  const auto canonical = base::canonical_json(json);
  if (!canonical) refuse(canonical.error().message);
  return colonnade::detail::sha256_hex(*canonical + std::string(prev_hash));
}

ActionRequest allowed_request(const ActionRequest& request, const GateDecision& decision) {
  if (decision.outcome != Outcome::execute) throw NotAllowedError(decision);
  return hashed_request(request, decision.request_hash);
}

ActionRequest hashed_request(const ActionRequest& request, std::string_view hash) {
  ActionRequest judged = trimmed(request);
  if (compute_request_hash(judged) == hash) return judged;
  // A server that does not trim.
  if (compute_request_hash(request) == hash) return request;
  throw HashMismatchError(
      Failure{.kind = ErrorKind::malformed,
              .message = "the server's answer is about another request: its request_hash is \"" +
                         std::string(hash) + "\", ours " + compute_request_hash(judged)},
      "hash_mismatch");
}

}  // namespace detail

std::string canonical_json(const Json& value) {
  auto canonical = base::canonical_json(text_of(value));
  if (!canonical) refuse(canonical.error().message);
  return *std::move(canonical);
}

std::string compute_request_hash(const Json& payload) {
  return detail::request_hash_of_text(text_of(payload));
}
std::string compute_request_hash(const ActionRequest& request) {
  return compute_request_hash(as_payload(request));
}
bool verify_request_hash(const Json& payload, std::string_view hash) {
  return compute_request_hash(payload) == hash;
}
bool verify_request_hash(const ActionRequest& request, std::string_view hash) {
  return compute_request_hash(request) == hash;
}

ActionRequest trimmed(const ActionRequest& request) {
  const auto object = [](const Json& value) {
    return value.is_object() ? trimmed_members(value) : Json::object();
  };
  return {.agent_id = stripped(request.agent_id),
          .tool = stripped(request.tool),
          .operation = stripped(request.operation),
          .params = object(request.params),
          .context = object(request.context)};
}

std::string compute_event_hash(const ActionEvent& event, std::string_view prev_hash) {
  const Json entry{{"action_id", event.action_id},
                   {"created_at", event.created_at_text},
                   {"event_type", event.event_type},
                   {"id", event.id},
                   {"meta", event.meta}};
  return detail::chained_hash_of_text(text_of(entry), prev_hash);
}

bool verify_event_chain(const std::vector<ActionEvent>& events) {
  std::string previous;
  for (const ActionEvent& event : events) {
    if (event.prev_hash.value_or("") != previous) return false;
    if (compute_event_hash(event, previous) != event.record_hash) return false;
    previous = event.record_hash;
  }
  return !events.empty();
}

GateDecision decision_of(const Action& action) {
  return {.outcome = action.outcome,
          .outcome_text = action.outcome_text,
          .reason_code = action.reason_code,
          .reason = action.reason,
          .request_hash = action.request_hash,
          .policy_version = action.policy_version,
          .policy_hash = action.policy_hash,
          .profile_id = action.profile_id,
          .profile_version = action.profile_version,
          .profile_hash = action.profile_hash,
          .runtime_version = action.runtime_version,
          .provenance_id = action.provenance_id};
}

ActionRequest request_of(const Action& action) {
  return {.agent_id = action.agent_id,
          .tool = action.tool,
          .operation = action.operation,
          .params = action.params,
          .context = action.context};
}

}  // namespace colonnade::inline v1::faramesh
