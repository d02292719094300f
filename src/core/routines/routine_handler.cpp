#include "core/routines/routine_handler.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/events/event.hpp"
#include "core/jobs/job_wakes.hpp"
#include "core/limits.hpp"
#include "core/routines/routine_prompt.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routine_text.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr auto start_retry_pause = std::chrono::seconds(5);
constexpr std::string_view routine_run_waits = "waits until another run of this routine has ended";
constexpr std::string_view routine_run_skipped =
    "skipped: another run of this routine had not ended";

JobFailed final_failure(std::string why) {
  return {.error = {.kind = ErrorKind::invalid, .message = std::move(why)}, .is_final = true};
}

// Held, denied or cancelled meanwhile: what this returns does not count.
JobStep overtaken() {
  return JobFailed{.error = {.kind = ErrorKind::cancelled, .message = "the run was changed"}};
}

// The tools of both lists: nothing is granted that the routine does not say now.
std::vector<std::string> in_both(const std::vector<std::string>& a,
                                 const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const std::string& one : a) {
    if (std::ranges::find(b, one) != b.end()) out.push_back(one);
  }
  return out;
}

}  // namespace

// One attempt at a job.
struct RoutineHandler::Attempt {
  explicit Attempt(JobContext context_in)
      : context(std::move(context_in)),
        who(context.job.owner.scope, context.job.owner.user_id, UserRole::member) {}

  JobContext context;
  Principal who;
  RoutineRun run{.scope = who.scope, .notes = {.scope = who.scope}};
  std::vector<std::string> granted{};
  bool is_gone = false;  // the routine is not there any more

  const Job& job() const { return context.job; }
  RoutineRunNotes& notes() { return run.notes; }
};

// --- telling ------------------------------------------------------------------------------------

void RoutineHandler::tell(const Attempt& attempt, NoticeKind kind, Json details) const {
  ports_.notices.publish(routine_notice(kind, attempt.run, ports_.clock.now(), std::move(details)));
}

void RoutineHandler::tell_when_ended(const Attempt& attempt, NoticeKind kind, Json details) {
  Notice notice = routine_notice(kind, attempt.run, ports_.clock.now(), std::move(details));
  const std::lock_guard lock(mutex_);
  endings_to_tell_.insert_or_assign(attempt.job().id, std::move(notice));
}

// Of those that are new and stored, one after the other.
void RoutineHandler::tell_of_artifacts(const Attempt& attempt, std::size_t known) const {
  const std::vector<RoutineArtifact>& all = attempt.run.notes.artifacts;
  for (std::size_t i = known; i < all.size(); ++i) {
    RoutineRun so_far = attempt.run;
    so_far.notes.artifacts.resize(i + 1);
    ports_.notices.publish(
        routine_notice(NoticeKind::routine_artifact_added, so_far, ports_.clock.now()));
  }
}

// On the writer's thread.
void RoutineHandler::jobs_changed(const JobChange& change) {
  const std::string* id = nullptr;
  bool has_ended = true;
  if (const auto* finished = std::get_if<FinishJob>(&change.what)) {
    id = &finished->hold.id;
  } else if (const auto* failed = std::get_if<FailJob>(&change.what)) {
    id = &failed->hold.id;
    has_ended = !failed->retry_at;
  } else if (const auto* cancelled = std::get_if<CancelJob>(&change.what)) {
    id = &cancelled->id;
    has_ended = false;
  } else if (const auto* held = std::get_if<HoldJob>(&change.what)) {
    id = &held->id;
    has_ended = false;
  }
  if (id == nullptr) return;
  const std::lock_guard lock(mutex_);
  const auto found = endings_to_tell_.find(*id);
  if (found == endings_to_tell_.end()) return;
  if (has_ended) {
    ports_.lanes[0].post([notices = &ports_.notices, notice = std::move(found->second)] {
      notices->publish(notice);
    });
  }
  endings_to_tell_.erase(found);
}

struct RoutineHandler::DeniedCall {
  Scope scope;
  std::string run_id{};
  ToolCallFinished call{};
  base::Time at{};
};

