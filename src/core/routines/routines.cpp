#include "core/routines/routines.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/visibility.hpp"
#include "core/routines/routine_runs.hpp"
#include "core/routines/routine_text.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

// What stands in the place of an id in the paths of clients.
constexpr std::array<std::string_view, 4> routine_path_words = {"runs", "events", "v2", "run"};

std::unexpected<base::Error> no_such_routine(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no routine \"" + std::string(base::cut_utf8(id, 64)) + '"', "");
}

Result<void> check_id(const std::string& id) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-:").contains(c);
  };
  if (id.empty() || id.size() > limits::routine_id_bytes_max ||
      !std::ranges::all_of(id, is_plain) ||
      std::ranges::find(routine_path_words, id) != routine_path_words.end()) {
    return fail(ErrorKind::invalid,
                "an id has 1 to " + std::to_string(limits::routine_id_bytes_max) +
                    " letters, digits and any of . _ - :, and is none of runs, run, events, v2",
                "routine_id");
  }
  return {};
}

Result<void> check_texts(const std::vector<std::string>& texts, std::size_t max,
                         const char* field) {
  const auto is_blank = [](const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
  };
  if (texts.size() > max || std::ranges::any_of(texts, is_blank)) {
    return fail(
        ErrorKind::invalid,
        std::string(field) + " has at most " + std::to_string(max) + " texts, none of them empty",
        field);
  }
  return {};
}

Result<void> check_routine(const Routine& routine) {
  if (routine.name.find_first_not_of(" \t\r\n") == std::string::npos ||
      routine.name.size() > limits::routine_name_bytes_max) {
    return fail(ErrorKind::invalid,
                "a name has 1 to " + std::to_string(limits::routine_name_bytes_max) + " bytes",
                "name");
  }
  const RoutineTask& task = routine.task;
  if (!task.arguments.is_object()) {
    return fail(ErrorKind::invalid, "args must be an object", "args");
  }
  if (auto fits = check_texts(task.allowed_tools, limits::routine_tools_max, "allowed_tools");
      !fits) {
    return fits;
  }
  if (auto fits = check_texts(task.output_targets, limits::routine_targets_max, "output_targets");
      !fits) {
    return fits;
  }
  const std::size_t bytes = definition_text(routine).size();
  if (bytes > limits::routine_definition_bytes_max) {
    return fail(ErrorKind::too_large,
                "a routine has " + std::to_string(bytes) + " bytes, more than " +
                    std::to_string(limits::routine_definition_bytes_max) + "; shorten args",
                "args");
  }
  return {};
}

// Each tool once, in the order of their names.
void tidy_lists(RoutineTask& task) {
  std::ranges::sort(task.allowed_tools);
  const auto repeated = std::ranges::unique(task.allowed_tools);
  task.allowed_tools.erase(repeated.begin(), repeated.end());
}

void apply_update(Routine& routine, const RoutineUpdate& input) {
  RoutineTask& task = routine.task;
  if (input.name) routine.name = *input.name;
  if (input.is_active) routine.is_active = *input.is_active;
  if (input.creator_type) routine.creator_type = *input.creator_type;
  if (input.creator_id) routine.creator_id = *input.creator_id;
  if (input.entrypoint) task.entrypoint = *input.entrypoint;
  if (input.arguments) task.arguments = *input.arguments;
  if (input.allowed_tools) task.allowed_tools = *input.allowed_tools;
  if (input.output_targets) task.output_targets = *input.output_targets;
  if (input.requires_approval) task.requires_approval = *input.requires_approval;
  if (input.external_integrations_allowed) {
    task.external_integrations_allowed = *input.external_integrations_allowed;
  }
  tidy_lists(task);
}

bool grants_otherwise(const RoutineTask& before, const RoutineTask& after) {
  return before.allowed_tools != after.allowed_tools ||
         before.requires_approval != after.requires_approval ||
         before.external_integrations_allowed != after.external_integrations_allowed;
}

std::unexpected<base::Error> taken(const std::string& id) {
  return fail(ErrorKind::invalid, "you have a routine \"" + id + "\" already; choose another id",
              "routine_id");
}

bool is_taken(const base::Error& error) {
  return error.kind == ErrorKind::conflict && error.field == routine_revision_field;
}

}  // namespace

void Routines::tell(NoticeKind kind, const Routine& routine) const {
  ports_.notices.publish({.scope = routine.scope,
                          .owner = routine.owner,
                          .kind = kind,
                          .subject = routine.id,
                          .details = {{"name", routine.name}},
                          .at = ports_.clock.now()});
}

