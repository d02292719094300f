#include "dialects/tandem/replies_wire.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {

using base::Json;
using base::Result;

std::optional<PermissionReply> permission_reply_from(std::string_view word) {
  if (word == "once" || word == "allow") return PermissionReply{.approve = true};
  if (word == "always") return PermissionReply{.approve = true, .remember = true};
  if (word == "reject" || word == "deny") return PermissionReply{};
  return std::nullopt;
}

Json params_object(std::string_view params) {
  auto parsed = base::parse_json(params, "params");
  return parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
}

Result<std::string> answered_params(std::string_view params_text, const Json& body) {
  const Json* given = member(body, {"answer", "answers", "text", "value"});
  if (given == nullptr) {
    return base::fail(base::ErrorKind::invalid, "answer is missing: what the user says", "answer");
  }
  Json params = params_object(params_text);
  Json answer = *given;
  // Lists of chosen options, one list for each question or one for the only one.
  if (answer.is_array()) {
    std::string text;
    const auto add = [&](const Json& one) {
      if (!text.empty()) text += ", ";
      text += one.is_string() ? one.get<std::string>() : base::to_text(one);
    };
    for (const Json& each : answer) {
      if (each.is_array()) {
        for (const Json& one : each) add(one);
      } else {
        add(each);
      }
    }
    answer = text;
  }
  const bool fits = answer.is_string() || params.contains("form");
  params["answer"] = fits ? answer : Json(base::to_text(answer));
  return base::to_text(params);
}

}  // namespace colonnade::dialects::tandem
