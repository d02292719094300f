// What a decision is about: one agent that asks for one operation of one tool.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"
#include "gate/value.hpp"

namespace colonnade::gate {

// As it came in.
struct ActionInput {
  std::string agent_id{};
  std::string tool{};
  std::string operation{};
  Value params{};   // an object
  Value context{};  // an object; null counts as an empty one
};

// Checked and trimmed (faramesh §2.5), which is the only form that can be decided on. Immutable.
class ActionRequest {
 public:
  // Trims the three names and the texts inside params and context: members of objects at any level,
  // and items of lists that are such members; nothing deeper inside lists. Errors are
  // ErrorKind::invalid and name the field ("params.user.name"): an empty or overlong name, an
  // overlong text, a NUL, objects nested too deeply, params or context too large, an `amount` that
  // is NaN or infinite as a number or as text (faramesh §9.10). The limits are
  // limits::action_*. Empty texts inside params and context are accepted.
  static base::Result<ActionRequest> normalise(ActionInput input);

  // As it came, nothing trimmed and no size looked at: what runs is what was decided on. For tool
  // calls, whose size is bounded elsewhere. Errors: an empty name, params or context that is no
  // object, an `amount` as above.
  static base::Result<ActionRequest> exact(ActionInput input);

  const std::string& agent_id() const { return input_.agent_id; }
  const std::string& tool() const { return input_.tool; }
  const std::string& operation() const { return input_.operation; }
  const Value& params() const { return input_.params; }
  const Value& context() const { return input_.context; }

  // 64 hex characters over all five parts (faramesh §5.1). Computed at every call.
  std::string hash() const;

 private:
  explicit ActionRequest(ActionInput input) : input_(std::move(input)) {}
  ActionInput input_;
};

}  // namespace colonnade::gate
