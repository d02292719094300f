// What the gate has refused, and what was hidden of what somebody wanted done: decisions of the
// audit trail, for whoever may look at them (platos §2.5).
//
// Nothing is here of a message that was refused before its turn began: of that nothing is kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

// What found it.
enum class SafetyDetector {
  tool_param,  // the gate, by the call and its arguments
  rate_limit,  // a bound on how often something may be done
};
std::string_view to_string(SafetyDetector detector);
std::optional<SafetyDetector> safety_detector_from(std::string_view text);

// What was done about it.
enum class SafetyAction {
  block,   // it was denied without asking anybody
  redact,  // secrets in its arguments were kept out of the trail
};
std::string_view to_string(SafetyAction action);
std::optional<SafetyAction> safety_action_from(std::string_view text);

struct SafetyEvent {
  std::string id{};  // the hash of its record in the trail
  Scope scope;
  std::string action_id{};
  std::string agent_id{};
  std::string thread_id{};  // "" for what a client submitted, as the next three
  std::string run_id{};     // "" too for a user's own call
  std::string tool_call_id{};
  std::string owner{};
  std::string tool{};
  SafetyDetector detector = SafetyDetector::tool_param;
  SafetyAction action = SafetyAction::block;
  std::string severity{};  // low, medium, high
  std::string detail{};    // the decision's reason
  std::string outcome{};
  std::string reason_code{};
  std::string policy_version{};
  std::string provenance_id{};
  base::Time at{};
};

// Empty members leave everything in.
struct SafetyEventFilter {
  std::optional<std::string> owner{};  // whose may be seen
  std::optional<std::string> agent_id{};
  std::string thread_id{};
  std::string user_id{};
  std::optional<SafetyDetector> detector{};
  std::optional<SafetyAction> action{};
  std::string severity{};
  base::Time since{};
  std::size_t limit = 50;
  std::size_t offset = 0;
};

struct SafetyEventPage {
  std::vector<SafetyEvent> events{};  // newest first
  // How many the filter finds among the newest limits::safety_events_looked_at_max of the scope.
  std::size_t total = 0;
};

}  // namespace colonnade::core