void Routines::audit(std::vector<Change>& into, const Principal& who, const Routine& routine,
                     std::string_view what) const {
  const RoutineTask& task = routine.task;
  Json details = {{"change", what},
                  {"name", routine.name},
                  {"owner", routine.owner},
                  {"allowed_tools", task.allowed_tools},
                  {"requires_approval", task.requires_approval},
                  {"external_integrations_allowed", task.external_integrations_allowed}};
  into.emplace_back(AppendAudit{AuditEntry{.kind = std::string(audit_kind::routine),
                                           .actor = who.user_id,
                                           .subject = routine.id,
                                           .details = ports_.redaction.apply(std::move(details)),
                                           .at = ports_.clock.now()}});
}

Task<Result<ScheduledRoutine>> Routines::create(Principal who, NewRoutine input,
                                                AlsoWithRoutine also_with) {
  const Time now = ports_.clock.now();
  if (input.id.empty()) input.id = input.id_prefix + base::uuid_form(base::new_id(now));
  if (auto fits = check_id(input.id); !fits) co_return fail(fits.error());
  ScheduledRoutine out{.routine = {.id = std::move(input.id),
                                   .scope = who.scope,
                                   .owner = who.user_id,
                                   .is_active = input.is_active,
                                   .revision = 1,
                                   .created_at = now,
                                   .updated_at = now,
                                   .name = std::move(input.name),
                                   .task = std::move(input.task),
                                   .creator_type = std::move(input.creator_type),
                                   .creator_id = std::move(input.creator_id)}};
  Routine& routine = out.routine;
  tidy_lists(routine.task);
  if (auto fits = check_routine(routine); !fits) co_return fail(fits.error());
  if (input.timing) routine.schedule_id = base::new_id(now);
  std::vector<Change> also;
  also.emplace_back(routine_change(PutRoutine{.routine = routine}));
  audit(also, who, routine, "created");
  if (also_with) {
    for (Change& one : also_with(routine)) also.push_back(std::move(one));
  }
  if (!input.keyed_request_id.empty()) {
    also.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), routine.id});
  }
  if (input.timing) {
    NewSchedule wanted{.id = routine.schedule_id,
                       .name = routine.name,
                       .job = routine_job(routine),
                       .timing = std::move(*input.timing),
                       .misfire = input.misfire,
                       .is_active = input.is_active,
                       .first_due_at = input.first_due_at};
    auto made = co_await ports_.schedules.create(who, std::move(wanted), std::move(also));
    if (!made && is_taken(made.error())) co_return taken(routine.id);
    if (!made) co_return fail(std::move(made.error()));
    out.schedule = std::move(*made);
  } else {
    Unit unit{.scope = who.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (!stored && is_taken(stored.error())) co_return taken(routine.id);
    if (!stored) co_return fail(std::move(stored.error()));
  }
  tell(NoticeKind::routine_created, routine);
  co_return out;
}

Task<Result<Routine>> Routines::find(Principal who, std::string id) {
  auto own = co_await ports_.store.routine(who.scope, who.user_id, id);
  if (!own) co_return fail(std::move(own.error()));
  if (*own) co_return std::move(**own);
  auto seen = co_await ports_.store.routine(who.scope, owner_seen_by(who), id);
  if (!seen) co_return fail(std::move(seen.error()));
  if (!*seen) co_return no_such_routine(id);
  co_return std::move(**seen);
}

Task<Result<ScheduledRoutine>> Routines::with_schedule(Principal who, Routine routine) {
  ScheduledRoutine out{.routine = std::move(routine)};
  if (out.routine.schedule_id.empty()) co_return out;
  auto schedule = co_await ports_.schedules.get(std::move(who), out.routine.schedule_id);
  if (schedule) {
    out.schedule = std::move(*schedule);
  } else if (schedule.error().kind != ErrorKind::not_found) {
    co_return fail(std::move(schedule.error()));
  }
  co_return out;
}

Task<Result<ScheduledRoutine>> Routines::get(Principal who, std::string id) {
  auto routine = co_await find(who, std::move(id));
  if (!routine) co_return fail(std::move(routine.error()));
  auto out = co_await with_schedule(std::move(who), std::move(*routine));
  co_return out;
}

