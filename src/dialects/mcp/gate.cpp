#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/mcp/message.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {

base::Task<Attempted> GateTools::decide(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  core::ActionRequest request;
  request.agent_id = arguments.text("agent_id");
  request.tool = arguments.text("tool");
  request.operation = arguments.text("operation");
  // What is decided on is what was sent, to the last digit.
  if (arguments.has_object("params")) {
    request.params = exact_value(call.text, {"params", "arguments", "params"});
  }
  if (arguments.has_object("context")) {
    request.context = exact_value(call.text, {"params", "arguments", "context"});
  }
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  const auto verdict = co_await deps_.actions.judge(call.who, std::move(request));
  if (!verdict) co_return failed(verdict.error());
  co_return answered(encode_decision(verdict->decision));
}

base::Task<Attempted> GateTools::policy(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  co_return answered(encode_policy(deps_.policies.in_force()));
}

}  // namespace colonnade::dialects::mcp
