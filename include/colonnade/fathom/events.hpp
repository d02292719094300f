// Events of the Fathom streams: of a thread, and of a one-shot reply. Include colonnade/fathom.hpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "colonnade/fathom/types.hpp"
#include "colonnade/json.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

// Subscribed: events from here on arrive. There is no replay of earlier ones.
struct Ready {
  std::string thread_id{};
  Timestamp server_time{};
};
// A message was stored, from whichever device.
struct UserMessage {
  std::string thread_id{};
  Message message{};
};
// A turn starts. Carries the user's message, not agent text. Some replies come without it.
struct AgentThinking {
  std::string thread_id{};
  Message message{};
};
// The next piece of the reply. All pieces together need not equal AgentDone, which wins.
struct AgentDelta {
  std::string thread_id{};
  std::string delta{};
};
struct AgentDelegating {
  std::string thread_id{};
  std::string delta{};  // a progress label
};
struct AgentSwarm {
  std::string thread_id{};
  std::string delta{};  // a progress label
};
// The reply is stored. The stream goes on: it serves the thread, not the turn.
struct AgentDone {
  std::string thread_id{};
  Message message{};
};
// The turn failed.
struct AgentError {
  std::string thread_id{};
  std::string error{};
};
// The stream itself cannot run.
struct StreamError {
  std::string error{};
};
// Sent by a newer server.
struct OtherEvent {
  std::string type{};
  Json data{};
};

// One event of threads.stream().
class COLONNADE_API Event {
 public:
  using Value = std::variant<Ready, UserMessage, AgentThinking, AgentDelta, AgentDelegating,
                             AgentSwarm, AgentDone, AgentError, StreamError, OtherEvent>;

  Event() = default;
  // `raw` is the JSON text it came from.
  explicit Event(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  // The name on the wire: "agent_done".
  std::string_view type() const noexcept;
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }  // for match() and std::visit
  // The whole event as it came, with `type` set. Parsed anew by each call.
  Json data() const;

 private:
  Value value_{};
  std::string raw_{};
};

// The next piece of a one-shot reply.
struct ReplyDelta {
  std::string delta{};
};
struct ReplyDone {
  std::string session_id{};
  std::string reply{};
};
struct ReplyError {
  std::string error{};
};

// One event of message_stream().
class COLONNADE_API ReplyEvent {
 public:
  using Value = std::variant<ReplyDelta, ReplyDone, ReplyError, OtherEvent>;

  ReplyEvent() = default;
  explicit ReplyEvent(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  std::string_view type() const noexcept;  // "message", "done", "error" or another
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }
  Json data() const;

 private:
  Value value_{};
  std::string raw_{};
};

}  // namespace colonnade::inline v1::fathom
