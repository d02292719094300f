// A turn as its client hears of it: a log of `agent_event` objects, numbered from 1 (platos §3.5,
// §3.7). Made from the stored events of its run, so that whoever reads those again gets the same
// log, also after a restart of the server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/events/event.hpp"
#include "core/safety/safety_finding.hpp"

namespace colonnade::dialects::platos {

// Of the event `status`: a turn begins as connected.
constexpr std::string_view connected_status = "connected";

// What is known of a turn beside its events.
struct TurnFacts {
  std::string thread_id{};
  std::string agent_id{};  // as the wire names it
  std::string user_id{};   // who asked
  std::string model{};     // "provider:model", that is asked first
  std::string provider_id{};
  std::string reply_to{};       // the message that the turn replies to; "" for the main line
  std::string system_prompt{};  // shown to operators
  bool for_operator = false;    // hears the events for debugging too
};

struct TurnEvent {
  std::int64_t seq = 0;
  std::string json{};  // the object of an agent_event
  bool last = false;   // it is the turn's `done`
};

// The same events, in cursor order from the run's first, always make the same log. Events of other
// runs must be left out.
class TurnEncoder {
 public:
  explicit TurnEncoder(TurnFacts facts) : facts_(std::move(facts)) {}

  // What the event adds to the log; often nothing.
  std::vector<TurnEvent> encode(const core::Event& event);
  const std::string& thread_id() const { return facts_.thread_id; }
  std::int64_t newest_seq() const { return seq_; }
  bool ended() const { return ended_; }
  // Whether the turn waits for a human just now.
  bool waits_for_human() const { return !questions_.empty(); }
  std::size_t open_questions() const { return questions_.size(); }
  // Of those, the ones of sub-agents.
  std::size_t handed_on_questions() const;

 private:
  struct Call {
    std::string call_id{};
    std::string tool{};
  };
  using Members = std::function<void(base::JsonWriter&)>;

  void add(std::string_view type, const Members& members);
  void add_capped(std::string_view type, const Members& members, const Members& without);
  void started();
  void status(std::string_view now);
  void tell_status(std::string_view now);
  void text(std::string_view text);
  void text_pieces(std::string_view type, std::string_view text);
  void restarted();
  void trace_request();
  void changed(const core::ModelChanged& change);
  void cited(const core::Citation& citation);
  void spawned(const core::SpawnedJobMoved& job);
  void requested(const core::ToolCallRequested& call);
  void result(std::string tool_call_id, const Call& call, core::ToolCallState state,
              const std::string& content);
  void approval(const core::ApprovalRequested& question);
  void resolved(const core::ApprovalResolved& answer);
  void end_handed_on();
  void artifact(const core::ArtifactStarted& start);
  void artifact(const core::ArtifactDelta& delta);
  void artifact(const core::ArtifactCommitted& end);
  void artifact(const core::ArtifactFailed& failed);
  void finished(const core::Event& event, const core::RunFinished& end);
  void trace(const core::Event& event, const core::RunFinished& end);
  void failure(const core::RunFinished& end);

  TurnFacts facts_;
  std::int64_t seq_ = 0;
  bool ended_ = false;
  std::string_view status_ = connected_status;  // as last told
  std::vector<TurnEvent> made_{};               // by the event that is being encoded
  int sources_ = 0;                             // that were cited
  std::map<std::string, Call> calls_{};         // without a result yet, by tool_call_id
  // Open approvals: tool_call_id by approval_id; "" for those of sub-agents.
  std::map<std::string, std::string> questions_{};
  std::optional<core::StructuredOutputRefused> refused_{};
  // Of the step under way, to leave out what a model says again after a restart.
  std::string step_text_{};
  bool step_text_whole_ = true;
  std::size_t again_ = std::string::npos;  // how much of step_text_ was said again
};

// The members of an event, for what is no part of a log (platos §4.5): no `_seq`.
std::string error_event(std::string_view code, std::string_view message, std::string_view thread_id,
                        const std::function<void(base::JsonWriter&)>& more = {});
std::string done_event(std::string_view thread_id, bool stopped = true);
// For sockets that joined a thread and do not stream the turn that it is about.
std::string approval_needed_event(const core::Event& event, const core::ApprovalRequested& question,
                                  std::string_view agent_id);
std::string approval_resolved_event(const core::Event& event, const core::ApprovalResolved& answer,
                                    std::string_view agent_id);
std::string run_update_event(const core::Event& event, const core::SpawnedJobMoved& job);

// What a question asks for, and with which details, in the wire's words.
struct Question {
  std::string action{};
  std::string details{};
};
Question question_of(std::string_view tool, const base::Json& arguments);
// "approved", "rejected" or "timed_out".
std::string_view resolution_of(bool approved, std::string_view by, std::string_view reason);

// `flags` of safety_flags and of an error (platos §3.5).
void write_flags(base::JsonWriter& json, const std::vector<core::SafetyFinding>& findings);
// `flags` of what a budget refused; nothing for another error.
void write_budget_flags(base::JsonWriter& json, std::string_view error);
// Usage as §3.6 has it, with its braces.
void write_usage(base::JsonWriter& json, const core::Usage& usage, std::int64_t cost_micros);

}  // namespace colonnade::dialects::platos
