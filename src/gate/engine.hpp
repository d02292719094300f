// Decides on requests by one policy and one profile (faramesh §4.5). Immutable: share it as
// std::shared_ptr<const Engine> between threads, and swap the pointer to change the rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gate/action_request.hpp"
#include "gate/decision.hpp"
#include "gate/policy.hpp"
#include "gate/profile.hpp"

namespace colonnade::gate {

// What replays compare (faramesh §9.18); the version of the wire that this engine keeps to.
constexpr std::string_view wire_runtime_version = "0.3.0";

struct EngineInputs {
  std::shared_ptr<const Policy> policy{};       // none: every request gets HALT MISSING_POLICY
  std::string missing_policy_version = "none";  // "error" when there is a file that is of no use
  std::shared_ptr<const Profile> profile{};     // none: no profile counts
  bool profile_is_unusable = false;             // every request gets HALT PROFILE_LOAD_ERROR
  std::string runtime_version{wire_runtime_version};
};

class Engine {
 public:
  explicit Engine(EngineInputs inputs);

  // Never throws: a fault inside is HALT INTERNAL_ERROR. No I/O, no locks.
  Decision decide(const ActionRequest& request) const noexcept;
  // The same decision and how it came about. Slower.
  Explanation explain(const ActionRequest& request) const noexcept;

  const std::shared_ptr<const Policy>& policy() const { return inputs_.policy; }
  const std::shared_ptr<const Profile>& profile() const { return inputs_.profile; }
  // As decisions name it: the policy's own, "none" or "error".
  const std::string& policy_version() const;

 private:
  Decision blank() const;
  Decision judge(const ActionRequest& request, Explanation* trace) const;
  void decide_for_each(const ActionRequest& request, Decision& decision, Explanation* trace) const;
  void decide_by_facts(Facts& facts, Decision& decision, Explanation* trace) const;
  bool decide_by_profile(Facts& facts, Decision& decision, Explanation* trace) const;
  void decide_by_policy(Facts& facts, Decision& decision, Explanation* trace) const;
  Risk computed_risk(Facts& facts, Explanation* trace) const;

  EngineInputs inputs_;
};

}  // namespace colonnade::gate
