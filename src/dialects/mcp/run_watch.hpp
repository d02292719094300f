// What somebody who waits for a run wants to know of it: its end, its questions, its progress.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"

namespace colonnade::dialects::mcp {

// Lives on one lane, from open() to close(), which must be called there.
class RunWatch final : public core::Subscriber, public std::enable_shared_from_this<RunWatch> {
 public:
  struct Options {
    std::string run_id{};  // whose events count; "": of any run, until expect() says which
    // From where in the thread's events; nullopt: from now on.
    std::optional<std::int64_t> after{};
    bool keep_events = false;  // up to limits::mcp_follow_events_max and _bytes_max
  };
  static std::shared_ptr<RunWatch> open(core::Subscriptions& subscriptions, base::Lane& lane,
                                        const core::Scope& scope, std::string thread_id,
                                        Options options);

  // From here on end() tells, and events of the thread's other runs are passed over.
  void expect(core::Runs& runs, core::Principal who, std::string run_id);
  // Makes late() true after so long.
  static base::Task<void> wake_after(std::shared_ptr<RunWatch> self,
                                     std::chrono::milliseconds time);
  // Returns soon after anything changed, or the stop was requested.
  base::Task<void> changed(std::stop_token stop) { return changed_.wait(std::move(stop)); }
  // The same, or after so long.
  static base::Task<void> changed_within(std::shared_ptr<RunWatch> self,
                                         std::chrono::milliseconds time, std::stop_token stop);

  // How it ended; or that the server stops, as ErrorKind::unavailable. nullptr while it goes on.
  const core::Result<core::FinishedRun>* end() const { return end_ ? &*end_ : nullptr; }
  bool asked() const { return approval_requested_; }  // for a human's approval, since open()
  bool timed_out() const { return timed_out_; }
  bool full() const { return full_; }          // no more events are kept
  bool finished() const { return finished_; }  // the event of its end was delivered
  bool has_caught_up() const { return subscription_ && subscription_->caught_up(); }
  // The newest event's cursor that was delivered and kept, or the one it began after.
  std::int64_t cursor() const { return cursor_; }
  const std::vector<core::EventPtr>& events() const { return events_; }
  // What the run does just now, in a few words; "" when there is no news since the last call.
  std::string progress_text();

  void close();

  void deliver(const core::EventPtr& event) override;
  void caught_up() override { changed_.notify(); }
  void cut_off() override;

 private:
  static base::Task<void> await_end(std::shared_ptr<RunWatch> self, core::Runs* runs,
                                    core::Principal who, std::string run_id);
  void note(const core::Event& event);
  void keep(const core::EventPtr& event);

  base::Lane* lane_ = nullptr;
  Options options_{};
  std::unique_ptr<core::Subscription> subscription_{};
  base::Signal changed_{};
  std::stop_source closing_{};
  std::unique_ptr<base::Alarm> alarm_{};
  std::optional<core::Result<core::FinishedRun>> end_{};
  std::vector<core::EventPtr> events_{};
  std::size_t kept_bytes_ = 0;
  std::int64_t cursor_ = 0;
  std::size_t characters_ = 0;  // of the answer so far
  std::string progress_text_{};
  bool approval_requested_ = false;
  bool timed_out_ = false;
  bool full_ = false;
  bool finished_ = false;
  bool closed_ = false;
};

}  // namespace colonnade::dialects::mcp
