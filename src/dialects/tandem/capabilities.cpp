#include "dialects/tandem/capabilities.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/capabilities/bindings_text.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;
using core::Principal;

constexpr int conflict_status = 409;
constexpr int wrong_bindings_status = 400;

Result<std::vector<std::string>> names_member(const Json& body, std::string_view snake,
                                              std::string_view camel) {
  std::vector<std::string> out;
  const Json* found = member(body, {snake, camel});
  if (found == nullptr) return out;
  const auto wrong = [&] {
    return fail(ErrorKind::invalid, std::string(snake) + " must be a list of names",
                std::string(snake));
  };
  if (!found->is_array()) return wrong();
  for (const Json& one : *found) {
    if (!one.is_string()) return wrong();
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<std::vector<core::CapabilityTool>> tools_member(const Json& body) {
  std::vector<core::CapabilityTool> out;
  const Json* found = member(body, {"available_tools", "availableTools"});
  if (found == nullptr) return out;
  const auto wrong = [] {
    return fail(ErrorKind::invalid, "available_tools must be a list of {provider, tool_name}",
                "available_tools");
  };
  if (!found->is_array()) return wrong();
  for (const Json& one : *found) {
    if (!one.is_object()) return wrong();
    auto name = text_member(one, {"tool_name", "toolName"});
    if (!name || !*name) return wrong();
    auto provider = text_member(one, {"provider"});
    if (!provider) return wrong();
    core::CapabilityTool tool{.tool_name = std::move(**name)};
    tool.provider =
        *provider ? std::move(**provider) : core::capability_provider_of(tool.tool_name);
    if (const Json* schema = member(one, {"schema"})) tool.schema = *schema;
    out.push_back(std::move(tool));
  }
  return out;
}

Result<core::CapabilityQuestion> decode_question(const net::Request& request) {
  const auto body = body_of(request);
  if (!body) return fail(body.error());
  core::CapabilityQuestion out;
  auto workflow = text_member(*body, {"workflow_id", "workflowId", "workflowID"});
  if (!workflow) return fail(std::move(workflow.error()));
  out.workflow_id = std::move(*workflow).value_or("");
  auto required = names_member(*body, "required_capabilities", "requiredCapabilities");
  if (!required) return fail(std::move(required.error()));
  out.required = std::move(*required);
  auto optional = names_member(*body, "optional_capabilities", "optionalCapabilities");
  if (!optional) return fail(std::move(optional.error()));
  out.optional = std::move(*optional);
  auto preference = names_member(*body, "provider_preference", "providerPreference");
  if (!preference) return fail(std::move(preference.error()));
  out.provider_preference = std::move(*preference);
  auto tools = tools_member(*body);
  if (!tools) return fail(std::move(tools.error()));
  out.available = std::move(*tools);
  const auto unbound = flag_member(*body, {"allow_unbound", "allowUnbound"});
  if (!unbound) return fail(unbound.error());
  out.allow_unbound = unbound->value_or(false);
  return out;
}

Json encode_resolved(const core::CapabilityResolution& resolution) {
  Json out = Json::array();
  for (const core::ResolvedCapability& one : resolution.resolved) {
    out.push_back({{"capability_id", one.capability_id},
                   {"provider", one.provider},
                   {"tool_name", one.tool_name},
                   {"binding_index", one.binding_index}});
  }
  return out;
}

Json encode_suggestions(const core::CapabilityResolution& resolution) {
  Json out = Json::array();
  for (const core::CapabilitySuggestion& one : resolution.suggestions) {
    out.push_back({{"capability_id", one.capability_id}, {"available_bindings", one.bindings}});
  }
  return out;
}

Json encode_readiness(const core::CapabilityReadiness& readiness, const std::string& workflow_id) {
  const core::CapabilityResolution& r = readiness.resolution;
  return {{"workflow_id", workflow_id},
          {"runnable", readiness.runnable},
          {"resolved", encode_resolved(r)},
          {"missing_required_capabilities", r.missing_required},
          {"unbound_capabilities", r.unbound},
          {"missing_optional_capabilities", r.missing_optional},
          {"blocking_issues", readiness.blocked_by},
          {"recommendations", encode_suggestions(r)},
          {"considered_bindings", r.considered_bindings}};
}

}  // namespace

base::Task<net::Reply> CapabilityResource::bindings(Principal who, RequestPtr /*request*/) {
  const auto found = co_await capabilities_.bindings(std::move(who));
  if (!found) co_return error_response(found.error());
  Json file = core::bindings_tree(*found);
  file["builtin_version"] = found->builtin_version;
  file["last_merged_at_ms"] = milliseconds_of(found->merged_at);
  const Json body = {{"bindings", std::move(file)}};
  co_return answer(body);
}

base::Task<net::Reply> CapabilityResource::set_bindings(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto file = core::bindings_in(*body);
  if (!file) {
    net::Response out = error_response(file.error(), "INVALID_CAPABILITY_BINDINGS");
    out.status = wrong_bindings_status;
    co_return out;
  }
  const auto stored = co_await capabilities_.set_bindings(std::move(who), std::move(*file));
  if (!stored) co_return error_response(stored.error());
  const Json ok = {{"ok", true}};
  co_return answer(ok);
}

base::Task<net::Reply> CapabilityResource::discovery(Principal who, RequestPtr request) {
  const auto tools = co_await capabilities_.discover(std::move(who), request->disconnected);
  if (!tools) co_return error_response(tools.error());
  Json out = Json::array();
  for (const core::CapabilityTool& one : *tools) {
    out.push_back(
        {{"provider", one.provider}, {"tool_name", one.tool_name}, {"schema", one.schema}});
  }
  const Json body = {{"tools", std::move(out)}};
  co_return answer(body);
}

base::Task<net::Reply> CapabilityResource::resolve(Principal who, RequestPtr request) {
  auto question = decode_question(*request);
  if (!question) co_return error_response(question.error());
  const std::string workflow_id = question->workflow_id;
  const auto found =
      co_await capabilities_.resolve(std::move(who), std::move(*question), request->disconnected);
  if (!found) co_return error_response(found.error());
  if (!found->missing_required.empty()) {
    const Json missing = {{"error", "a capability that is required has no tool here"},
                          {"code", "missing_capability"},
                          {"workflow_id", workflow_id},
                          {"missing_capabilities", found->missing_required},
                          {"suggestions", encode_suggestions(*found)}};
    net::Response out = answer(missing);
    out.status = conflict_status;
    co_return out;
  }
  const Json body = {{"resolution",
                      {{"resolved", encode_resolved(*found)},
                       {"missing_required", found->missing_required},
                       {"missing_optional", found->missing_optional},
                       {"considered_bindings", found->considered_bindings}}}};
  co_return answer(body);
}

base::Task<net::Reply> CapabilityResource::readiness(Principal who, RequestPtr request) {
  auto question = decode_question(*request);
  if (!question) co_return error_response(question.error());
  const std::string workflow_id = question->workflow_id;
  const auto found =
      co_await capabilities_.readiness(std::move(who), std::move(*question), request->disconnected);
  if (!found) co_return error_response(found.error());
  const Json body = {{"readiness", encode_readiness(*found, workflow_id)}};
  net::Response out = answer(body);
  if (!found->runnable) out.status = conflict_status;
  co_return out;
}

std::vector<net::Route> CapabilityResource::routes(const Callers& in) {
  using enum net::Method;
  using C = CapabilityResource;
  return {row(get, "/capabilities/bindings", in(*this, &C::bindings)),
          row(put, "/capabilities/bindings", in(*this, &C::set_bindings)),
          row(get, "/capabilities/discovery", in(*this, &C::discovery)),
          row(post, "/capabilities/resolve", in.once(*this, &C::resolve)),
          row(post, "/capabilities/readiness", in.once(*this, &C::readiness))};
}

}  // namespace colonnade::dialects::tandem