// On the writer's thread.
void RoutineHandler::call_denied(const Event& event) {
  DeniedCall call{.scope = event.scope,
                  .run_id = event.run_id,
                  .call = std::get<ToolCallFinished>(event.body),
                  .at = event.at};
  ports_.lanes[0].spawn("tell_denied_call", tell_denied(this, std::move(call)));
}

// Nothing where the run works for no routine, or is gone.
Task<void> RoutineHandler::tell_denied(RoutineHandler* self, DeniedCall call) {
  RoutineHandlerPorts& ports = self->ports_;
  const Principal reader(call.scope, "system", UserRole::operator_role);
  auto detail = co_await ports.runs.read(reader, call.run_id);
  // Sub-agents hand nothing on.
  if (detail && detail->run.options.handed_on_by) {
    const std::string above = detail->run.options.handed_on_by->run_id;
    detail = co_await ports.runs.read(reader, above);
  }
  if (!detail || detail->run.options.job_id.empty()) co_return;
  const std::string job_id = detail->run.options.job_id;
  auto job = co_await ports.job_store.job(call.scope, job_id);
  if (!job || !*job || !is_routine_job(**job)) co_return;
  auto notes = co_await ports.store.routine_run(call.scope, job_id);
  if (!notes || !*notes) co_return;
  const auto run = routine_run_of(**job, std::move(*notes));
  if (!run) co_return;
  Json details = {
      {"tool", call.call.tool}, {"call_id", call.call.tool_call_id}, {"reason", call.call.result}};
  ports.notices.publish(
      routine_notice(NoticeKind::routine_tool_denied, *run, call.at, std::move(details)));
}

// --- storing ------------------------------------------------------------------------------------

// conflict when somebody has paused or decided on the run meanwhile.
Task<Result<void>> RoutineHandler::put(AttemptPtr attempt, std::size_t waiting_max) {
  RoutineRunNotes& notes = attempt->notes();
  ++notes.revision;
  Unit unit{.scope = attempt->who.scope, .account = account_of(attempt->who)};
  unit.changes.emplace_back(
      routine_change(PutRoutineRun{.notes = notes, .waiting_max = waiting_max}));
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (stored) co_return Result<void>();
  --notes.revision;
  co_return fail(std::move(stored.error()));
}

// What it has come to does not get lost because somebody has added an artifact meanwhile. conflict
// when the run was paused.
Task<Result<void>> RoutineHandler::put_merged(AttemptPtr attempt) {
  for (int tries = 1;; ++tries) {
    auto stored = co_await put(attempt);
    const bool again = !stored && stored.error().kind == ErrorKind::conflict &&
                       tries < limits::change_attempts_max;
    if (!again) co_return stored;
    auto now = co_await ports_.store.routine_run(attempt->who.scope, attempt->job().id);
    if (!now) co_return fail(std::move(now.error()));
    RoutineRunNotes& notes = attempt->notes();
    const bool is_ours = *now && (*now)->thread_id == notes.thread_id &&
                         (*now)->paused_reason.empty() && (*now)->end == RoutineRunEnd::none;
    if (!is_ours) co_return stored;
    notes.revision = (*now)->revision;
    for (RoutineArtifact& one : (*now)->artifacts) {
      const bool known =
          std::ranges::find(notes.artifacts, one.id, &RoutineArtifact::id) != notes.artifacts.end();
      if (!known) notes.artifacts.push_back(std::move(one));
    }
  }
}

// What the store cannot take or say just now is no fault of the run's: it goes on later.
JobStep RoutineHandler::failed_or_later(base::Error error) const {
  if (error.kind == ErrorKind::conflict) return overtaken();
  if (!error.retryable) return JobFailed{.error = std::move(error)};
  return JobParked{.until = ports_.clock.now() + start_retry_pause};
}

JobParked RoutineHandler::parked(std::string waits_for) const {
  return {.waits_for = std::move(waits_for),
          .until = ports_.clock.now() + limits::routine_run_time_max};
}