Task<Result<std::vector<ScheduledRoutine>>> Routines::list(Principal who) {
  std::vector<ScheduledRoutine> out;
  std::string after_owner;
  std::string after_id;
  for (;;) {
    auto page = co_await ports_.store.routines(who.scope, owner_seen_by(who), after_owner, after_id,
                                               limits::page_rows_max);
    if (!page) co_return fail(std::move(page.error()));
    for (Routine& routine : *page) {
      after_owner = routine.owner;
      after_id = routine.id;
      auto one = co_await with_schedule(who, std::move(routine));
      if (!one) co_return fail(std::move(one.error()));
      out.push_back(std::move(*one));
      if (out.size() == limits::list_rows_max) co_return out;
    }
    if (page->size() < limits::page_rows_max) co_return out;
  }
}

// The routine's row is written with whatever becomes of its schedule.
Task<Result<void>> Routines::store_update(Principal who, ScheduledRoutine before, Routine after,
                                          RoutineUpdate input) {
  const bool drops = input.drops_timing && before.schedule;
  const bool adds = input.timing && !before.schedule;
  if (adds) after.schedule_id = base::new_id(ports_.clock.now());
  if (drops) after.schedule_id.clear();
  std::vector<Change> also;
  also.emplace_back(routine_change(PutRoutine{.routine = after}));
  if (grants_otherwise(before.routine.task, after.task)) audit(also, who, after, "changed");
  Result<void> done;
  if (drops) {
    done = co_await ports_.schedules.remove(who, before.schedule->id, std::move(also));
  } else if (adds) {
    NewSchedule wanted{.id = after.schedule_id,
                       .name = after.name,
                       .job = routine_job(after),
                       .timing = std::move(*input.timing),
                       .misfire = input.misfire.value_or(Misfire{}),
                       .is_active = after.is_active,
                       .first_due_at = input.next_due_at};
    const Principal owner(after.scope, after.owner, UserRole::member);
    auto made = co_await ports_.schedules.create(owner, std::move(wanted), std::move(also));
    if (!made) done = fail(std::move(made.error()));
  } else if (before.schedule) {
    ScheduleUpdate wanted{.name = after.name,
                          .job = routine_job(after),
                          .timing = std::move(input.timing),
                          .misfire = input.misfire,
                          .is_active = input.is_active,
                          .next_due_at = input.next_due_at};
    if (input.zone) {
      if (!wanted.timing) wanted.timing = before.schedule->timing;
      wanted.timing->zone = *input.zone;
    }
    auto made = co_await ports_.schedules.update(who, before.schedule->id, std::move(wanted),
                                                 std::move(also));
    if (!made) done = fail(std::move(made.error()));
  } else {
    Unit unit{.scope = after.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (!stored) done = fail(std::move(stored.error()));
  }
  co_return done;
}

Task<Result<ScheduledRoutine>> Routines::update(Principal who, std::string id,
                                                RoutineUpdate input) {
  for (int attempt = 1;; ++attempt) {
    auto before = co_await get(who, id);
    if (!before) co_return before;
    Routine after = before->routine;
    apply_update(after, input);
    if (auto fits = check_routine(after); !fits) co_return fail(fits.error());
    after.updated_at = ports_.clock.now();
    ++after.revision;
    auto stored = co_await store_update(who, std::move(*before), after, input);
    if (stored) {
      tell(NoticeKind::routine_updated, after);
      auto changed = co_await get(std::move(who), std::move(id));
      co_return changed;
    }
    const bool again =
        stored.error().kind == ErrorKind::conflict && attempt < limits::change_attempts_max;
    if (!again) co_return fail(std::move(stored.error()));
  }
}

Task<Result<Routine>> Routines::remove(Principal who, std::string id, std::vector<Change> also) {
  auto found = co_await get(who, std::move(id));
  if (!found) co_return fail(std::move(found.error()));
  const Routine routine = found->routine;
  also.emplace_back(routine_change(RemoveRoutine{.owner = routine.owner, .id = routine.id}));
  audit(also, who, routine, "removed");
  Result<void> done;
  if (found->schedule) {
    done = co_await ports_.schedules.remove(who, found->schedule->id, std::move(also));
  } else {
    Unit unit{.scope = routine.scope, .account = account_of(who), .changes = std::move(also)};
    auto stored = co_await ports_.feed.commit(std::move(unit));
    if (!stored) done = fail(std::move(stored.error()));
  }
  if (!done) co_return fail(std::move(done.error()));
  tell(NoticeKind::routine_removed, routine);
  co_return routine;
}

}  // namespace colonnade::core
