#include "net/body_budget.hpp"

#include <utility>

namespace colonnade::net {

bool BodyBudget::Share::grow_to(std::size_t bytes) {
  if (!budget_ || bytes <= bytes_) return true;
  if (!budget_->take(address_, bytes - bytes_)) return false;
  bytes_ = bytes;
  return true;
}

void BodyBudget::Share::release() {
  if (budget_ && bytes_ > 0) budget_->give_back(address_, bytes_);
  bytes_ = 0;
}

void BodyBudget::Share::swap(Share& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
}

std::size_t BodyBudget::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

bool BodyBudget::take(const std::string& address, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto holder = by_address_.find(address);
  const std::size_t held = holder == by_address_.end() ? 0 : holder->second;
  if (bytes > limits_.bytes_max - bytes_) return false;
  if (held > limits_.address_bytes_max || bytes > limits_.address_bytes_max - held) return false;
  bytes_ += bytes;
  by_address_[address] = held + bytes;
  return true;
}

void BodyBudget::give_back(const std::string& address, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  const auto holder = by_address_.find(address);
  holder->second -= bytes;
  if (holder->second == 0) by_address_.erase(holder);
}

}  // namespace colonnade::net
