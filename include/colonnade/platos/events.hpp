// Events of a Platos turn. Include colonnade/platos.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "colonnade/json.hpp"
#include "colonnade/platos/types.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

// Made by the client: the socket is joined, for the first time or again.
struct Connected {};
// Made by the client: the socket broke. It reconnects by itself.
struct Disconnected {
  std::string reason{};
};
// Made by the client, before the wait that precedes a new attempt.
struct Reconnecting {
  int attempt = 0;  // from 1
};

// The turn's ids, at its begin; its usage, near its end.
struct Meta {
  std::string thread_id{};
  std::string agent_id{};
  std::optional<Usage> usage{};
};
struct Status {
  std::string status{};  // connected, thinking, executing, generating
};
// The next piece of the answer.
struct Token {
  std::string text{};
};
// Between two steps of a turn that used tools.
struct MessageBoundary {};
// The next piece of the model's reasoning.
struct Thinking {
  std::string text{};
};
struct ToolCall {
  std::string name{};
  Json params{};
  std::string call_id{};
};
struct ToolResult {
  std::string name{};
  Json result{};
  std::string call_id{};
  bool is_error = false;
  Json display{};  // null, or how to show it
};
// The turn waits for approvals.resolve().
struct ApprovalNeeded {
  std::string approval_id{};
  std::string action{};
  std::string details{};
  std::string agent_id{};
  std::string requested_by{};
};
struct ApprovalResolved {
  std::string approval_id{};
  std::string status{};  // approved, rejected, timed_out
  std::string responded_by{};
};
struct ArtifactStart {
  std::string artifact_id{};  // provisional: join on the key
  std::string artifact_key{};
  std::string kind{};
  std::int64_t revision = 0;
  std::string title{};
  std::string op{};  // generate, revise
};
struct ArtifactDelta {
  std::string artifact_id{};
  std::string artifact_key{};
  std::string chunk{};
};
struct ArtifactCommitted {
  std::string artifact_id{};
  std::string artifact_key{};
  std::string kind{};
  std::int64_t revision = 0;
  std::string title{};
  std::string final_content{};
  bool truncated = false;  // too large for an event: threads.artifacts() has it
};
struct ArtifactError {
  std::string artifact_key{};
  std::string code{};
  std::string message{};
};
struct SafetyFlags {
  Json flags{};
};
struct StructuredOutput {
  Json object{};
  std::int64_t attempts = 0;
};
// A background run that the turn started.
struct RunUpdate {
  std::string run_id{};
  std::string status{};
  Json metadata{};
  Json output{};
  Json error{};
};
// A source that the answer cites. Not trusted: it is what the model's vendor found somewhere.
struct Citation {
  std::string id{};
  std::string source_type{};  // url, document
  std::string url{};          // "" for a document
  std::string title{};
  std::string cited_text{};  // "" when the server does not say
  Json source{};             // all that it says
};
struct MessagePersisted {
  std::string message_id{};
  double cost_cents = 0;
};
// The turn was refused or went wrong; Done follows. On the wire it is called "error".
struct Failed {
  std::string message{};
  std::string code{};  // "" when the server gives none
  std::optional<double> retry_after_seconds{};
};
// Final.
struct Done {
  bool stopped = false;
  Usage usage{};  // also when the server told it earlier
};
// Sent by a newer server, or rare.
struct OtherEvent {
  std::string type{};
  Json data{};
};

// One event of threads.send().
class COLONNADE_API Event {
 public:
  using Value =
      std::variant<Connected, Disconnected, Reconnecting, Meta, Status, Token, MessageBoundary,
                   Thinking, ToolCall, ToolResult, ApprovalNeeded, ApprovalResolved, ArtifactStart,
                   ArtifactDelta, ArtifactCommitted, ArtifactError, SafetyFlags, StructuredOutput,
                   RunUpdate, Citation, MessagePersisted, Failed, Done, OtherEvent>;

  Event() = default;
  // `raw` is the JSON text it came from.
  explicit Event(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  // The name on the wire: "tool_call".
  std::string_view type() const noexcept;
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }  // for match() and std::visit
  // The whole event as it came; of those that the client makes, what Python's are. Parsed anew by
  // each call.
  Json data() const;

 private:
  Value value_{};
  std::string raw_{};
};

}  // namespace colonnade::inline v1::platos
