// The states of a job and what moves it from one to the other. Pure; the store asks it for every
// transition, so that there is one answer.
//
//   delayed → queued → running → done | failed
//                ↑        ├→ delayed (tried again)   waiting: for a time, a human, other jobs
//                └────────┴⇄ waiting
//   cancelled from each of them; failed also from delayed, queued and waiting when their time is
//   over
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace colonnade::core {

enum class JobState { delayed, queued, running, waiting, done, failed, cancelled };
constexpr std::array all_job_states = {JobState::delayed,  JobState::queued, JobState::running,
                                       JobState::waiting,  JobState::done,   JobState::failed,
                                       JobState::cancelled};
std::string_view to_string(JobState state);
std::optional<JobState> job_state_from(std::string_view text);
constexpr bool is_terminal(JobState s) {
  return s == JobState::done || s == JobState::failed || s == JobState::cancelled;
}

// Why it failed.
enum class JobFailure {
  none,
  error,      // its handler said so
  timed_out,  // an attempt took too long, or what it waited for did not come
  lost,       // its process died, and it is not to be repeated, or was lost too often
  expired,    // it was not begun in time
};
std::string_view to_string(JobFailure failure);
std::optional<JobFailure> job_failure_from(std::string_view text);

enum class JobInput {
  fell_due,     // run_at has come
  claimed,      // by a worker
  finished,     // the handler is done
  failed,       // for good
  retried,      // an attempt failed, the next one is later
  parked,       // the handler waits for something
  given_back,   // the worker stops; the attempt does not count
  woken,        // what it waited for has happened
  woken_early,  // the same, before run_at
  held,         // somebody pauses it
  cancelled,
  expired,      // expires_at has come
  wait_ended,   // waits_until has come
  lease_ended,  // and it is done again
  abandoned,    // the same, and it is not
};
constexpr std::array all_job_inputs = {
    JobInput::fell_due,    JobInput::claimed,     JobInput::finished,   JobInput::failed,
    JobInput::retried,     JobInput::parked,      JobInput::given_back, JobInput::woken,
    JobInput::woken_early, JobInput::held,        JobInput::cancelled,  JobInput::expired,
    JobInput::wait_ended,  JobInput::lease_ended, JobInput::abandoned};

// nullopt when the input does not apply in that state.
std::optional<JobState> state_after(JobState state, JobInput input);

}  // namespace colonnade::core
