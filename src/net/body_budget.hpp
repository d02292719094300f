// The memory that request bodies may hold together, from their first byte until they are answered:
// per account first, or per address of a client that needs no credential, and in all. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "net/body_limits.hpp"

namespace colonnade::net {

struct BodyLimits {
  std::size_t bytes_max = limits::http_bodies_bytes_max;
  std::size_t account_bytes_max = limits::http_bodies_account_bytes_max;
  std::size_t address_bytes_max = limits::http_bodies_address_bytes_max;
};

// Whose body it is.
struct BodyHolder {
  enum class Kind { account, address };
  Kind kind = Kind::address;
  std::string name;

  bool operator==(const BodyHolder&) const = default;
};

class BodyBudget {
 public:
  BodyBudget() = default;
  explicit BodyBudget(BodyLimits limits) : limits_(limits) {}

  // What one body holds; given back when it goes away.
  class Share {
   public:
    Share() = default;
    Share(std::shared_ptr<BodyBudget> budget, BodyHolder holder)
        : budget_(std::move(budget)), holder_(std::move(holder)) {}
    ~Share() { release(); }
    Share(Share&& other) noexcept { swap(other); }
    Share& operator=(Share&& other) noexcept {
      Share(std::move(other)).swap(*this);
      return *this;
    }

    // Errors, with retry_after; the share is as it was then: rate_limited when the holder has as
    // much as it may, unavailable when all together have. Never shrinks. A share without a budget
    // has no limit.
    base::Result<void> grow_to(std::size_t bytes);
    void release();

   private:
    void swap(Share& other) noexcept;

    std::shared_ptr<BodyBudget> budget_{};
    BodyHolder holder_{};
    std::size_t bytes_ = 0;
  };

  std::size_t bytes() const;

 private:
  struct HolderHash {
    std::size_t operator()(const BodyHolder& holder) const {
      return std::hash<std::string>{}(holder.name) + static_cast<std::size_t>(holder.kind);
    }
  };

  base::Result<void> take(const BodyHolder& holder, std::size_t bytes);
  void give_back(const BodyHolder& holder, std::size_t bytes);

  const BodyLimits limits_{};
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<BodyHolder, std::size_t, HolderHash> by_holder_;  // those that hold something
};

}  // namespace colonnade::net
