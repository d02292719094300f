// An execution profile (faramesh §4.4): which tools an agent may use at all, rules that come before
// the policy, and controls that a request must carry. Immutable and shared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/condition.hpp"
#include "gate/decision.hpp"
#include "gate/document.hpp"
#include "gate/facts.hpp"
#include "gate/pattern.hpp"

namespace colonnade::gate {

struct ProfileRule {
  std::string name{};
  bool can_match = true;  // false: `when` is empty or asks for what is not text, or a bad pattern
  std::optional<std::string> tool{};       // nullopt: any
  std::string known_tool{};                // our name of it (core/tools/tool_names.hpp)
  std::optional<std::string> operation{};  // nullopt: any
  std::optional<Pattern> pattern{};        // searched in params as Python's JSON text
  Outcome outcome = Outcome::halt;
  std::string reason_code{};
  int line = 0;

  bool matches(Facts& facts) const;
};

class Profile {
 public:
  // Errors (ErrorKind::invalid) name file, line and key. `id`, `version` and `allowed_tools` are
  // required; a number in place of text is an error, as are an unsupported regular expression and a
  // rule with HALT or ABSTAIN that could never match.
  static base::Result<std::shared_ptr<const Profile>> parse(std::string_view text,
                                                            std::string_view name);
  static base::Result<std::shared_ptr<const Profile>> compile(const Document& document,
                                                              std::string_view name,
                                                              Reading reading = Reading::loading);

  const std::string& id() const { return id_; }
  const std::string& version() const { return version_; }
  const std::string& hash() const { return hash_; }  // faramesh §5.2
  bool allows(std::string_view tool) const { return tools_.contains(tool); }
  const std::vector<ProfileRule>& rules() const { return rules_; }
  // A request without a truthy `approval_token` in context or params is halted.
  bool requires_approval_token() const { return requires_approval_token_; }
  const std::vector<Warning>& warnings() const { return warnings_; }

 private:
  explicit Profile(Reading reading) : reading_(reading) {}
  void read(const Document& document);
  void read_tools(const Document& document);
  Value read_rule(const Value& rule, const Lines& lines, const std::string& path);
  void read_when(const Value& when, const Lines& lines, const std::string& path, ProfileRule& out);
  void read_pattern(const Value& value, const Lines& lines, const std::string& path,
                    ProfileRule& out);
  bool read_controls(const Value& root, const Lines& lines);
  void can_never_match(int line, const std::string& path, const std::string& why,
                       ProfileRule& rule);
  void read_name(const Value* wanted, int line, const std::string& path,
                 std::optional<std::string>& out, ProfileRule& rule);
  void read_outcome(const Value& rule, const Lines& lines, const std::string& path,
                    const std::string& outcome, ProfileRule& out);

  Reading reading_;
  std::string id_;
  std::string version_;
  std::string hash_;
  std::set<std::string, std::less<>> tools_;
  std::vector<ProfileRule> rules_;
  bool requires_approval_token_ = false;
  std::vector<Warning> warnings_;
};

}  // namespace colonnade::gate
