// Who holds how much of something that several accounts share: places in a queue, threads, open
// sessions. Each account has a bound of its own, and all together have one, so that no account can
// take a pool from another.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace colonnade::base {

struct ShareBounds {
  std::string_view what;  // in the plural, as an error names it: "pairing codes". A literal
  std::size_t per_account = 0;
  std::size_t total = 0;
  std::chrono::milliseconds retry_after = std::chrono::seconds(1);  // told to whoever is refused
};

struct ShareState;

// Thread-safe. Its holds may outlive it.
class Share {
 public:
  // One unit of the pool, until it is destroyed. Movable.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    void release();

   private:
    friend class Share;
    using Account = std::pair<const std::string, std::size_t>;  // its name and what it holds
    Hold(std::shared_ptr<ShareState> state, Account& account);
    std::shared_ptr<ShareState> state_{};
    Account* account_ = nullptr;  // of the state, where it stays while it holds something
  };

  explicit Share(ShareBounds bounds);

  // Errors: rate_limited when the account holds as many as it may, unavailable when all accounts
  // together do. Both name the bound and carry `retry_after`.
  Result<Hold> take(std::string_view account);
  std::size_t held_by(std::string_view account) const;
  std::size_t held() const;

 private:
  std::shared_ptr<ShareState> state_;
};

// The refusals of take(), for pools that count by themselves.
Error account_is_full(const ShareBounds& bounds);
Error all_are_full(const ShareBounds& bounds);

}  // namespace colonnade::base
