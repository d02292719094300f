#include "core/access/login_failures.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/limits.hpp"
#include "core/access/scope.hpp"
#include "core/governance/audit_log.hpp"

namespace colonnade::core {

void LoginFailures::add(const std::string& address, std::string_view means) {
  base::Json details = {{"address", address}, {"means", means}};
  {
    const std::lock_guard lock(mutex_);
    const base::SteadyTime now = clock_.steady();
    if (!has_window_ || now - window_began_ >= limits::login_failure_window) {
      has_window_ = true;
      window_began_ = now;
      recorded_ = 0;
      of_address_.clear();
    }
    if (recorded_ >= limits::login_failures_max ||
        of_address_[address] >= limits::login_failures_per_address) {
      ++unrecorded_;
      return;
    }
    ++recorded_;
    ++of_address_[address];
    if (const std::int64_t missed = std::exchange(unrecorded_, 0); missed > 0) {
      details["not_recorded_before"] = missed;
    }
  }
  log_.record(Scope::whole_server(), {.kind = std::string(audit_kind::login_failed),
                                      .actor = "unknown",
                                      .subject = address,
                                      .details = std::move(details),
                                      .at = clock_.now()});
}

}  // namespace colonnade::core
