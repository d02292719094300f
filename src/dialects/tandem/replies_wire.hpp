// What humans answer to permission requests and questions, in Tandem's words (tandem §2.3, §6).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::dialects::tandem {

struct PermissionReply {
  bool approve = false;
  bool remember = false;  // `always` alone stores a rule (tandem §6)
};
// nullopt for any other word.
std::optional<PermissionReply> permission_reply_from(std::string_view word);

// The arguments of a call, kept as a text; {} where they are no object.
base::Json params_object(std::string_view params);

// The arguments of a question's call with the answer that a body holds, as the member `answer`
// (core/governance/actions). Errors: invalid with the field "answer".
base::Result<std::string> answered_params(std::string_view params, const base::Json& body);

}  // namespace colonnade::dialects::tandem
