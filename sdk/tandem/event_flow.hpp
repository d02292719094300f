// What a stream gives of what arrives: filtered where the server does not, with the events that a
// real engine leaves out (tandem §3.4, §3.5), and to its end. Does no I/O: it says what it needs.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sdk/tandem/calls.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem::detail {

class EventFlow {
 public:
  enum class Need { input, run_state, messages };

  explicit EventFlow(calls::StreamPlan plan);

  void accept(wire::Incoming incoming);
  // Of the session, for Need::run_state; nothing when they could not be read.
  void set_run_state(const std::optional<SessionRunState>& state);
  // Of the session, for Need::messages; nothing when they could not be read.
  void set_messages(const std::optional<std::vector<Message>>& messages);

  std::optional<Event> take();
  bool empty() const { return queue_.empty(); }
  // The run has ended: what is queued is the last.
  bool over() const { return over_; }
  Need need() const;
  const calls::StreamPlan& plan() const { return plan_; }

 private:
  bool passes(const Event& event) const;
  void complete(const Event& event);
  void complete_part(const Event& event, const PartUpdated& update);
  bool answer_is_missing(const Event& event) const;
  void give(Event event);
  void give_missed_end(const std::optional<std::string>& answer);

  calls::StreamPlan plan_;
  std::deque<Event> queue_{};
  std::vector<std::string> running_tools_{};  // ids of parts
  std::optional<Event> held_{};               // the end of a run, until its answer was given
  bool text_is_known_ = false;  // the run gave text, or may have before this stream began
  bool run_state_known_ = false;
  bool missed_ = false;  // the run ended before this stream began
  bool over_ = false;
};

}  // namespace colonnade::inline v1::tandem::detail
