// Actions that a server recorded, to be decided again by other rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/action_request.hpp"
#include "gate/decision.hpp"

namespace colonnade::app {

struct RecordedAction {
  std::string id{};
  gate::ActionRequest request;
  std::optional<gate::Outcome> outcome{};  // of the gate then; absent when it is not recorded
  std::string reason_code{};
  // The record's request_hash is not that of its params and context: what the gate saw was
  // something else.
  bool is_altered = false;
};

struct RecordedActions {
  std::vector<RecordedAction> actions{};
  // Records that no gate would decide on, such as one with an empty name: place and reason.
  std::vector<std::string> left_out{};
};

// Action objects (faramesh §2.1) as a JSON array, as {"actions": […]}, or one a line, in the order
// they come. Members keep their order and integers their digits, as the matcher wants. Errors
// (ErrorKind::invalid) name `name`, the place and the member.
base::Result<RecordedActions> parse_actions(std::string_view text, std::string_view name);

}  // namespace colonnade::app
