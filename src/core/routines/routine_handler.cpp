#include "core/routines/routine_handler.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
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
constexpr std::string_view target_artifact_kind = "output";
constexpr std::string_view file_artifact_kind = "file";

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

// What Platos' artifacts call it; "" for what is none of theirs.
struct ArtifactForm {
  std::string kind{};
  std::string language{};
};
ArtifactForm form_of(std::string_view path) {
  struct Row {
    std::string_view ending;
    std::string_view kind;
    std::string_view language;
  };
  constexpr std::array<Row, 20> rows{{
      {".md", "markdown", ""},       {".markdown", "markdown", ""}, {".txt", "markdown", ""},
      {".html", "html", ""},         {".htm", "html", ""},          {".json", "json", ""},
      {".csv", "csv", ""},           {".svg", "svg", ""},           {".py", "code", "python"},
      {".js", "code", "javascript"}, {".ts", "code", "typescript"}, {".sh", "code", "bash"},
      {".cpp", "code", "cpp"},       {".hpp", "code", "cpp"},       {".c", "code", "c"},
      {".h", "code", "c"},           {".rs", "code", "rust"},       {".go", "code", "go"},
      {".java", "code", "java"},     {".sql", "code", "sql"},
  }};
  for (const Row& row : rows) {
    if (path.ends_with(row.ending)) return {std::string(row.kind), std::string(row.language)};
  }
  return {};
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

// --- storing ------------------------------------------------------------------------------------

// conflict when somebody has paused or decided on the run meanwhile.
Task<Result<void>> RoutineHandler::put(AttemptPtr attempt) {
  RoutineRunNotes& notes = attempt->notes();
  ++notes.revision;
  Unit unit{.scope = attempt->who.scope, .account = account_of(attempt->who)};
  unit.changes.emplace_back(routine_change(PutRoutineRun{.notes = notes}));
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
    notes.thread_id = base::new_id(ports_.clock.now());
    auto named = co_await put(attempt);
    if (!named) co_return failed_or_later(std::move(named.error()));
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
  if (succeeded) co_await keep_artifacts(attempt, detail);
  auto stored = co_await put_merged(attempt);
  if (!stored && stored.error().kind == ErrorKind::too_large) {
    // The account has no room for more files: the run is done all the same.
    std::erase_if(notes.artifacts, [](const RoutineArtifact& one) { return one.is_kept(); });
    notes.detail += "; its files are not kept: " + stored.error().message;
    stored = co_await put_merged(attempt);
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

// One for each place that the output goes to, and the files that the run has written.
Task<void> RoutineHandler::keep_artifacts(AttemptPtr attempt, RunDetail detail) {
  std::vector<RoutineArtifact>& artifacts = attempt->notes().artifacts;
  const base::Time now = ports_.clock.now();
  for (const std::string& target : attempt->run.task.output_targets) {
    const bool known = std::ranges::any_of(artifacts, [&](const RoutineArtifact& one) {
      return one.uri == target && one.kind == target_artifact_kind;
    });
    if (known || artifacts.size() >= limits::routine_artifacts_max) continue;
    artifacts.push_back({.id = base::new_id(now),
                         .uri = target,
                         .kind = std::string(target_artifact_kind),
                         .created_at = now});
  }
  co_await keep_written(attempt, std::move(detail));
}

Task<void> RoutineHandler::keep_written(AttemptPtr attempt, RunDetail detail) {
  auto thread = co_await ports_.threads.get(attempt->who, attempt->notes().thread_id);
  if (!thread) co_return;
  auto written = co_await ports_.written_files.written_by(std::move(*thread), detail.run.id);
  if (!written) {
    base::log::warn("routine_files_unreadable",
                    {{"run", attempt->job().id}, {"error", written.error().message}});
    attempt->notes().detail += "; the files that it has written could not be kept";
    co_return;
  }
  for (const std::string& note : written->notes) attempt->notes().detail += "; " + note;
  for (WrittenFile& file : written->files) {
    co_await make_artifact(attempt, detail, file);
    co_await keep_one(attempt, std::move(file));
  }
}

Task<void> RoutineHandler::keep_one(AttemptPtr attempt, WrittenFile file) {
  std::vector<RoutineArtifact>& artifacts = attempt->notes().artifacts;
  const std::string uri = "file://" + file.path;
  const bool known = std::ranges::any_of(
      artifacts, [&](const RoutineArtifact& one) { return one.uri == uri && one.is_kept(); });
  if (known || artifacts.size() >= limits::routine_artifacts_max) co_return;
  const base::Time now = ports_.clock.now();
  RoutineArtifact made{.id = base::new_id(now),
                       .uri = uri,
                       .kind = std::string(file_artifact_kind),
                       .label = file.path,
                       .metadata = {{"bytes", file.bytes.size()}, {"mime", mime_of(file.path)}},
                       .created_at = now,
                       .bytes = static_cast<std::int64_t>(file.bytes.size())};
  auto kept = co_await ports_.files.keep(account_of(attempt->who), made.id, std::move(file.bytes));
  if (!kept) {
    base::log::warn("routine_file_not_kept",
                    {{"run", attempt->job().id}, {"error", kept.error().message}});
    attempt->notes().detail += "; " + file.path + " could not be kept";
    co_return;
  }
  artifacts.push_back(std::move(made));
}

// What Platos' clients can show is an artifact of the session, too.
Task<void> RoutineHandler::make_artifact(AttemptPtr attempt, RunDetail detail, WrittenFile file) {
  const ArtifactForm form = form_of(file.path);
  const bool fits = !form.kind.empty() && !file.bytes.empty() &&
                    file.bytes.size() <= limits::artifact_content_bytes_max &&
                    base::is_valid_utf8(file.bytes);
  if (!fits) co_return;
  ArtifactPage page{.as_of = ports_.clock.now(), .limit = limits::artifact_rows_max};
  const std::string thread_id = attempt->notes().thread_id;
  auto there = co_await ports_.artifacts.list(attempt->who, thread_id, std::move(page));
  if (!there) co_return;
  // It was made by an attempt that did not end.
  if (std::ranges::find(*there, file.path, &Artifact::title) != there->end()) co_return;
  ArtifactPlace place{.scope = attempt->who.scope,
                      .user_id = attempt->who.user_id,
                      .thread_id = thread_id,
                      .run_id = detail.run.id};
  NewArtifact input{.kind = form.kind,
                    .content = std::move(file.bytes),
                    .title = file.path,
                    .language = form.language};
  const auto made = co_await ports_.artifacts.generate(std::move(place), std::move(input));
  if (!made) {
    base::log::warn("routine_artifact_not_made",
                    {{"run", attempt->job().id}, {"error", made.error().message}});
  }
}

}  // namespace colonnade::core
