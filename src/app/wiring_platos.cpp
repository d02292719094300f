#include "app/wiring_platos.hpp"

namespace colonnade::app {

core::ConfiguredSecrets configured_secrets(const Settings& settings) {
  core::ConfiguredSecrets out{.platform_secret = settings.platos.platform_secret};
  for (const PlatosEntitySettings& one : settings.platos.entities) {
    out.entities.push_back(
        {.name = {.organization = one.organization, .project = one.project, .entity = one.entity},
         .secret = one.secret,
         .second_secret = one.second_secret});
  }
  return out;
}

core::RateLimitOptions rate_limit_options(const Settings& settings) {
  const PlatosSettings& s = settings.platos;
  return {.requests_per_user_minute = s.requests_per_user_minute,
          .requests_per_scope_minute = s.requests_per_scope_minute,
          .requests_per_scope_day = s.requests_per_scope_day,
          .turns_per_user_minute = s.turns_per_user_minute,
          .turns_per_user_hour = s.turns_per_user_hour,
          .turns_per_user_day = s.turns_per_user_day,
          .tool_calls_per_minute = s.tool_calls_per_minute};
}

}  // namespace colonnade::app