// Ends it without a session of its own having ended.
Task<JobStep> RoutineHandler::give_up(AttemptPtr attempt, std::string why, NoticeKind kind) {
  attempt->notes().detail = why;
  auto stored = co_await put_merged(attempt);
  if (!stored) co_return failed_or_later(std::move(stored.error()));
  tell_when_ended(*attempt, kind, {{"reason", why}});
  co_return final_failure(std::move(why));
}

// --- an attempt ---------------------------------------------------------------------------------

Task<JobStep> RoutineHandler::run(JobContext context) {
  auto attempt = std::make_shared<Attempt>(std::move(context));
  const Job& job = attempt->job();
  auto notes = co_await ports_.store.routine_run(attempt->who.scope, job.id);
  if (!notes) co_return failed_or_later(std::move(notes.error()));
  auto run = routine_run_of(job, std::move(*notes));
  if (!run) co_return final_failure(std::move(run.error().message));
  attempt->run = std::move(*run);
  auto routine = co_await ports_.store.routine(attempt->who.scope, attempt->who.user_id,
                                               attempt->run.routine_id);
  if (!routine) co_return failed_or_later(std::move(routine.error()));
  attempt->is_gone = !*routine;
  if (*routine) {
    attempt->granted = in_both(attempt->run.task.allowed_tools, (*routine)->task.allowed_tools);
  }
  auto decided = co_await open(attempt);
  if (decided) co_return std::move(*decided);
  if (!attempt->notes().run_id.empty()) {
    auto followed = co_await follow(attempt);
    co_return followed;
  }
  auto begun = co_await begin(attempt);
  co_return begun;
}

// The first look at a run: it is told of, and whether it may begin is decided.
Task<std::optional<JobStep>> RoutineHandler::open(AttemptPtr attempt) {
  RoutineRunNotes& notes = attempt->notes();
  if (notes.end != RoutineRunEnd::none) {
    std::string why = notes.detail;
    co_return final_failure(std::move(why));
  }
  if (!notes.run_id.empty() || !notes.thread_id.empty()) co_return std::nullopt;
  const bool is_new = !std::exchange(notes.is_told, true);
  const RoutineGate gate = gate_of(attempt->run.task);
  const bool asks = gate == RoutineGate::asks && !notes.is_approved;
  if (gate == RoutineGate::blocks) {
    notes.end = RoutineRunEnd::blocked;
    notes.detail = std::string(routine_blocked_reason);
  }
  if (is_new) {
    auto stored = co_await put(attempt);
    if (!stored) co_return failed_or_later(std::move(stored.error()));
    if (gate == RoutineGate::runs) co_await tell_fired(attempt);
    tell(*attempt, NoticeKind::routine_run_created);
  }
  if (gate == RoutineGate::blocks) {
    auto blocked =
        co_await give_up(attempt, std::string(routine_blocked_reason), NoticeKind::routine_blocked);
    co_return blocked;
  }
  if (asks) {
    tell(*attempt, NoticeKind::routine_approval_required);
    co_return parked(std::string(until_approved));
  }
  if (!attempt->is_gone) co_return std::nullopt;
  auto gone = co_await give_up(attempt, "the routine was deleted", NoticeKind::routine_run_failed);
  co_return gone;
}

Task<void> RoutineHandler::tell_fired(AttemptPtr attempt) {
  Json details = Json::object();
  auto schedule =
      co_await ports_.job_store.schedule(attempt->who.scope, attempt->job().origin.schedule_id);
  if (schedule && *schedule && (*schedule)->next_due_at) {
    details["next_due_at"] = (*schedule)->next_due_at->micros;
  }
  tell(*attempt, NoticeKind::routine_fired, std::move(details));
}

