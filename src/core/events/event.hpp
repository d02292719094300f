// What happens in a thread, as every dialect's live stream tells it. Stored before sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/artifacts/artifact.hpp"
#include "core/jobs/job_state.hpp"
#include "core/models/citation.hpp"
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
// The run's model has failed for good; from here on another one is asked in its place
// (ModelSettings::fallbacks). A run that is taken up again begins with its own model.
struct ModelChanged {
  std::string provider{};
  std::string model{};
  ModelFault because = ModelFault::unavailable;
};
// What the reply that was just said rests on.
struct SourcesCited {
  std::vector<Citation> citations{};
};
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
  std::string authorization_url{};  // ToolOutcome::authorization_url
};
// A run's call waits for a human. Where a sub-agent's does, the run that has handed the work on
// tells of it as well, with the same approval_id and without a tool_call_id; of the answer, too. A
// question that ends with its sub-agent has no answer.
struct ApprovalRequested {
  std::string approval_id{};
  std::string tool_call_id{};  // "" for a sub-agent's
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
// A job that the run has begun by a tool has been stored, or has come to another state. The store
// makes it of the change itself (JobOrigin::run_id), so it also comes when the run has ended.
struct SpawnedJobMoved {
  std::string job_id{};
  std::string task{};
  JobState state = JobState::queued;
  int attempts_made = 0;
  JobFailure failure = JobFailure::none;
  // JSON; "" for nothing, and where it has more than limits::spawned_job_text_bytes_max: the job
  // has it.
  std::string metadata{};
  std::string output{};
  bool output_left_out = false;
  std::string error{};
};
struct RunFinished {
  RunState state = RunState::succeeded;
  // The assistant's message: when succeeded, or what there is of it (keeps_partial_reply).
  std::optional<Message> message{};
  std::string error{};  // unless succeeded
  Usage usage{};        // of the whole run
  std::int64_t cost_micros = 0;
};
enum class ThreadChangeKind { other, renamed, archived, unarchived };
std::string_view to_string(ThreadChangeKind kind);
std::optional<ThreadChangeKind> thread_change_kind_from(std::string_view text);
struct ThreadChanged {  // title, deletion, restoration, archive
  std::string title{};
  bool deleted = false;
  ThreadChangeKind kind = ThreadChangeKind::other;
};
// The answer as the value that the turn's schema asks for; before the run's end.
struct StructuredOutputMade {
  base::Json value = nullptr;
  int attempts = 1;
};
// No attempt fitted the schema; the run ends as failed.
struct StructuredOutputRefused {
  std::vector<std::string> violations{};
  int attempts = 1;
};

// An artifact comes as one ArtifactStarted, its content in ArtifactDeltas, and ArtifactCommitted,
// all in one transaction with its row. One that is refused is an ArtifactFailed alone. They stand
// between the ToolCallStarted and the ToolCallFinished of the call that made it, and share `key`.
struct ArtifactStarted {
  // Provisional: the key of a new artifact, the id of the revision before of a revised one.
  std::string artifact_id{};
  std::string key{};
  ArtifactKind kind = ArtifactKind::markdown;
  int revision = 1;
  std::string title{};     // "" for none
  std::string language{};  // "" for none
};
struct ArtifactDelta {
  std::string artifact_id{};  // as in ArtifactStarted
  std::string key{};
  std::string text{};  // limits::artifact_delta_bytes_max at most, cut between characters
};
struct ArtifactCommitted {
  std::string artifact_id{};  // of the stored revision
  std::string key{};
  ArtifactKind kind = ArtifactKind::markdown;
  int revision = 1;
  std::string title{};
  std::string language{};
  std::string content{};  // "" with content_left_out
  // The content is longer than limits::artifact_event_content_bytes_max; the row has it.
  bool content_left_out = false;
  base::Time created_at{};
};
struct ArtifactFailed {
  std::string artifact_id{};  // "" when not known
  std::string key{};          // "" when not known
  ArtifactFault fault = ArtifactFault::persist_failed;
  std::string message{};
};

using EventBody =
    std::variant<MessageStored, RunStarted, TextDelta, ReasoningDelta, OutputRestarted,
                 ModelChanged, SourcesCited, ToolCallRequested, ToolCallStarted, ToolCallFinished,
                 ApprovalRequested, ApprovalResolved, RunFinished, ThreadChanged, ArtifactStarted,
                 ArtifactDelta, ArtifactCommitted, ArtifactFailed, StructuredOutputMade,
                 StructuredOutputRefused, SpawnedJobMoved>;

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
