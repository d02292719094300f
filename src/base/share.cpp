#include "base/share.hpp"

#include <functional>
#include <mutex>
#include <unordered_map>

namespace colonnade::base {

namespace {

// Finds a name without making a string of it.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};

// Accounts that hold nothing just now, which most come back from: their entries are kept, so that
// what is taken and given back again and again costs no memory calls.
constexpr std::size_t idle_accounts_max = 64;

}  // namespace

struct ShareState {
  explicit ShareState(ShareBounds bounds_in) : bounds(bounds_in) {}

  const ShareBounds bounds;
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> by_account;
  std::size_t holders = 0;  // accounts that hold something
  std::size_t total = 0;
};

Share::Hold::Hold(std::shared_ptr<ShareState> state, Account& account)
    : state_(std::move(state)), account_(&account) {}

Share::Hold& Share::Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  account_ = other.account_;
  return *this;
}

void Share::Hold::release() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    auto& all = state_->by_account;
    --state_->total;
    if (--account_->second == 0) --state_->holders;
    if (all.size() > 2 * state_->holders + idle_accounts_max) {
      std::erase_if(all, [](const Account& account) { return account.second == 0; });
    }
  }
  state_.reset();
}

Share::Share(ShareBounds bounds) : state_(std::make_shared<ShareState>(bounds)) {}

Result<Share::Hold> Share::take(std::string_view account) {
  const std::lock_guard lock(state_->mutex);
  auto found = state_->by_account.find(account);
  if (found != state_->by_account.end() && found->second >= state_->bounds.per_account) {
    return fail(account_is_full(state_->bounds));
  }
  if (state_->total >= state_->bounds.total) return fail(all_are_full(state_->bounds));
  if (found == state_->by_account.end()) {
    found = state_->by_account.try_emplace(std::string(account)).first;
  }
  if (found->second++ == 0) ++state_->holders;
  ++state_->total;
  return Hold(state_, *found);
}

std::size_t Share::held_by(std::string_view account) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->by_account.find(account);
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
