#include "core/capabilities/capabilities.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/capabilities/bindings_text.hpp"
#include "core/capabilities/limits.hpp"
#include "core/documents/kept_object.hpp"
#include "core/governance/audit.hpp"
#include "core/tools/tool_names.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr const char* bindings_key = "bindings";

DocumentPlace bindings_of(const Scope& scope) {
  return {scope, document_collection::capability_bindings, ""};
}

Result<void> check_question(const CapabilityQuestion& question) {
  if (question.required.size() + question.optional.size() > limits::capabilities_wanted_max) {
    return fail(
        ErrorKind::too_large,
        "more than " + std::to_string(limits::capabilities_wanted_max) + " capabilities at once",
        "required_capabilities");
  }
  if (question.available.size() > limits::capability_tools_max) {
    return fail(ErrorKind::too_large,
                "more than " + std::to_string(limits::capability_tools_max) + " tools",
                "available_tools");
  }
  return {};
}

}  // namespace

Task<Result<CapabilityBindings>> Capabilities::bindings(Principal who) const {
  auto kept = co_await kept_object(&ports_.store, bindings_of(who.scope), bindings_key);
  if (!kept) co_return fail(std::move(kept.error()));
  CapabilityBindings out;
  out.merged_at = made_at_;
  if (kept->revision() != 0) {
    auto read = bindings_in(kept->tree);
    if (!read) {
      co_return fail(ErrorKind::internal, "the bindings cannot be read: " + read.error().message);
    }
    out = std::move(*read);
    out.merged_at = kept->document.changed_at;
  }
  merge_builtin_bindings(out);
  co_return out;
}

Task<Result<void>> Capabilities::set_bindings(Principal who, CapabilityBindings bindings) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  std::string text = base::to_text(bindings_tree(bindings));
  if (text.size() > limits::capability_bindings_bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "the bindings have more than " +
                       std::to_string(limits::capability_bindings_bytes_max) + " bytes of JSON",
                   "bindings");
  }
  const DocumentPlace place = bindings_of(who.scope);
  const Time at = ports_.clock.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  // Whoever sets them sets all of them: what others set meanwhile is replaced, as the engine does
  // it.
  unit.changes.emplace_back(PutDocument{.document = {.scope = who.scope,
                                                     .collection = place.collection,
                                                     .key = bindings_key,
                                                     .text = std::move(text),
                                                     .changed_by = who.user_id,
                                                     .created_at = at,
                                                     .changed_at = at},
                                        .documents_max = 1});
  const Json details = {{"change", "set"}, {"bindings", bindings.bindings.size()}};
  unit.changes.emplace_back(
      AppendAudit{AuditEntry{.kind = std::string(audit_kind::capability_bindings),
                             .actor = who.user_id,
                             .subject = bindings_key,
                             .details = details,
                             .at = at}});
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>{};
}

Task<Result<std::vector<CapabilityTool>>> Capabilities::discover(Principal who,
                                                                 std::stop_token stop) const {
  auto tools = co_await ports_.user_calls.tools(std::move(who), "", std::move(stop));
  if (!tools) co_return fail(std::move(tools.error()));
  std::vector<CapabilityTool> out;
  for (ToolDefinition& one : *tools) {
    std::string name = engine_tool(one.name);
    std::string provider = capability_provider_of(name);
    out.push_back({.provider = std::move(provider),
                   .tool_name = std::move(name),
                   .schema = one.input_schema.get()});
  }
  std::ranges::sort(
      out, {}, [](const CapabilityTool& one) { return std::tie(one.provider, one.tool_name); });
  co_return out;
}

Task<Result<CapabilityResolution>> Capabilities::resolve(Principal who, CapabilityQuestion question,
                                                         std::stop_token stop) const {
  if (auto fits = check_question(question); !fits) co_return fail(std::move(fits.error()));
  auto known = co_await bindings(who);
  if (!known) co_return fail(std::move(known.error()));
  std::vector<CapabilityTool> available = std::move(question.available);
  if (available.empty()) {
    auto found = co_await discover(std::move(who), std::move(stop));
    if (!found) co_return fail(std::move(found.error()));
    available = std::move(*found);
  }
  co_return resolve_capabilities(*known, question, available);
}

Task<Result<CapabilityReadiness>> Capabilities::readiness(Principal who,
                                                          CapabilityQuestion question,
                                                          std::stop_token stop) const {
  const bool allow_unbound = question.allow_unbound;
  const std::string workflow_id = question.workflow_id;
  auto resolution = co_await resolve(who, std::move(question), std::move(stop));
  if (!resolution) co_return fail(std::move(resolution.error()));
  CapabilityReadiness out{.resolution = std::move(*resolution)};
  for (const std::string& one : out.resolution.missing_required) {
    const auto& unbound = out.resolution.unbound;
    const bool is_unbound = std::ranges::find(unbound, one) != unbound.end();
    if (!allow_unbound || !is_unbound) out.blocked_by.push_back(one);
  }
  out.runnable = out.blocked_by.empty();
  ports_.notices.publish(
      {.scope = who.scope,
       .owner = who.user_id,
       .kind = NoticeKind::capabilities_evaluated,
       .subject = workflow_id,
       .details = {{"workflow_id", workflow_id},
                   {"runnable", out.runnable},
                   {"missing_required_capabilities", out.resolution.missing_required}},
       .at = ports_.clock.now()});
  co_return out;
}

}  // namespace colonnade::core
