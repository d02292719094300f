#include "core/governance/approval_request.hpp"

#include "base/json.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

std::string approval_answer(bool approved, std::string_view by, std::string_view reason) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("approved", approved);
  if (by.empty() && reason.starts_with(no_answer_reason)) {
    json.field("reason", "timeout").end_object();
    return out;
  }
  const bool said = reason != approved_by_human && reason != denied_by_human;
  json.key("comment");
  said && !reason.empty() ? json.value(reason) : json.null();
  json.key("respondedBy");
  by.empty() ? json.null() : json.value(by);
  json.end_object();
  return out;
}

}  // namespace colonnade::core
