// Policies to YAML. Every text is written in double quotes, as JSON is, so that no word of YAML
// ("on", "null", "1.0") is taken for something else.
#include <cmath>
#include <utility>

#include "colonnade/faramesh.hpp"

namespace colonnade::inline v1::faramesh {
namespace {

// JSON text is YAML, but for the three line ends of Unicode that YAML 1.1 reads as such.
std::string yaml_of(const Json& value) {
  const std::string json = value.dump();
  constexpr std::pair<std::string_view, std::string_view> line_ends[] = {
      {"\xC2\x85", "\\u0085"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}};
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    bool escaped = false;
    for (const auto& [raw, escape] : line_ends) {
      if (json.compare(at, raw.size(), raw) != 0) continue;
      out += escape;
      at += raw.size();
      escaped = true;
      break;
    }
    if (!escaped) out += json[at++];
  }
  return out;
}

// Its set conditions, by their names in the file, in a fixed order.
std::vector<std::pair<std::string_view, Json>> conditions(const MatchCondition& match) {
  std::vector<std::pair<std::string_view, Json>> out;
  const auto add = [&](std::string_view name, const auto& value) {
    if (value) out.emplace_back(name, Json(*value));
  };
  add("tool", match.tool);
  add("op", match.operation);
  add("agent_id", match.agent_id);
  add("contains", match.contains);
  add("pattern", match.pattern);
  add("amount_gt", match.amount_gt);
  add("amount_lt", match.amount_lt);
  add("amount_gte", match.amount_gte);
  add("amount_lte", match.amount_lte);
  add("path_contains", match.path_contains);
  add("path_starts_with", match.path_starts_with);
  add("path_ends_with", match.path_ends_with);
  add("method", match.method);
  add("branch", match.branch);
  add("field", match.field);
  add("value", match.value);
  return out;
}

std::string flow_map(const MatchCondition& match) {
  std::string out;
  for (const auto& [name, value] : conditions(match)) {
    out += (out.empty() ? "" : ", ") + std::string(name) + ": " + yaml_of(value);
  }
  return "{" + out + "}";
}

std::string_view name_of(Effect effect) {
  switch (effect) {
    case Effect::allow: return "allow";
    case Effect::deny: return "deny";
    case Effect::require_approval: return "require_approval";
  }
  return "deny";
}

std::string_view name_of(Risk risk) {
  switch (risk) {
    case Risk::low: return "low";
    case Risk::medium: return "medium";
    case Risk::high: return "high";
  }
  return "high";
}

void check(const MatchCondition& match, const std::string& where,
           std::vector<std::string>& errors) {
  if (match.field.has_value() != match.value.has_value()) {
    errors.push_back(where + ": field and value count only together");
  }
  for (const auto& [name, value] : conditions(match)) {
    if (value.type() == Json::Type::number && !std::isfinite(value.as_double())) {
      errors.push_back(where + ": " + std::string(name) + " is no finite number");
    }
    if (value.is_string() && value.as_string().empty() && name != "value") {
      errors.push_back(where + ": " + std::string(name) + " is empty");
    }
  }
}

}  // namespace

std::vector<std::string> Policy::validate() const {
  std::vector<std::string> errors;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string where = "rule " + std::to_string(i + 1);
    if (conditions(rules[i].match).empty()) {
      errors.push_back(where + ": match is empty; write tool \"*\" to match everything");
    }
    check(rules[i].match, where, errors);
  }
  for (std::size_t i = 0; i < risk_rules.size(); ++i) {
    const std::string where = "risk rule " + std::to_string(i + 1);
    if (risk_rules[i].name.empty()) errors.push_back(where + ": it has no name");
    check(risk_rules[i].when, where, errors);
  }
  return errors;
}

std::string Policy::to_yaml() const {
  std::string out = rules.empty() ? "rules: []\n" : "rules:\n";
  for (const PolicyRule& rule : rules) {
    out += "  - match: " + flow_map(rule.match) + "\n";
    out += "    " + std::string(name_of(rule.effect)) + ": true\n";
    if (!rule.description.empty()) out += "    description: " + yaml_of(rule.description) + "\n";
    if (rule.risk) out += "    risk: " + std::string(name_of(*rule.risk)) + "\n";
  }
  if (risk_rules.empty()) return out;
  out += "risk:\n  rules:\n";
  for (const RiskRule& rule : risk_rules) {
    out += "    - name: " + yaml_of(rule.name) + "\n";
    out += "      when: " + flow_map(rule.when) + "\n";
    out += "      risk_level: " + std::string(name_of(rule.risk_level)) + "\n";
  }
  return out;
}

std::string create_policy(const std::vector<PolicyRule>& rules,
                          const std::vector<RiskRule>& risk_rules) {
  const Policy policy{.rules = rules, .risk_rules = risk_rules};
  std::string wrong;
  for (const std::string& error : policy.validate()) wrong += (wrong.empty() ? "" : "; ") + error;
  if (!wrong.empty()) throw ValidationError(Failure{.kind = ErrorKind::usage, .message = wrong});
  return policy.to_yaml();
}

}  // namespace colonnade::inline v1::faramesh
