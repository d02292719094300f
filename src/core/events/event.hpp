// What happens in a thread, as every dialect's live stream tells it. Stored before sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/runs/run.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

struct MessageStored {  // a user's message
  Message message{};
};
struct RunStarted {
  Message user_message{};
};
struct TextDelta {
  std::string text{};
};
struct ReasoningDelta {
  std::string text{};
};
// After a restart or a failed attempt the model is asked again: drop the deltas since the last
// step.
struct OutputRestarted {};
struct ToolCallRequested {
  std::string tool_call_id{};
  std::string call_id{};
  std::string tool{};
  base::Json arguments = base::Json::object();
};
struct ToolCallStarted {
  std::string tool_call_id{};
  std::string tool{};
};
struct ToolCallFinished {
  std::string tool_call_id{};
  std::string call_id{};
  std::string tool{};
  ToolCallState state = ToolCallState::succeeded;
  std::string result{};
};
struct ApprovalRequested {
  std::string approval_id{};
  std::string tool_call_id{};
  std::string tool{};
  base::Json arguments = base::Json::object();
};
struct ApprovalResolved {
  std::string approval_id{};
  std::string tool_call_id{};
  bool approved = false;
  std::string by{};  // a user id; "" when nobody answered in time
  std::string reason{};
};
struct RunFinished {
  RunState state = RunState::succeeded;
  // The assistant's message: when succeeded, or what there is of it (keeps_partial_reply).
  std::optional<Message> message{};
  std::string error{};  // unless succeeded
  Usage usage{};        // of the whole run
  std::int64_t cost_micros = 0;
};
struct ThreadChanged {  // title, deletion, restoration
  std::string title{};
  bool deleted = false;
};

using EventBody =
    std::variant<MessageStored, RunStarted, TextDelta, ReasoningDelta, OutputRestarted,
                 ToolCallRequested, ToolCallStarted, ToolCallFinished, ApprovalRequested,
                 ApprovalResolved, RunFinished, ThreadChanged>;

struct Event {
  std::int64_t cursor = 0;  // store-wide, rising; given by the store at commit
  std::int64_t seq = 0;     // per thread, 1, 2, 3 …; given by the store at commit
  Scope scope;
  std::string owner{};  // of its thread, a user id; given by the store
  std::string thread_id{};
  std::string run_id{};  // "" for thread events
  base::Time at{};
  EventBody body{};
};

}  // namespace colonnade::core
