// Policies and profiles from files, for commands that look at them without a server.
#pragma once

#include <memory>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gate/decision.hpp"
#include "gate/document.hpp"
#include "gate/engine.hpp"
#include "gate/policy.hpp"
#include "gate/profile.hpp"

namespace colonnade::app {

struct PolicyFile {
  std::string path{};
  gate::Document document{};
  std::shared_ptr<const gate::Policy> policy{};
};

// Reads, parses and compiles. Errors name `path` as it is given, the line and the key. `version` is
// the setting policy.version: "" makes it from the content, as the server does. not_found and
// invalid for a file that cannot be read.
base::Result<PolicyFile> load_policy(const std::string& path, const std::string& version = {});
base::Result<std::shared_ptr<const gate::Profile>> load_profile(const std::string& path);

// The rules that a command decides with.
struct RuleFiles {
  std::string policy_path{};
  std::string profile_path{};  // "": none
  std::string version{};       // load_policy()
};
base::Result<gate::Engine> load_engine(const RuleFiles& files);

// "rules[2] (policy.yaml:14)"; the profile's rules are called profile.rules.
std::string place_of(const gate::RuleComparison& rule, const RuleFiles& files);
// What decided, for people: a rule's place, or which part of the files did without one.
std::string decided_by(const gate::Explanation& explanation, const RuleFiles& files);

// {"list":"rules","position":2,"line":14,"name":"…"}, the object left open.
void write_rule(base::JsonWriter& json, const gate::RuleComparison& rule);
// The members outcome, reason_code, reason, risk_level and decided_by (null without a rule) of an
// object that is open.
void write_decision(base::JsonWriter& json, const gate::Explanation& explanation);

}  // namespace colonnade::app
