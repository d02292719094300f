#include "dialects/mcp/tool.hpp"

#include <utility>

namespace colonnade::dialects::mcp {
namespace {

using base::ErrorKind;

std::string members_of(std::string_view structured, bool is_error) {
  std::string object;
  base::JsonWriter json(object);
  json.object().key("content").array().object().field("type", "text");
  json.field("text", structured).end_object().end_array();
  json.key("structuredContent").raw(structured).field("isError", is_error).end_object();
  return object.substr(1, object.size() - 2);
}

// Whether the same request may end otherwise when it is made again.
bool may_differ_next_time(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::forbidden:
    case ErrorKind::not_found:
    case ErrorKind::gone:
    case ErrorKind::too_large: return false;
    default: return true;
  }
}

}  // namespace

std::string failure_members(std::string_view message) {
  std::string object;
  base::JsonWriter json(object);
  json.object().key("content").array().object().field("type", "text");
  json.field("text", message).end_object().end_array().field("isError", true).end_object();
  return object.substr(1, object.size() - 2);
}

Attempted answered(const std::string& structured) {
  return {.response = {.body = members_of(structured, false)}};
}

Attempted answered_with_failure(const std::string& structured) {
  return {.response = {.body = members_of(structured, true)}};
}

Attempted failed(const base::Error& error, std::string_view remedy) {
  std::string message =
      error.message.empty() ? std::string(base::to_string(error.kind)) : error.message;
  if (!remedy.empty()) message.append(". ").append(remedy);
  return {.response = {.status = 500, .body = failure_members(message)},
          .settlement = may_differ_next_time(error.kind) ? KeyOutcome::drop : KeyOutcome::answer};
}

}  // namespace colonnade::dialects::mcp
