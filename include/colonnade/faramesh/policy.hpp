// Policies as values, written out as the YAML a server reads. Include colonnade/faramesh.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

// All conditions that are set must hold. "*" for tool and operation matches any.
struct MatchCondition {
  std::optional<std::string> tool{};
  std::optional<std::string> operation{};  // `op` in the file
  std::optional<std::string> agent_id{};   // of params or context
  std::optional<std::string> contains{};   // in the params as JSON text
  std::optional<std::string> pattern{};    // a regular expression over that text
  std::optional<double> amount_gt{};
  std::optional<double> amount_lt{};
  std::optional<double> amount_gte{};
  std::optional<double> amount_lte{};
  std::optional<std::string> path_contains{};
  std::optional<std::string> path_starts_with{};
  std::optional<std::string> path_ends_with{};
  std::optional<std::string> method{};
  std::optional<std::string> branch{};
  std::optional<std::string> field{};  // with `value`: a param by name, dots go inside
  std::optional<Json> value{};
};

enum class Effect { allow, deny, require_approval };
enum class Risk { low, medium, high };

// The first rule that matches decides.
struct PolicyRule {
  MatchCondition match{};  // not empty
  Effect effect = Effect::deny;
  std::string description{};  // becomes the reason
  std::optional<Risk> risk{};
};

struct RiskRule {
  std::string name{};
  MatchCondition when{};
  Risk risk_level = Risk::low;
};

struct COLONNADE_API Policy {
  std::vector<PolicyRule> rules{};
  std::vector<RiskRule> risk_rules{};

  // What is wrong with it, one sentence each; empty when nothing is.
  std::vector<std::string> validate() const;
  // The text of a policy file.
  std::string to_yaml() const;
};

// The text of a policy file; ValidationError naming everything that is wrong.
COLONNADE_API std::string create_policy(const std::vector<PolicyRule>& rules,
                                        const std::vector<RiskRule>& risk_rules = {});

}  // namespace colonnade::inline v1::faramesh
