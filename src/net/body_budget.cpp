#include "net/body_budget.hpp"

#include <utility>

namespace colonnade::net {
namespace {

base::Error no_room(base::ErrorKind kind, std::string message) {
  return {.kind = kind,
          .message = std::move(message),
          .field = {},
          .retry_after = limits::http_bodies_retry_after,
          .retryable = true};
}

base::Error holder_is_full(BodyHolder::Kind kind) {
  if (kind == BodyHolder::Kind::account) {
    return no_room(base::ErrorKind::rate_limited,
                   "too many request bodies of this account are under way; wait until one is "
                   "answered, or have limits.bodies_per_account_mib raised");
  }
  return no_room(base::ErrorKind::rate_limited,
                 "too many request bodies of this address are under way; wait until one is "
                 "answered, or have limits.bodies_per_address_mib raised");
}

}  // namespace

base::Result<void> BodyBudget::Share::grow_to(std::size_t bytes) {
  if (!budget_ || bytes <= bytes_) return {};
  auto taken = budget_->take(holder_, bytes - bytes_);
  if (taken) bytes_ = bytes;
  return taken;
}

void BodyBudget::Share::release() {
  if (budget_ && bytes_ > 0) budget_->give_back(holder_, bytes_);
  bytes_ = 0;
}

void BodyBudget::Share::swap(Share& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(holder_, other.holder_);
  std::swap(bytes_, other.bytes_);
}

std::size_t BodyBudget::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

base::Result<void> BodyBudget::take(const BodyHolder& holder, std::size_t bytes) {
  const std::size_t holder_max = holder.kind == BodyHolder::Kind::account
                                     ? limits_.account_bytes_max
                                     : limits_.address_bytes_max;
  const std::lock_guard lock(mutex_);
  const auto found = by_holder_.find(holder);
  const std::size_t held = found == by_holder_.end() ? 0 : found->second;
  if (held > holder_max || bytes > holder_max - held)
    return base::fail(holder_is_full(holder.kind));
  if (bytes > limits_.bytes_max - bytes_) {
    return base::fail(no_room(base::ErrorKind::unavailable,
                              "too many request bodies are under way; try again in a moment, or "
                              "have limits.bodies_mib raised"));
  }
  bytes_ += bytes;
  by_holder_[holder] = held + bytes;
  return {};
}

void BodyBudget::give_back(const BodyHolder& holder, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  const auto found = by_holder_.find(holder);
  found->second -= bytes;
  if (found->second == 0) by_holder_.erase(found);
}

}  // namespace colonnade::net
