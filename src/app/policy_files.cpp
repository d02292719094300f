#include "app/policy_files.hpp"

#include <filesystem>
#include <utility>

#include "app/files.hpp"
#include "gate/limits.hpp"

namespace colonnade::app {
namespace {

std::string_view list_of(gate::RuleComparison::List list) {
  switch (list) {
    case gate::RuleComparison::List::profile: return "profile.rules";
    case gate::RuleComparison::List::risk: return "risk.rules";
    case gate::RuleComparison::List::policy: break;
  }
  return "rules";
}

}  // namespace

base::Result<PolicyFile> load_policy(const std::string& path, const std::string& version) {
  const auto text = read_small_file(path, limits::policy_file_bytes_max);
  if (!text) return base::fail(text.error());
  auto document = gate::parse_document(*text, path);
  if (!document) return base::fail(document.error());
  const std::string name = std::filesystem::path(path).filename().string();
  auto policy = gate::Policy::compile(
      *document, path, version.empty() ? gate::content_version(*text, name) : version);
  if (!policy) return base::fail(policy.error());
  return PolicyFile{.path = path, .document = *std::move(document), .policy = *std::move(policy)};
}

base::Result<std::shared_ptr<const gate::Profile>> load_profile(const std::string& path) {
  const auto text = read_small_file(path, limits::policy_file_bytes_max);
  if (!text) return base::fail(text.error());
  return gate::Profile::parse(*text, path);
}

base::Result<gate::Engine> load_engine(const RuleFiles& files) {
  gate::EngineInputs inputs;
  auto policy = load_policy(files.policy_path, files.version);
  if (!policy) return base::fail(policy.error());
  inputs.policy = std::move(policy->policy);
  if (!files.profile_path.empty()) {
    auto profile = load_profile(files.profile_path);
    if (!profile) return base::fail(profile.error());
    inputs.profile = *std::move(profile);
  }
  return gate::Engine(std::move(inputs));
}

std::string place_of(const gate::RuleComparison& rule, const RuleFiles& files) {
  const bool is_of_profile = rule.list == gate::RuleComparison::List::profile;
  std::string out(list_of(rule.list));
  out += "[" + std::to_string(rule.position) + "] (";
  out += is_of_profile ? files.profile_path : files.policy_path;
  if (rule.line > 0) out += ":" + std::to_string(rule.line);
  return out + ")";
}

std::string decided_by(const gate::Explanation& explanation, const RuleFiles& files) {
  if (explanation.decided_by) return place_of(*explanation.decided_by, files);
  const std::string& code = explanation.decision.reason_code;
  if (code == gate::reason_code::default_deny) return "no rule";
  if (code == gate::reason_code::profile_disallows_tool) {
    return "allowed_tools (" + files.profile_path + ")";
  }
  if (code == gate::reason_code::profile_missing_control) {
    return "required_controls (" + files.profile_path + ")";
  }
  return code;
}

void write_rule(base::JsonWriter& json, const gate::RuleComparison& rule) {
  json.object().field("list", list_of(rule.list));
  json.field("position", static_cast<std::uint64_t>(rule.position));
  json.field("line", rule.line).field("name", rule.name);
}

void write_decision(base::JsonWriter& json, const gate::Explanation& explanation) {
  const gate::Decision& decision = explanation.decision;
  json.field("outcome", gate::to_string(decision.outcome));
  json.field("reason_code", decision.reason_code).field("reason", decision.reason);
  json.field("risk_level", gate::to_string(decision.risk_level)).key("decided_by");
  if (!explanation.decided_by) {
    json.null();
    return;
  }
  write_rule(json, *explanation.decided_by);
  json.end_object();
}

}  // namespace colonnade::app