// The session is named before it is made, so that there is never a second one.
Task<JobStep> RoutineHandler::begin(AttemptPtr attempt) {
  RoutineRunNotes& notes = attempt->notes();
  if (attempt->context.stop.stop_requested() || attempt->context.server_stops.stop_requested()) {
    co_return overtaken();
  }
  if (notes.thread_id.empty()) {
    auto waits = co_await take_lead(attempt);
    if (waits) co_return std::move(*waits);
  }
  auto run = co_await run_in(attempt);
  if (!run) {
    // Too much is under way, or the store or the server is not ready: later.
    const bool is_busy =
        run.error().kind == ErrorKind::rate_limited || run.error().kind == ErrorKind::unavailable;
    const bool is_unknown = !missing_provider_of(run.error()).empty();
    const bool later = run.error().retryable || (is_busy && !is_unknown);
    if (later) {
      const auto pause = run.error().retry_after.value_or(start_retry_pause);
      co_return JobParked{.until = ports_.clock.now() + pause};
    }
    auto failed =
        co_await give_up(attempt, std::move(run.error().message), NoticeKind::routine_run_failed);
    co_return failed;
  }
  notes.run_id = run->id;
  notes.last_thread_id = notes.thread_id;
  notes.detail = "routine run started";
  auto stored = co_await put_merged(attempt);
  if (!stored) {
    const bool is_overtaken = stored.error().kind == ErrorKind::conflict;
    if (!is_overtaken) co_return failed_or_later(std::move(stored.error()));
    [[maybe_unused]] const auto asked = co_await ports_.runs.cancel(attempt->who, run->id);
    co_return overtaken();
  }
  attempt->run.state = RoutineRunState::running;
  attempt->run.started_at = ports_.clock.now();
  tell(*attempt, NoticeKind::routine_run_started);
  tell(*attempt, NoticeKind::routine_model_selected,
       {{"provider", run->settings.provider.value_or("")},
        {"model", run->settings.model.value_or("")},
        {"from_policy", routine_model(attempt->run.task).model.has_value()}});
  co_return parked(until_run_moves(run->id));
}

// The session is named with it. nullopt: the run leads the line of its routine; else it has to
// wait, or is left out.
Task<std::optional<JobStep>> RoutineHandler::take_lead(AttemptPtr attempt) {
  RoutineRunNotes& notes = attempt->notes();
  for (int tries = 1; tries <= limits::change_attempts_max; ++tries) {
    const RoutineRunNotes before = notes;
    notes.thread_id = base::new_id(ports_.clock.now());
    notes.line = RoutineLine::leads;
    auto taken = co_await put(attempt);
    if (taken) co_return std::nullopt;
    notes = before;
    if (taken.error().field != routine_line_field) {
      co_return failed_or_later(std::move(taken.error()));
    }
    auto ahead = co_await ports_.store.run_before(notes.scope, notes.owner, notes.routine_id,
                                                  attempt->job().id);
    if (!ahead) co_return failed_or_later(std::move(ahead.error()));
    if (!*ahead) continue;  // it has just ended
    auto waits = co_await wait_in_line(attempt, std::move(**ahead));
    co_return waits;
  }
  co_return JobParked{.until = ports_.clock.now() + start_retry_pause};
}

// Parked behind the run that is before it in line. Whoever ends that one, or pauses it, wakes it.
Task<JobStep> RoutineHandler::wait_in_line(AttemptPtr attempt, std::string run_before) {
  RoutineRunNotes& notes = attempt->notes();
  const bool gets_in_line = notes.line != RoutineLine::waits;
  if (gets_in_line || notes.detail.empty()) {
    auto most = co_await waiting_max(attempt);
    if (!most) co_return failed_or_later(std::move(most.error()));
    notes.line = RoutineLine::waits;
    notes.detail = routine_run_waits;
    auto noted = co_await put(attempt, *most);
    if (!noted && noted.error().field == routine_waiting_field) {
      notes.line = RoutineLine::none;
      notes.end = RoutineRunEnd::cancelled;
      auto left_out = co_await give_up(attempt, std::string(routine_run_skipped),
                                       NoticeKind::routine_run_failed);
      co_return left_out;
    }
    if (!noted) co_return failed_or_later(std::move(noted.error()));
  }
  JobParked out{.waits_for = until_job_ends(run_before)};
  out.changes.emplace_back(
      routine_change(WatchRoutineLine{.job_id = std::move(run_before), .at = ports_.clock.now()}));
  co_return out;
}

