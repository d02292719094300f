// A policy file (faramesh §4.1), checked and compiled. Immutable and shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/condition.hpp"
#include "gate/decision.hpp"
#include "gate/document.hpp"
#include "gate/rule_index.hpp"

namespace colonnade::gate {

enum class Effect { allow, deny, require_approval };

struct PolicyRule {
  Effect effect = Effect::deny;
  std::string reason{};           // the description, or the effect's own text
  std::optional<Risk> risk{};     // replaces the computed one
  bool reads_as_default = false;  // its description is that of "no rule matched" (faramesh §4.5)
  Condition condition{};
  int line = 0;
};

struct RiskRule {
  std::string name{};
  Risk risk = Risk::low;
  Condition condition{};
  int line = 0;
};

class Policy {
 public:
  // Errors (ErrorKind::invalid) name file, line and key; `field` is the key ("rules[3].match.opp").
  // `name` is the file's name without folders. `version` replaces `<name>@<first 12 hex digits of
  // the content's hash>` when it is not empty. A rule that restricts and cannot be evaluated is an
  // error.
  static base::Result<std::shared_ptr<const Policy>> parse(std::string_view text,
                                                           std::string_view name,
                                                           std::string_view version = {});
  // The same from a document that is parsed already. `version` must not be empty.
  static base::Result<std::shared_ptr<const Policy>> compile(const Document& document,
                                                             std::string_view name,
                                                             std::string_view version,
                                                             Reading reading = Reading::loading);

  const std::string& version() const { return version_; }
  const std::string& hash() const { return hash_; }  // faramesh §5.2, version included
  const std::vector<PolicyRule>& rules() const { return rules_; }
  const std::vector<RiskRule>& risk_rules() const { return risk_rules_; }
  // What `policy check` reports: rules that never match, keys that are not looked at.
  const std::vector<Warning>& warnings() const { return warnings_; }

  Candidates rules_for(std::string_view tool, std::string_view operation) const {
    return rule_index_.candidates(tool, operation);
  }
  Candidates risk_rules_for(std::string_view tool, std::string_view operation) const {
    return risk_index_.candidates(tool, operation);
  }

 private:
  explicit Policy(Reading reading) : reading_(reading) {}
  void read(const Document& document, std::string_view version);
  void read_rule(const Value& rule, const Lines& lines, const std::string& path);
  void count_pattern(const Condition& condition, int line, const std::string& path);
  void read_risk(const Value& risk, const Lines& lines);
  void read_risk_rule(const Value& rule, const Lines& lines, const std::string& path);

  Reading reading_;
  std::string version_;
  std::string hash_;
  std::vector<PolicyRule> rules_;
  std::vector<RiskRule> risk_rules_;
  RuleIndex rule_index_;
  RuleIndex risk_index_;
  std::vector<Warning> warnings_;
  std::size_t pattern_steps_ = 0;  // limits::policy_pattern_steps_max at most
};

// `<name>@<first 12 hex digits of the text's SHA-256>`.
std::string content_version(std::string_view text, std::string_view name);

constexpr std::string_view no_rule_matched = "No rule matched (deny by default)";

}  // namespace colonnade::gate
