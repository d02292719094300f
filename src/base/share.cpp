#include "base/share.hpp"

#include <mutex>
#include <unordered_map>

namespace colonnade::base {

struct ShareState {
  explicit ShareState(ShareBounds bounds_in) : bounds(bounds_in) {}

  const ShareBounds bounds;
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::size_t> by_account;  // none with zero
  std::size_t total = 0;
};

Share::Hold::Hold(std::shared_ptr<ShareState> state, std::string account)
    : state_(std::move(state)), account_(std::move(account)) {}

Share::Hold& Share::Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  account_ = std::move(other.account_);
  return *this;
}

void Share::Hold::release() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->by_account.find(account_);
    if (--found->second == 0) state_->by_account.erase(found);
    --state_->total;
  }
  state_.reset();
}

Share::Share(ShareBounds bounds) : state_(std::make_shared<ShareState>(bounds)) {}

Result<Share::Hold> Share::take(std::string_view account) {
  std::string name(account);
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->by_account.find(name);
  if (found != state_->by_account.end() && found->second >= state_->bounds.per_account) {
    return fail(account_is_full(state_->bounds));
  }
  if (state_->total >= state_->bounds.total) return fail(all_are_full(state_->bounds));
  ++state_->by_account[name];
  ++state_->total;
  return Hold(state_, std::move(name));
}

std::size_t Share::held_by(std::string_view account) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->by_account.find(std::string(account));
  return found == state_->by_account.end() ? 0 : found->second;
}

std::size_t Share::held() const {
  const std::lock_guard lock(state_->mutex);
  return state_->total;
}

Error account_is_full(const ShareBounds& bounds) {
  return {.kind = ErrorKind::rate_limited,
          .message = "this account has " + std::to_string(bounds.per_account) + " " +
                     std::string(bounds.what) +
                     ", which is as many as one account may have; wait until one has ended",
          .field = {},
          .retry_after = bounds.retry_after,
          .retryable = true};
}

Error all_are_full(const ShareBounds& bounds) {
  return {.kind = ErrorKind::unavailable,
          .message = "the server has " + std::to_string(bounds.total) + " " +
                     std::string(bounds.what) + ", which is as many as it takes; try again soon",
          .field = {},
          .retry_after = bounds.retry_after,
          .retryable = true};
}

}  // namespace colonnade::base
