// Data and requests of routines and automations, which are the same things in two families of
// routes. Include colonnade/tandem.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::tandem {

using colonnade::Timestamp;

// /routines… or /automations….
enum class Family { routines, automations };

// What becomes of times that passed while nothing could run.
enum class MisfirePolicy { run_once, skip, catch_up };

struct Interval {
  std::chrono::seconds every{0};
  friend bool operator==(const Interval&, const Interval&) = default;
};

// Only when somebody asks for it. A real engine of 0.4.6 has no such form.
struct Manual {
  friend bool operator==(const Manual&, const Manual&) = default;
};

// When a routine runs: a cron text of five fields ("0 8 * * *") or more, an interval, by hand, or
// any form that the server knows.
class COLONNADE_API Schedule {
 public:
  using Value = std::variant<std::monostate, std::string, Interval, Manual, Json>;

  Schedule() = default;  // none
  Schedule(const char* cron) : value_(std::string(cron)) {}
  Schedule(std::string cron) : value_(std::move(cron)) {}
  Schedule(Interval interval) : value_(interval) {}
  Schedule(Manual manual) : value_(manual) {}
  Schedule(Json form) : value_(std::move(form)) {}

  const Value& value() const noexcept { return value_; }
  bool empty() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  // The cron text; null when it is another form.
  const std::string* cron() const noexcept { return std::get_if<std::string>(&value_); }
  const Interval* interval() const noexcept { return std::get_if<Interval>(&value_); }
  bool manual() const noexcept { return std::holds_alternative<Manual>(value_); }
  // For people: the cron text, "every 3600 s", "manual", or the form as JSON.
  std::string text() const;

  friend bool operator==(const Schedule&, const Schedule&) = default;

 private:
  Value value_{};
};

// What is empty or not set is not sent.
struct CreateRoutine {
  std::string name{};
  Schedule schedule{};
  std::string prompt{};  // what to do
  // What it may use unasked, by its creator's word; what is denied stays denied.
  std::vector<std::string> allowed_tools{};
  std::string timezone{};  // IANA; UTC without one
  std::optional<MisfirePolicy> misfire_policy{};
  std::optional<std::int64_t> catch_up_max{};  // runs, of MisfirePolicy::catch_up
  std::string entrypoint{};                    // in place of a prompt
  Json args{};
  std::vector<std::string> output_targets{};  // URIs of what a run leaves behind
  std::optional<bool> requires_approval{};
  std::optional<bool> external_integrations_allowed{};
  std::optional<Timestamp> next_fire_at{};
  std::string routine_id{};
  // Of automations alone.
  std::string mode{};  // standalone, orchestrated
  std::vector<std::string> success_criteria{};
  std::string briefing{};
  Json more{};  // an object: other members, sent as they are: `creator_id`, `model_policy`
};

// What is to change; the rest stays. Empty texts and lists that are set take away.
struct UpdateRoutine {
  std::optional<bool> paused{};
  std::optional<std::string> name{};
  Schedule schedule{};
  std::optional<std::string> prompt{};
  std::optional<std::vector<std::string>> allowed_tools{};
  std::optional<std::string> timezone{};
  std::optional<MisfirePolicy> misfire_policy{};
  std::optional<std::int64_t> catch_up_max{};
  std::optional<std::vector<std::string>> output_targets{};
  std::optional<bool> requires_approval{};
  std::optional<bool> external_integrations_allowed{};
  std::optional<Timestamp> next_fire_at{};
  Json more{};  // an object: other members, sent as they are
};

struct Routine {
  std::string id{};
  std::string name{};
  std::string status{};  // enabled, paused; "active" of an engine is enabled
  Schedule schedule{};
  std::string timezone{};
  MisfirePolicy misfire_policy = MisfirePolicy::run_once;
  std::optional<std::int64_t> catch_up_max{};
  // What it does, wherever the server keeps it: the objective of an automation's mission, the
  // argument `prompt`, or the entrypoint.
  std::string prompt{};
  std::string entrypoint{};
  Json args{};
  // The next four come from an automation's policy, too.
  std::vector<std::string> allowed_tools{};
  std::vector<std::string> output_targets{};
  bool requires_approval = false;
  bool external_integrations_allowed = false;
  std::string creator_type{};
  std::string creator_id{};
  // Of automations; null or "" for routines.
  std::string mode{};
  Json mission{};
  Json policy{};
  std::optional<Timestamp> next_fire_at{};
  std::optional<Timestamp> last_fired_at{};
  Json extra{};

  bool paused() const noexcept { return status == "paused"; }
};

// Something that a run left behind, by its URI.
struct RunArtifact {
  std::string artifact_id{};
  std::string uri{};
  std::string kind{};
  std::string label{};
  Timestamp created_at{};
  // Where artifact_content() finds its bytes; "" when the server does not keep them.
  std::string content_path{};
  Json metadata{};
  Json extra{};
};

struct AddArtifact {
  std::string uri{};
  std::string kind{};
  std::string label{};
  Json metadata{};
};

// completed, failed, cancelled, denied, blocked_policy.
COLONNADE_API bool is_terminal_routine_status(std::string_view status) noexcept;

struct RoutineRun {
  std::string run_id{};
  std::string routine_id{};
  std::string trigger_type{};  // manual, scheduled
  std::int64_t run_count = 0;  // due times that it makes good
  // queued, pending_approval, running, paused, blocked_policy, denied, completed, failed, cancelled
  std::string status{};
  Timestamp created_at{};
  std::optional<Timestamp> updated_at{};
  std::optional<Timestamp> fired_at{};
  std::optional<Timestamp> started_at{};
  std::optional<Timestamp> finished_at{};
  bool requires_approval = false;
  std::string approval_reason{};
  std::string denial_reason{};
  std::string paused_reason{};
  std::string detail{};
  std::string entrypoint{};
  Json args{};
  std::vector<std::string> allowed_tools{};
  std::vector<std::string> output_targets{};
  std::vector<RunArtifact> artifacts{};
  std::vector<std::string> active_session_ids{};
  std::string latest_session_id{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
  double estimated_cost_usd = 0;
  Json extra{};

  bool finished() const noexcept { return is_terminal_routine_status(status); }
  bool succeeded() const noexcept { return status == "completed"; }
  bool waits_for_approval() const noexcept { return status == "pending_approval"; }
};

struct RunNow {
  bool ok = false;
  std::string run_id{};
  std::string status{};  // of the run; "" where it waits for approval and the server leaves it out
  Json extra{};
};

struct RoutineHistoryEntry {
  std::string trigger_type{};
  std::int64_t run_count = 0;
  std::string status{};
  std::string detail{};
  Timestamp fired_at{};
  Json extra{};
};

}  // namespace colonnade::inline v1::tandem
