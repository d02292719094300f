// What the gate says about a request (faramesh §2.1, §4.5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace colonnade::gate {

enum class Outcome { execute, abstain, halt };
std::string_view to_string(Outcome outcome);  // "EXECUTE", "ABSTAIN", "HALT"

enum class Risk { low, medium, high };
std::string_view to_string(Risk risk);  // "low", "medium", "high"
std::optional<Risk> risk_from(std::string_view text);

namespace reason_code {
constexpr std::string_view policy_allow = "POLICY_ALLOW";
constexpr std::string_view policy_deny = "POLICY_DENY";
constexpr std::string_view policy_require_approval = "POLICY_REQUIRE_APPROVAL";
constexpr std::string_view default_deny = "DEFAULT_DENY_NO_MATCH";
constexpr std::string_view missing_policy = "MISSING_POLICY";
constexpr std::string_view profile_disallows_tool = "PROFILE_DISALLOWS_TOOL";
constexpr std::string_view profile_rule_deny = "PROFILE_RULE_DENY";
constexpr std::string_view profile_missing_control = "PROFILE_MISSING_REQUIRED_CONTROL";
constexpr std::string_view profile_load_error = "PROFILE_LOAD_ERROR";
constexpr std::string_view internal_error = "INTERNAL_ERROR";
}  // namespace reason_code

// Optional members are null on the wire when absent.
struct Decision {
  Outcome outcome = Outcome::halt;
  std::string reason_code{reason_code::internal_error};
  std::string reason{};
  Risk risk_level = Risk::high;
  bool decided_by_policy = false;  // by a rule of the policy, or because none matched
  std::string request_hash{};
  std::string policy_version{};
  std::optional<std::string> policy_hash{};
  std::optional<std::string> profile_id{};
  std::optional<std::string> profile_version{};
  std::optional<std::string> profile_hash{};
  std::string runtime_version{};
  std::optional<std::string> provenance_id{};  // absent without a usable policy

  // {"risk_level": …} when the policy decided, else null.
  base::Json reason_details() const;
};

// A rule that was compared with the request.
struct RuleComparison {
  enum class List { profile, risk, policy };
  List list = List::policy;
  std::size_t position = 0;  // in its list, from 0
  int line = 0;              // of the file; 0 when unknown
  std::string name{};        // description of a policy rule, name of the others; may be empty
  bool matched = false;
};
std::string_view to_string(RuleComparison::List list);

struct Explanation {
  Decision decision{};
  std::optional<RuleComparison> decided_by{};  // absent when no rule decided
  // In the order of looking, limits::explained_rules_max at most. Rules of another tool or
  // operation are not looked at.
  std::vector<RuleComparison> compared{};
};

}  // namespace colonnade::gate
