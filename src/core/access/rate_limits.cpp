#include "core/access/rate_limits.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/joined.hpp"
#include "core/access/account.hpp"

namespace colonnade::core {
namespace {

using std::chrono::seconds;

constexpr std::int64_t rate_micros_per_second = 1'000'000;

std::int64_t second_of(base::Time time) {
  // Rounded down, also before 1970.
  const std::int64_t whole = time.micros / rate_micros_per_second;
  return time.micros % rate_micros_per_second < 0 ? whole - 1 : whole;
}

}  // namespace

// The counts of windows of one length. What a name has counted in an earlier window is nothing.
class RateLimits::Windows {
 public:
  Windows(seconds length, std::size_t names_max) : length_(length.count()), max_(names_max) {}

  struct Counted {
    std::int64_t count = 0;  // this one among them
    seconds left{};          // of the window
  };
  Counted count(const std::string& name, const std::string& overflow, base::Time now) {
    const std::int64_t second = second_of(now);
    const std::int64_t window = second / length_;
    const std::lock_guard lock(mutex_);
    // A clock that was set back does not bring an old window again.
    window_ = std::max(window_, window);
    auto& entry = entry_of(name, overflow);
    if (entry.window != window_) entry = {.window = window_};
    const std::int64_t left = std::max<std::int64_t>((window_ + 1) * length_ - second, 1);
    return {.count = ++entry.count, .left = seconds(std::min(left, length_))};
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return by_name_.size();
  }

 private:
  struct Entry {
    std::int64_t window = 0;
    std::int64_t count = 0;
  };

  Entry& entry_of(const std::string& name, const std::string& overflow) {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) return found->second;
    if (by_name_.size() >= max_) sweep();
    return by_name_[by_name_.size() >= max_ ? overflow : name];
  }

  // Once a window at most: a sweep that frees nothing must not be paid for by every newcomer.
  void sweep() {
    if (swept_ == window_) return;
    swept_ = window_;
    std::erase_if(by_name_, [&](const auto& one) { return one.second.window != window_; });
  }

  const std::int64_t length_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::int64_t window_ = 0;
  std::int64_t swept_ = -1;
  std::unordered_map<std::string, Entry> by_name_;
};

RateLimits::RateLimits(base::Clock& clock, RateLimitOptions options)
    : clock_(clock),
      options_(options),
      minutes_(std::make_unique<Windows>(std::chrono::minutes(1), options.names_max)),
      hours_(std::make_unique<Windows>(std::chrono::hours(1), options.names_max)),
      days_(std::make_unique<Windows>(std::chrono::days(1), options.names_max)),
      guest_windows_(std::make_unique<Windows>(limits::guest_window, options.names_max)) {}

RateLimits::~RateLimits() = default;

std::optional<OverLimit> RateLimits::take(RateBucket bucket, int limit, std::string_view purpose,
                                          std::string_view name) {
  if (limit <= 0) return std::nullopt;
  Windows* windows = nullptr;
  switch (bucket) {
    case RateBucket::user_per_minute:
    case RateBucket::scope_per_minute:
    case RateBucket::agent_and_user_per_minute: windows = minutes_.get(); break;
    case RateBucket::user_per_hour: windows = hours_.get(); break;
    case RateBucket::user_per_day:
    case RateBucket::scope_per_day: windows = days_.get(); break;
    case RateBucket::address_per_window:
    case RateBucket::agent_per_window: windows = guest_windows_.get(); break;
  }
  const std::string kind = std::to_string(static_cast<int>(bucket));
  const auto counted = windows->count(base::joined({purpose, kind, name}),
                                      base::joined({purpose, kind}), clock_.now());
  if (counted.count <= limit) return std::nullopt;
  return OverLimit{.bucket = bucket, .limit = limit, .retry_after = counted.left};
}

std::optional<OverLimit> RateLimits::request(const Principal& who) {
  using enum RateBucket;
  const auto& o = options_;
  const bool counts = o.requests_per_user_minute > 0 || o.requests_per_scope_minute > 0 ||
                      o.requests_per_scope_day > 0;
  if (!counts) return std::nullopt;
  const std::string& scope = who.scope.key();
  auto over = take(user_per_minute, o.requests_per_user_minute, "request", account_of(who));
  if (!over) over = take(scope_per_minute, o.requests_per_scope_minute, "request", scope);
  if (!over) over = take(scope_per_day, o.requests_per_scope_day, "request", scope);
  return over;
}

std::optional<OverLimit> RateLimits::turn(const Principal& who) {
  using enum RateBucket;
  if (who.is_operator()) return std::nullopt;
  const std::string user = account_of(who);
  auto over = take(user_per_minute, options_.turns_per_user_minute, "turn", user);
  if (!over) over = take(user_per_hour, options_.turns_per_user_hour, "turn", user);
  if (!over) over = take(user_per_day, options_.turns_per_user_day, "turn", user);
  return over;
}

std::optional<OverLimit> RateLimits::tool_call(const Principal& who, std::string_view agent_id) {
  if (who.is_operator()) return std::nullopt;
  return take(RateBucket::agent_and_user_per_minute, options_.tool_calls_per_minute, "tool",
              base::joined({account_of(who), agent_id}));
}

std::optional<OverLimit> RateLimits::guest_from(std::string_view address) {
  return take(RateBucket::address_per_window, options_.guests_per_address, "guest", address);
}

std::optional<OverLimit> RateLimits::guest_of(const Scope& scope, std::string_view agent_id) {
  return take(RateBucket::agent_per_window, options_.guests_per_agent, "guest",
              base::joined({scope.key(), agent_id}));
}

std::size_t RateLimits::count() const {
  return minutes_->size() + hours_->size() + days_->size() + guest_windows_->size();
}

}  // namespace colonnade::core
