// Data and requests of routines and automations, which are the same things in two families of
// routes. Include colonnade/tandem.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
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

// When a routine runs: a cron text of five fields ("0 8 * * *") or more, an interval, or any form
// that the server knows.
class Schedule {
 public:
  Schedule() = default;  // none
  Schedule(const char* cron) : value_(std::string(cron)) {}
  Schedule(std::string cron) : value_(std::move(cron)) {}
  Schedule(Interval interval) : value_(interval) {}
  Schedule(Json form) : value_(std::move(form)) {}

  using Value = std::variant<std::monostate, std::string, Interval, Json>;
  const Value& value() const noexcept { return value_; }

 private:
  Value value_{};
};

// What is empty or not set is not sent.
struct CreateRoutine {
  std::string name{};
  Schedule schedule{};
  std::string prompt{};  // what to do
  std::vector<std::string> allowed_tools{};
  std::string timezone{};  // IANA; UTC without one
  std::optional<MisfirePolicy> misfire_policy{};
  std::optional<std::int64_t> catch_up_max{};  // runs, of MisfirePolicy::catch_up
  std::string entrypoint{};                    // in place of a prompt
  Json args{};
  std::vector<std::string> output_targets{};
  std::optional<bool> requires_approval{};
  std::optional<bool> external_integrations_allowed{};
  std::string routine_id{};
  Json more{};  // other members, sent as they are: `mission`, `policy`, `model_policy`
};

struct Routine {
  std::string id{};
  std::string name{};
  std::string status{};  // enabled, paused; "active" of an engine is enabled
  Json schedule{};
  std::string timezone{};
  Json misfire_policy{};
  std::string entrypoint{};
  Json args{};
  std::vector<std::string> allowed_tools{};
  std::vector<std::string> output_targets{};
  bool requires_approval = false;
  bool external_integrations_allowed = false;
  std::optional<Timestamp> next_fire_at{};
  std::optional<Timestamp> last_fired_at{};
  Json extra{};
};

struct RunArtifact {
  std::string artifact_id{};
  std::string uri{};
  std::string kind{};
  std::string label{};
  Timestamp created_at{};
  Json metadata{};
  Json extra{};
};

struct AddArtifact {
  std::string uri{};
  std::string kind{};
  std::string label{};
  Json metadata{};
};

struct RoutineRun {
  std::string run_id{};
  std::string routine_id{};
  std::string trigger_type{};  // manual, scheduled
  std::int64_t run_count = 0;
  // queued, pending_approval, running, paused, blocked_policy, denied, completed, failed, cancelled
  std::string status{};
  Timestamp created_at{};
  std::optional<Timestamp> started_at{};
  std::optional<Timestamp> finished_at{};
  std::string detail{};
  std::string latest_session_id{};
  std::vector<RunArtifact> artifacts{};
  Json extra{};
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
