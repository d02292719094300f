#include "core/jobs/tool_jobs.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/jobs/job_wakes.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::Task;

namespace {

Principal job_owner_as_caller(const Job& job) {
  return {job.owner.scope, job.owner.user_id, UserRole::member};
}

JobFailed tool_failure(base::Error error) {
  const bool may_pass = error.retryable || error.kind == ErrorKind::unavailable ||
                        error.kind == ErrorKind::rate_limited || error.kind == ErrorKind::conflict;
  return {.error = std::move(error), .is_final = !may_pass};
}

// The question that the job waits for; its progress, {"actionId"}. "" for none.
std::string question_of(const Job& job) {
  const auto tree = base::parse_json(job.progress, "progress");
  return tree && tree->is_object() ? tree->value("actionId", "") : "";
}

std::string question_text(const std::string& action_id) {
  std::string out;
  base::JsonWriter(out).object().field("actionId", action_id).end_object();
  return out;
}

// What a tool says is a text, which often is JSON.
std::string output_text(const std::string& content) {
  if (base::parse_json(content, "output")) return content;
  std::string out;
  base::append_json_string(out, content);
  return out;
}

JobStep step_of_call(const Job& job, bool was_stopped, UserCallResult result) {
  if (result.state == UserCallResult::State::denied) {
    return JobFailed{
        .error = {.kind = ErrorKind::forbidden,
                  .message = "the call was denied (" + result.reason_code + "): " + result.reason},
        .is_final = true};
  }
  if (!result.outcome.is_error) return JobDone{.output = output_text(result.outcome.content)};
  // Ended in the middle: what it has done is not known.
  const bool is_final = was_stopped && !job.repeats_when_lost;
  return JobFailed{.error = {.kind = ErrorKind::upstream, .message = result.outcome.content},
                   .is_final = is_final};
}

}  // namespace

Task<JobStep> ToolJobs::run(JobContext context) {
  const auto source = sources_.find(context.job.work.name);
  if (source == sources_.end()) {
    co_return JobFailed{
        .error = {.kind = ErrorKind::not_found,
                  .message = "nothing here says what \"" + context.job.work.name + "\" calls"},
        .is_final = true};
  }
  const std::string question = question_of(context.job);
  if (!question.empty()) {
    auto answered = co_await deps_.calls.result(job_owner_as_caller(context.job), question);
    // Its answer makes the call, once: it is found by being made again.
    const bool is_over = answered && answered->state != UserCallResult::State::waiting;
    if (is_over) co_return step_of_call(context.job, false, std::move(*answered));
    const bool is_unknown = !answered && answered.error().kind != ErrorKind::not_found;
    if (is_unknown) co_return tool_failure(std::move(answered.error()));
  }
  auto input = co_await source->second->call_of(context.job);
  if (!input) co_return tool_failure(std::move(input.error()));
  auto step = co_await call(std::move(context), std::move(*input));
  co_return step;
}

Task<JobStep> ToolJobs::call(JobContext context, UserCall input) {
  constexpr std::chrono::milliseconds no_wait{0};
  auto made = co_await deps_.calls.call(job_owner_as_caller(context.job), std::move(input), no_wait,
                                        *context.lane, context.stop);
  if (!made) co_return tool_failure(std::move(made.error()));
  if (made->state != UserCallResult::State::waiting) {
    co_return step_of_call(context.job, context.stop.stop_requested(), std::move(*made));
  }
  auto noted = co_await context.report(question_text(made->action_id));
  if (!noted) co_return tool_failure(std::move(noted.error()));
  co_return JobParked{.waits_for = until_answered(made->action_id)};
}

Task<bool> ToolJobs::may_go_on(Job job) {
  const Principal who = job_owner_as_caller(job);
  std::string action_id = job.waits_for.substr(until_answered("").size());
  const auto action = co_await deps_.actions.get(who, std::move(action_id));
  co_return action && action->state != ActionState::pending_approval;
}

// Nobody is asked in vain.
Task<void> ToolJobs::stopped(Job job) {
  const std::string question = question_of(job);
  if (question.empty()) co_return;
  HumanAnswer withdrawal{.reason = "the job that asked was stopped"};
  // conflict: it was answered
  [[maybe_unused]] const auto answered =
      co_await deps_.actions.resolve(job_owner_as_caller(job), question, std::move(withdrawal));
}

}  // namespace colonnade::core
