// Events of a Phoson message stream. Include colonnade/phoson.hpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "colonnade/json.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::phoson {

// The next piece of the answer.
struct Token {
  std::string content{};
};
// The next piece of the model's reasoning.
struct Reasoning {
  std::string content{};
};
// A tool is about to run.
struct ToolStart {
  std::string tool{};
  Json input{};  // complete
  std::string tool_call_id{};
};
// It ended. Tools that run at once end in any order.
struct ToolEnd {
  std::string tool{};
  std::string result{};  // text as it is, any other value as JSON; "Error: …" when the tool failed
  std::string tool_call_id{};
};
// Final: the run succeeded and its message is stored.
struct RunDone {
  std::string content{};  // the whole answer
  std::string run_id{};
};
// Final: the run failed. On the wire it is called "error".
struct Failed {
  std::string message{};
};
// Sent by a newer server.
struct OtherEvent {
  std::string type{};
  Json data{};
};

// One event of messages.stream().
class COLONNADE_API Event {
 public:
  using Value = std::variant<Token, Reasoning, ToolStart, ToolEnd, RunDone, Failed, OtherEvent>;

  Event() = default;
  // `raw` is the JSON text it came from.
  explicit Event(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  // The name on the wire: "tool_start".
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

using StreamEvent = Event;  // the name of the Python SDK

}  // namespace colonnade::inline v1::phoson
