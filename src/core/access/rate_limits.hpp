// How often somebody may do something: counts in buckets of the clock, which are whole minutes,
// hours and days of UTC.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/access/limits.hpp"
#include "core/access/principal.hpp"

namespace colonnade::core {

enum class RateBucket {
  user_per_minute = 1,
  user_per_hour,
  user_per_day,
  scope_per_minute,
  scope_per_day,
  agent_and_user_per_minute,
  address_per_window,  // of limits::guest_window
  agent_per_window,
};

// 0 counts nothing.
struct RateLimitOptions {
  int requests_per_user_minute = 0;
  int requests_per_scope_minute = 0;
  int requests_per_scope_day = 0;
  int turns_per_user_minute = limits::turns_per_user_minute;
  int turns_per_user_hour = limits::turns_per_user_hour;
  int turns_per_user_day = limits::turns_per_user_day;
  int tool_calls_per_minute = limits::tool_calls_per_agent_and_user_minute;
  int guests_per_address = limits::guests_per_address;
  int guests_per_agent = limits::guests_per_agent;
  // Names that are counted at a time, in windows of one length. The rest share one bucket of each
  // kind: memory is bounded, and a flood of names does not make room for more.
  std::size_t names_max = limits::rate_names_max;
};

struct OverLimit {
  RateBucket bucket = RateBucket::user_per_minute;
  int limit = 0;
  std::chrono::seconds retry_after{};  // to the bucket's edge; 1 at least
};

// Thread-safe. Each call counts, also when it is refused, and says whether a bucket is over.
class RateLimits {
 public:
  explicit RateLimits(base::Clock& clock, RateLimitOptions options = {});
  ~RateLimits();

  // The user's bucket is judged first, then the scope's minute, then its day (platos §4.4); what
  // one refuses is not counted in the next.
  std::optional<OverLimit> request(const Principal& who);
  // Both are never over for an operator.
  std::optional<OverLimit> turn(const Principal& who);
  std::optional<OverLimit> tool_call(const Principal& who, std::string_view agent_id);

  // A guest's token, asked for by somebody at `address`, and one for that agent of the scope.
  std::optional<OverLimit> guest_from(std::string_view address);
  std::optional<OverLimit> guest_of(const Scope& scope, std::string_view agent_id);

  // Names that are counted just now.
  std::size_t count() const;

 private:
  class Windows;
  std::optional<OverLimit> take(RateBucket bucket, int limit, std::string_view purpose,
                                std::string_view name);

  base::Clock& clock_;
  RateLimitOptions options_;
  std::unique_ptr<Windows> minutes_;
  std::unique_ptr<Windows> hours_;
  std::unique_ptr<Windows> days_;
  std::unique_ptr<Windows> guest_windows_;
};

}  // namespace colonnade::core