// How many runs may wait already, for this one to wait, too. A due time that comes while a run is
// under way is one that nobody could see to: the schedule's rule for those says what is made good.
Task<Result<std::size_t>> RoutineHandler::waiting_max(AttemptPtr attempt) {
  const std::string schedule_id = attempt->job().origin.schedule_id;
  if (schedule_id.empty()) co_return limits::routine_runs_waiting_max;
  auto schedule = co_await ports_.job_store.schedule(attempt->who.scope, schedule_id);
  if (!schedule) co_return fail(std::move(schedule.error()));
  const Misfire misfire = *schedule ? (*schedule)->misfire : Misfire{};
  switch (misfire.rule) {
    case MisfireRule::skip: co_return std::size_t{0};
    case MisfireRule::run_once: break;
    case MisfireRule::catch_up:
      co_return std::min(static_cast<std::size_t>(misfire.times_max),
                         limits::routine_runs_waiting_max);
  }
  co_return std::size_t{1};
}

// The agent's run in the session: the one that an earlier attempt began, or a new one.
Task<Result<Run>> RoutineHandler::run_in(AttemptPtr attempt) {
  const std::string thread_id = attempt->notes().thread_id;
  auto thread = co_await ports_.threads.get(attempt->who, thread_id);
  if (!thread && thread.error().kind != ErrorKind::not_found) {
    co_return fail(std::move(thread.error()));
  }
  if (thread) {
    auto before = co_await ports_.runs.newest_in(attempt->who, thread_id);
    if (!before) co_return fail(std::move(before.error()));
    if (*before) co_return std::move((*before)->run);
  } else {
    NewThread input{.title = routine_label(attempt->run.routine_id), .id = thread_id};
    auto made = co_await ports_.threads.create(attempt->who, std::move(input));
    if (!made) co_return fail(std::move(made.error()));
  }
  auto run = co_await start_agent(attempt);
  co_return run;
}

// The run wakes the job in the transaction that ends it.
Task<Result<Run>> RoutineHandler::start_agent(AttemptPtr attempt) {
  const RoutineTask& task = attempt->run.task;
  NewMessage message{.thread_id = attempt->notes().thread_id,
                     .parts = {TextPart{.text = routine_prompt(task)}},
                     .settings = routine_model(task)};
  message.options.job_id = attempt->job().id;
  message.options.automation_id = attempt->run.routine_id;
  message.options.asks_nobody = !options_.asks;
  if (!attempt->granted.empty()) {
    message.options.grant =
        WorkGrant{.by = routine_label(attempt->run.routine_id), .tools = attempt->granted};
  }
  if (!task.allowed_tools.empty()) message.options.tools = attempt->granted;
  base::Lane* lane = attempt->context.lane;
  auto run = co_await ports_.runs.start(attempt->who, std::move(message), *lane);
  co_return run;
}

// --- its end ------------------------------------------------------------------------------------

Task<bool> RoutineHandler::may_go_on(Job job) {
  auto notes = co_await ports_.store.routine_run(job.owner.scope, job.id);
  if (!notes || !*notes || (*notes)->run_id.empty()) co_return false;
  const Principal who(job.owner.scope, job.owner.user_id, UserRole::member);
  auto detail = co_await ports_.runs.read(who, (*notes)->run_id);
  if (!detail) co_return detail.error().kind == ErrorKind::not_found;
  co_return is_terminal(detail->run.state);
}

Task<void> RoutineHandler::stopped(Job job) {
  auto notes = co_await ports_.store.routine_run(job.owner.scope, job.id);
  if (notes && *notes && !(*notes)->run_id.empty()) {
    const Principal who(job.owner.scope, job.owner.user_id, UserRole::member);
    // not_found: it has just ended by itself
    [[maybe_unused]] const auto asked = co_await ports_.runs.cancel(who, (*notes)->run_id);
  }
  const bool by_time = job.state == JobState::failed && job.error.failure != JobFailure::error;
  if (by_time || job.state == JobState::cancelled) co_await note_end(std::move(job));
}

