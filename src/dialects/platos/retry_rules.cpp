#include "dialects/platos/retry_rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace colonnade::dialects::platos {
namespace {

using base::Json;

constexpr int retries_default = 2;
constexpr int retries_max = 100;  // the server's own limit is lower, and counts

std::string_view word(const Json& rule, const char* name) {
  const auto found = rule.find(name);
  return found != rule.end() && found->is_string() ? found->get_ref<const std::string&>()
                                                   : std::string_view();
}

int retries_of(const Json& rule) {
  if (word(rule, "action") != "retry") return 0;
  const auto count = rule.find("retryCount");
  if (count == rule.end() || !count->is_number_integer()) return retries_default;
  if (*count < 0) return 0;
  return *count > retries_max ? retries_max : count->get<int>();
}

}  // namespace

void apply_retry_rules(const Json& config, core::ModelSettings& settings) {
  settings.retries_max.reset();
  settings.limited_retries_max.reset();
  const auto rules = config.find("rules");
  if (!config.is_object() || rules == config.end() || !rules->is_array()) return;
  for (const Json& rule : *rules) {
    if (!rule.is_object()) continue;
    const std::string_view cause = word(rule, "cause");
    if (cause == "rate-limit") {
      settings.limited_retries_max = retries_of(rule);
    } else if (cause == "temporary-error" || cause == "network-error") {
      settings.retries_max = std::max(settings.retries_max.value_or(0), retries_of(rule));
    }
  }
}

}  // namespace colonnade::dialects::platos
