#include "dialects/mcp/toolbox.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/ids.hpp"
#include "dialects/mcp/definitions.hpp"
#include "dialects/mcp/message.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::Json;

constexpr const char* key_argument = "idempotency_key";

template <class Tools>
RunTool on(Tools& tools, base::Task<Attempted> (Tools::*handler)(Call, Attempt)) {
  return [&tools, handler](Call call, Attempt attempt) {
    return (tools.*handler)(std::move(call), std::move(attempt));
  };
}

// A definition that is no JSON, or names what is not there, is a bug.
Json parsed(std::string_view definition, std::string_view name) {
  auto json = base::parse_json(definition, name);
  if (!json) throw std::logic_error(json.error().message);
  return std::move(*json);
}

// Puts what is shared in the places that name it.
void resolve(Json& value, const Json& shared) {
  if (value.is_structured()) {
    for (Json& member : value) resolve(member, shared);
  } else if (value.is_string() && value.get_ref<const std::string&>().starts_with('$')) {
    value = Json(shared.at(value.get_ref<const std::string&>().substr(1)));
    resolve(value, shared);
  }
}

// A tool's row of tools/list.
Json row_of(const Tool& tool, const Json& shared) {
  Json row = parsed(tool.definition, tool.name);
  resolve(row, shared);
  row["name"] = tool.name;
  return row;
}

// What a client's key stands for: the tool and all of its arguments.
RequestKey key_for(const Tool& tool, const std::string& key, const Json& arguments) {
  const std::string text = std::string(tool.name) + "\n" + base::to_text(arguments);
  return {.key = "mcp:" + key, .fingerprint = base::sha256_hex(text)};
}

}  // namespace

Toolbox::Toolbox(Dependencies deps)
    : runs_({.agents = deps.agents,
             .threads = deps.threads,
             .runs = deps.runs,
             .actions = deps.actions,
             .subscriptions = deps.subscriptions,
             .readiness = std::move(deps.readiness)}),
      threads_(deps.threads),
      approvals_(deps.actions),
      gate_({.actions = deps.actions, .policies = deps.policies}),
      answer_once_(deps.answer_once),
      tools_(table()) {
  Json rows = Json::array();
  const Json shared = parsed(definitions::shared, "shared");
  for (const Tool& tool : tools_) rows.push_back(row_of(tool, shared));
  listing_ = R"("tools":)" + base::to_text(rows);
}

// In the order in which clients show them. The first one takes no arguments and changes nothing, so
// that whoever tries just any tool does no harm.
std::vector<Tool> Toolbox::table() {
  using R = RunTools;
  using A = ApprovalTools;
  namespace d = definitions;
  return {
      {.name = "list_agents", .definition = d::list_agents, .run = on(runs_, &R::list_agents)},
      {.name = "ask_agent",
       .definition = d::ask_agent,
       .run = on(runs_, &R::ask),
       .once = true,
       .waits = true},
      {.name = "start_run", .definition = d::start_run, .run = on(runs_, &R::start), .once = true},
      {.name = "follow_run",
       .definition = d::follow_run,
       .run = on(runs_, &R::follow),
       .waits = true},
      {.name = "read_run", .definition = d::read_run, .run = on(runs_, &R::read)},
      {.name = "cancel_run",
       .definition = d::cancel_run,
       .run = on(runs_, &R::cancel),
       .once = true,
       .waits = true},
      {.name = "list_threads",
       .definition = d::list_threads,
       .run = on(threads_, &ThreadTools::list)},
      {.name = "read_thread",
       .definition = d::read_thread,
       .run = on(threads_, &ThreadTools::read)},
      {.name = "list_approvals", .definition = d::list_approvals, .run = on(approvals_, &A::list)},
      {.name = "approve",
       .definition = d::approve,
       .run = on(approvals_, &A::approve),
       .once = true},
      {.name = "deny", .definition = d::deny, .run = on(approvals_, &A::deny), .once = true},
      {.name = "decide", .definition = d::decide, .run = on(gate_, &GateTools::decide)},
      {.name = "policy_info", .definition = d::policy_info, .run = on(gate_, &GateTools::policy)},
  };
}

const Tool* Toolbox::find(std::string_view name) const {
  for (const Tool& tool : tools_) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

std::string Toolbox::names() const {
  std::string out;
  for (const Tool& tool : tools_) out.append(out.empty() ? "" : ", ").append(tool.name);
  return out;
}

base::Task<std::string> Toolbox::call(const Tool* tool, Call call) {
  std::optional<RequestKey> key;
  if (tool->once && call.arguments.contains(key_argument)) {
    const Json given = call.arguments.at(key_argument);
    call.arguments.erase(key_argument);
    if (!given.is_string()) {
      co_return failure_members("the argument 'idempotency_key' must be a string");
    }
    key = key_for(*tool, given.get<std::string>(), call.arguments);
  }
  core::Principal who = call.who;
  auto work = [tool, call = std::move(call)](Attempt attempt) mutable {
    return tool->run(std::move(call), std::move(attempt));
  };
  auto response = co_await answer_once_.run(std::move(who), std::move(key), std::move(work));
  if (!response) co_return failed(response.error()).response.body;
  co_return std::move(response->body);
}

}  // namespace colonnade::dialects::mcp
