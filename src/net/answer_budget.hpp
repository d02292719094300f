// The bytes of answers that their readers have not taken yet: bounded per account first, and for
// all accounts in total. Only what a socket did not take at once is counted.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "net/limits.hpp"

namespace colonnade::net {

struct AnswerBudgetOptions {
  std::size_t account_bytes_max = limits::answers_account_bytes_max;
  std::size_t bytes_max = limits::answers_bytes_max;
};

// Thread-safe; outlives its holds.
class AnswerBudget {
 public:
  explicit AnswerBudget(AnswerBudgetOptions options = {}) : options_(options) {}
  AnswerBudget(const AnswerBudget&) = delete;
  AnswerBudget& operator=(const AnswerBudget&) = delete;

  // What one answer or stream holds; nothing at first. Gives it back when it is destroyed. Used by
  // one thread at a time.
  class Hold {
   public:
    Hold(AnswerBudget& budget, std::string account)
        : budget_(&budget), account_(std::move(account)) {}
    ~Hold() { resize(0); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // False, and nothing changes, when the account or the server would hold too much. Holding less
    // always succeeds.
    bool resize(std::size_t bytes);
    // Counts for this account from now on; holds nothing there when that would be too much.
    void move_to(std::string account);
    std::size_t bytes() const { return bytes_; }

   private:
    AnswerBudget* budget_;
    std::string account_;
    std::size_t bytes_ = 0;
  };

  // Held just now.
  std::size_t held() const;
  std::size_t held_by(std::string_view account) const;

 private:
  bool change(const std::string& account, std::size_t from, std::size_t to);

  const AnswerBudgetOptions options_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> by_account_{};
  std::size_t held_ = 0;
};

}  // namespace colonnade::net
