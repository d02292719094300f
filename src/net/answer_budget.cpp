#include "net/answer_budget.hpp"

namespace colonnade::net {

bool AnswerBudget::Hold::resize(std::size_t bytes) {
  if (bytes == bytes_) return true;
  if (!budget_->change(account_, bytes_, bytes)) return false;
  bytes_ = bytes;
  return true;
}

void AnswerBudget::Hold::move_to(std::string account) {
  const std::size_t bytes = bytes_;
  resize(0);
  account_ = std::move(account);
  resize(bytes);
}

bool AnswerBudget::change(const std::string& account, std::size_t from, std::size_t to) {
  const std::lock_guard lock(mutex_);
  if (to > from) {
    const auto found = by_account_.find(account);
    const std::size_t has = found == by_account_.end() ? 0 : found->second;
    if (has + (to - from) > options_.account_bytes_max) return false;
    if (held_ + (to - from) > options_.bytes_max) return false;
  }
  std::size_t& of_account = by_account_[account];
  of_account = of_account - from + to;
  held_ = held_ - from + to;
  if (of_account == 0) by_account_.erase(account);
  return true;
}

std::size_t AnswerBudget::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

std::size_t AnswerBudget::held_by(std::string_view account) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_account_.find(std::string(account));
  return found == by_account_.end() ? 0 : found->second;
}

}  // namespace colonnade::net
