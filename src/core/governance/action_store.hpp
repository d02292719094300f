// The store port for actions, as core/events/journal.hpp says of all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/every_scope.hpp"
#include "core/access/scope.hpp"
#include "core/governance/action.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

struct ActionFilter {  // empty members filter nothing
  std::optional<std::string> owner{};
  std::string agent_id{};
  std::string tool{};
  std::string run_id{};
  std::optional<ActionState> state{};
  std::size_t limit = 20;  // 1 .. limits::actions_listed_max
  std::size_t offset = 0;
  std::string before{};  // only those behind this action in the list
};

class ActionStore {
 public:
  virtual ~ActionStore() = default;
  virtual base::Task<Result<std::optional<Action>>> action(Scope scope, std::string id) = 0;
  // Newest first.
  virtual base::Task<Result<std::vector<Action>>> actions(Scope scope, ActionFilter filter) = 0;
  // Of a run's tool calls, oldest first.
  virtual base::Task<Result<std::vector<Action>>> actions_of_run(Scope scope,
                                                                 std::string run_id) = 0;
  // Pending ones of every scope that expire at `now` or before.
  virtual base::Task<Result<std::vector<Action>>> expired_actions(Time now,
                                                                  EveryScopePage page) = 0;
  // Executing ones of every scope that belong to no run.
  virtual base::Task<Result<std::vector<Action>>> executing_actions(EveryScopePage page) = 0;
};

struct InsertAction {  // not_found for a user's own call in a thread that is deleted
  Action action;
};
struct UpdateAction {  // conflict unless the stored version is one less than the action's
  Action action;
  bool if_unchanged = false;  // then an action that others changed is left alone, without an error
};

}  // namespace colonnade::core
