#include "core/jobs/job_state.hpp"

#include "core/enum_names.hpp"

namespace colonnade::core {
namespace {

constexpr EnumNames<JobState, 7> job_state_names{{
    {JobState::delayed, "delayed"},
    {JobState::queued, "queued"},
    {JobState::running, "running"},
    {JobState::waiting, "waiting"},
    {JobState::done, "done"},
    {JobState::failed, "failed"},
    {JobState::cancelled, "cancelled"},
}};

constexpr EnumNames<JobFailure, 5> job_failure_names{{
    {JobFailure::none, ""},
    {JobFailure::error, "error"},
    {JobFailure::timed_out, "timed_out"},
    {JobFailure::lost, "lost"},
    {JobFailure::expired, "expired"},
}};

struct Transition {
  JobState from;
  JobInput input;
  JobState to;
};

constexpr std::array transitions = {
    Transition{JobState::delayed, JobInput::fell_due, JobState::queued},
    Transition{JobState::delayed, JobInput::held, JobState::waiting},
    Transition{JobState::delayed, JobInput::cancelled, JobState::cancelled},
    Transition{JobState::delayed, JobInput::expired, JobState::failed},

    Transition{JobState::queued, JobInput::claimed, JobState::running},
    Transition{JobState::queued, JobInput::held, JobState::waiting},
    Transition{JobState::queued, JobInput::cancelled, JobState::cancelled},
    Transition{JobState::queued, JobInput::expired, JobState::failed},

    Transition{JobState::running, JobInput::finished, JobState::done},
    Transition{JobState::running, JobInput::failed, JobState::failed},
    Transition{JobState::running, JobInput::retried, JobState::delayed},
    Transition{JobState::running, JobInput::parked, JobState::waiting},
    Transition{JobState::running, JobInput::given_back, JobState::queued},
    Transition{JobState::running, JobInput::held, JobState::waiting},
    Transition{JobState::running, JobInput::cancelled, JobState::cancelled},
    Transition{JobState::running, JobInput::lease_ended, JobState::delayed},
    Transition{JobState::running, JobInput::abandoned, JobState::failed},

    Transition{JobState::waiting, JobInput::woken, JobState::queued},
    Transition{JobState::waiting, JobInput::woken_early, JobState::delayed},
    Transition{JobState::waiting, JobInput::cancelled, JobState::cancelled},
    Transition{JobState::waiting, JobInput::wait_ended, JobState::failed},
};

}  // namespace

std::string_view to_string(JobState state) { return enum_name(job_state_names, state); }

std::optional<JobState> job_state_from(std::string_view text) {
  return enum_value(job_state_names, text);
}

std::string_view to_string(JobFailure failure) { return enum_name(job_failure_names, failure); }

std::optional<JobFailure> job_failure_from(std::string_view text) {
  return enum_value(job_failure_names, text);
}

std::optional<JobState> state_after(JobState state, JobInput input) {
  for (const Transition& one : transitions) {
    if (one.from == state && one.input == input) return one.to;
  }
  return std::nullopt;
}

}  // namespace colonnade::core
