#include "core/governance/submitted_command.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"

namespace colonnade::core {

using base::ErrorKind;

namespace {

constexpr std::size_t owner_characters = 16;

void move_token(const base::Json& params, ActionRequest& request) {
  const auto token = params.find("approval_token");
  if (token == params.end()) return;
  auto context = base::parse_json(request.context, "context");
  if (!context || !context->is_object()) return;
  (*context)["approval_token"] = *token;
  request.context = base::to_text(*context);
}

}  // namespace

std::string own_workspace(std::string_view owner) {
  return "submitted-" + base::sha256_hex(owner).substr(0, owner_characters);
}

base::Result<SubmittedCommand> submitted_command(const Action& action) {
  auto params = base::parse_json(action.request.params, "params");
  if (!params) return base::fail(std::move(params.error()));
  const bool both = params->contains("cmd") && params->contains("command");
  const char* name = params->contains("cmd") ? "cmd" : "command";
  const base::Json command = params->value(name, base::Json(""));
  if (both || !command.is_string()) {
    return base::fail(ErrorKind::invalid,
                      both ? "params: shell takes cmd or command, not both; submit it with one"
                           : "params: shell takes its command as a text, cmd; submit it so",
                      "params");
  }
  SubmittedCommand out{.request = action.request};
  out.request.params = base::to_text(base::Json{{name, command}});
  move_token(*params, out.request);
  out.call.id = action.id;
  out.call.thread_id = own_workspace(action.owner);
  out.call.tool = submitted_shell;
  out.call.arguments["command"] = command;
  return out;
}

}  // namespace colonnade::core