// Somebody has cancelled the job itself, or time has ended it. Nothing when that was noted already.
Task<void> RoutineHandler::note_end(Job job) {
  const bool is_cancelled = job.state == JobState::cancelled;
  const std::string why =
      job.error.message.empty() ? "the run was cancelled" : std::string(job.error.message);
  for (int tries = 1;; ++tries) {
    auto notes = co_await ports_.store.routine_run(job.owner.scope, job.id);
    if (!notes || !*notes || (*notes)->end != RoutineRunEnd::none) co_return;
    if ((*notes)->detail == why) co_return;
    if (is_cancelled) (*notes)->end = RoutineRunEnd::cancelled;
    (*notes)->detail = why;
    ++(*notes)->revision;
    Unit unit{.scope = job.owner.scope, .account = account_of(job.owner.scope, job.owner.user_id)};
    unit.changes.emplace_back(routine_change(PutRoutineRun{.notes = **notes}));
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (stored) {
      auto run = routine_run_of(job, std::move(*notes));
      if (!run) co_return;
      ports_.notices.publish(routine_notice(NoticeKind::routine_run_failed, *run,
                                            ports_.clock.now(), {{"reason", why}}));
      co_return;
    }
    const bool again =
        stored.error().kind == ErrorKind::conflict && tries < limits::change_attempts_max;
    if (again) continue;
    // The job says why it has ended, whoever asks.
    base::log::warn("routine_end_not_told", {{"run", job.id}, {"error", stored.error().message}});
    co_return;
  }
}

Task<JobStep> RoutineHandler::follow(AttemptPtr attempt) {
  const std::string run_id = attempt->notes().run_id;
  auto detail = co_await ports_.runs.read(attempt->who, run_id);
  if (!detail && detail.error().kind == ErrorKind::not_found) {
    auto failed = co_await give_up(attempt, "the session of the run was deleted",
                                   NoticeKind::routine_run_failed);
    co_return failed;
  }
  if (!detail) co_return failed_or_later(std::move(detail.error()));
  if (!is_terminal(detail->run.state)) co_return parked(until_run_moves(run_id));
  auto finished = co_await finish(attempt, std::move(*detail));
  co_return finished;
}

Task<JobStep> RoutineHandler::finish(AttemptPtr attempt, RunDetail detail) {
  RoutineRunNotes& notes = attempt->notes();
  const Run& run = detail.run;
  notes.prompt_tokens = run.usage.input_tokens;
  notes.completion_tokens = run.usage.output_tokens;
  notes.cost_micros = run.cost_micros;
  if (run.state == RunState::cancelled) notes.end = RoutineRunEnd::cancelled;
  const bool succeeded = run.state == RunState::succeeded;
  notes.detail = succeeded ? "routine run completed" : run.error;
  const std::size_t known = notes.artifacts.size();
  if (succeeded) co_await outputs_.keep(attempt->who, &attempt->run, detail);
  auto stored = co_await put_merged(attempt);
  // The account has no room for more files, or they are nobody's: the run is done all the same.
  const bool no_files = !stored && (stored.error().kind == ErrorKind::too_large ||
                                    stored.error().field == routine_files_field);
  if (no_files) {
    co_await outputs_.leave_out(attempt->who, &attempt->run, known, stored.error().message);
    stored = co_await put_merged(attempt);
  }
  if (!stored && stored.error().kind == ErrorKind::conflict) {
    co_await outputs_.leave_out(attempt->who, &attempt->run, known, "the run was paused");
  }
  if (!stored) co_return failed_or_later(std::move(stored.error()));
  tell_of_artifacts(*attempt, known);
  attempt->run.finished_at = ports_.clock.now();
  attempt->run.state = succeeded                          ? RoutineRunState::completed
                       : run.state == RunState::cancelled ? RoutineRunState::cancelled
                                                          : RoutineRunState::failed;
  if (!succeeded) {
    std::string why = run.error.empty() ? "the run was cancelled" : run.error;
    tell_when_ended(*attempt, NoticeKind::routine_run_failed, {{"reason", why}});
    co_return final_failure(std::move(why));
  }
  tell_when_ended(*attempt, NoticeKind::routine_run_completed, nullptr);
  co_return JobDone{.output = base::to_text({{"thread", notes.thread_id}, {"run", run.id}})};
}

}  // namespace colonnade::core
