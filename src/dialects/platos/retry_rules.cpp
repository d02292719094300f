#include "dialects/platos/retry_rules.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/platos/limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;

constexpr int retries_default = 2;
constexpr int retries_max = 100;  // the server's own limit is lower, and counts

// The causes of rules, and which faults they are here.
struct RetryCause {
  std::string_view name;
  core::ModelFault fault;
};
constexpr std::array retry_causes{
    RetryCause{"rate-limit", core::ModelFault::limited},
    RetryCause{"temporary-error", core::ModelFault::unavailable},
    RetryCause{"network-error", core::ModelFault::unavailable},
    RetryCause{"auth-error", core::ModelFault::unauthorized},
};

std::string_view word(const Json& rule, const char* name) {
  const auto found = rule.find(name);
  return found != rule.end() && found->is_string() ? found->get_ref<const std::string&>()
                                                   : std::string_view();
}

// Versions of the service differ in the member's name.
std::string_view cause_of(const Json& rule) {
  const std::string_view cause = word(rule, "cause");
  return cause.empty() ? word(rule, "trigger") : cause;
}

int retries_of(const Json& rule) {
  if (word(rule, "action") != "retry") return 0;
  const auto count = rule.find("retryCount");
  if (count == rule.end() || !count->is_number_integer()) return retries_default;
  if (*count < 0) return 0;
  return *count > retries_max ? retries_max : count->get<int>();
}

// What the rules of one fault come to. Those that fall back say how often it is tried before only
// when no other one does.
struct RulesOfFault {
  std::optional<int> retries{};
  bool falls_back = false;

  std::optional<int> limit() const {
    return retries || !falls_back ? retries : std::optional<int>(0);
  }
};

}  // namespace

void apply_retry_rules(const Json& config, core::ModelSettings& settings) {
  settings.retries_max.reset();
  settings.limited_retries_max.reset();
  settings.fallbacks.reset();
  const auto rules = config.find("rules");
  if (!config.is_object() || rules == config.end() || !rules->is_array()) return;
  RulesOfFault limited;
  RulesOfFault unavailable;
  RulesOfFault unauthorized;  // tried once more with a new key at most, whatever they say
  std::vector<core::ModelFallback> fallbacks;
  for (const Json& rule : *rules) {
    if (!rule.is_object()) continue;
    const auto cause = std::ranges::find(retry_causes, cause_of(rule), &RetryCause::name);
    if (cause == retry_causes.end()) continue;
    RulesOfFault& of_fault = cause->fault == core::ModelFault::limited       ? limited
                             : cause->fault == core::ModelFault::unavailable ? unavailable
                                                                             : unauthorized;
    if (word(rule, "action") != "fallback") {
      of_fault.retries = std::max(of_fault.retries.value_or(0), retries_of(rule));
      continue;
    }
    of_fault.falls_back = true;
    const std::string_view label = word(rule, "fallbackToRouteLabel");
    const core::ModelFallback made{.fault = cause->fault, .route = std::string(label)};
    const bool is_new = std::ranges::find(fallbacks, made) == fallbacks.end();
    if (!label.empty() && is_new && fallbacks.size() < limits::platos_fallbacks_max) {
      fallbacks.push_back(made);
    }
  }
  settings.limited_retries_max = limited.limit();
  settings.retries_max = unavailable.limit();
  if (!fallbacks.empty()) settings.fallbacks = std::move(fallbacks);
}

}  // namespace colonnade::dialects::platos
