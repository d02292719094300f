#include "gate/decision.hpp"

#include <nlohmann/json.hpp>

namespace colonnade::gate {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::execute: return "EXECUTE";
    case Outcome::abstain: return "ABSTAIN";
    case Outcome::halt: break;
  }
  return "HALT";
}

std::string_view to_string(Risk risk) {
  switch (risk) {
    case Risk::low: return "low";
    case Risk::medium: return "medium";
    case Risk::high: break;
  }
  return "high";
}

std::optional<Risk> risk_from(std::string_view text) {
  if (text == "low") return Risk::low;
  if (text == "medium") return Risk::medium;
  if (text == "high") return Risk::high;
  return std::nullopt;
}

std::string_view to_string(RuleComparison::List list) {
  switch (list) {
    case RuleComparison::List::profile: return "profile";
    case RuleComparison::List::risk: return "risk";
    case RuleComparison::List::policy: break;
  }
  return "policy";
}

base::Json Decision::reason_details() const {
  if (!decided_by_policy) return nullptr;
  return {{"risk_level", to_string(risk_level)}};
}

}  // namespace colonnade::gate
