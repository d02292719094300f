#include "dialects/tandem/schedules_wire.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

std::unexpected<base::Error> wrong_schedule(std::string why) {
  return fail(ErrorKind::invalid, std::move(why), std::string(schedule_field));
}

core::JobTiming cron_of(std::string text) {
  return {.kind = core::JobTimingKind::quartz, .text = std::move(text)};
}

Result<core::JobTiming> every(std::int64_t seconds) {
  if (seconds < 1) return wrong_schedule("an interval is 1 second at least");
  return core::JobTiming{.kind = core::JobTimingKind::interval, .text = std::to_string(seconds)};
}

// What is below a name as a text, or as the text in an object.
std::optional<std::string> expression_in(const Json& tree) {
  for (const char* name : {"cron", "cron_expression", "cronExpression", "expression"}) {
    const auto found = tree.find(name);
    if (found == tree.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_object()) return expression_in(*found);
  }
  return std::nullopt;
}

std::optional<std::int64_t> seconds_in(const Json& tree) {
  for (const char* name : {"interval_seconds", "intervalSeconds", "seconds"}) {
    const auto found = tree.find(name);
    if (found == tree.end()) continue;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (found->is_object()) return seconds_in(*found);
  }
  const auto found = tree.find("intervalMs");
  if (found == tree.end() || !found->is_number_integer()) return std::nullopt;
  const auto milliseconds = found->get<std::int64_t>();
  return milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0);
}

}  // namespace

Result<std::optional<std::vector<std::string>>> list_member(
    const Json& object, std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  const std::string field(*names.begin());
  std::vector<std::string> out;
  if (!found->is_array()) return fail(ErrorKind::invalid, field + " must be a list", field);
  for (const Json& one : *found) {
    if (!one.is_string()) {
      return fail(ErrorKind::invalid, field + " must be a list of strings", field);
    }
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<std::optional<std::int64_t>> whole_member(const Json& object,
                                                 std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const std::string field(*names.begin());
  return fail(ErrorKind::invalid, field + " must be an integer", field);
}

Result<const Json*> object_member(const Json& object,
                                  std::initializer_list<std::string_view> names) {
  const Json* found = member(object, names);
  if (found == nullptr || found->is_object()) return found;
  const std::string field(*names.begin());
  return fail(ErrorKind::invalid, field + " must be an object", field);
}

Result<WantedSchedule> decode_schedule(const Json& tree) {
  WantedSchedule out;
  if (tree.is_string()) {
    out.timing = cron_of(tree.get<std::string>());
    return out;
  }
  if (!tree.is_object()) {
    return wrong_schedule("a schedule is a cron expression, or an object with cron or an interval");
  }
  const auto type = tree.find("type");
  if (type != tree.end() && *type == "manual") return out;
  if (auto expression = expression_in(tree)) {
    out.timing = cron_of(std::move(*expression));
    return out;
  }
  const auto seconds = seconds_in(tree);
  if (!seconds) {
    return wrong_schedule(
        R"(a schedule is {"cron":{"expression":…}}, {"interval_seconds":{"seconds":…}} or )"
        R"({"type":"manual"})");
  }
  auto timing = every(*seconds);
  if (!timing) return fail(std::move(timing.error()));
  out.timing = std::move(*timing);
  return out;
}

Result<core::Misfire> decode_misfire(const Json& tree) {
  const Json* word = &tree;
  std::int64_t times = limits::tandem_catch_up_default;
  if (tree.is_object()) {
    word = member(tree, {"type"});
    const auto given = whole_member(tree, {"max_runs", "maxRuns"});
    if (!given) return fail(given.error());
    times = given->value_or(times);
  }
  const std::string text = word != nullptr && word->is_string() ? word->get<std::string>() : "";
  if (text == "skip") return core::Misfire{.rule = core::MisfireRule::skip};
  if (text == "run_once" || text == "run_late" || text == "run_now") {
    return core::Misfire{.rule = core::MisfireRule::run_once};
  }
  if (text == "catch_up") {
    // Cut here so that it fits; core says what is out of range.
    const auto most = static_cast<std::int64_t>(limits::schedule_catch_up_max) + 1;
    return core::Misfire{.rule = core::MisfireRule::catch_up,
                         .times_max = static_cast<int>(std::clamp<std::int64_t>(times, 0, most)),
                         .in_one_job = true};
  }
  return fail(ErrorKind::invalid, "misfire_policy must be skip, run_once or catch_up",
              "misfire_policy");
}

}  // namespace colonnade::dialects::tandem
