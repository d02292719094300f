// The memory that request bodies may hold together, from their first byte until they are answered:
// per address of a client first, and in all. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "net/body_limits.hpp"

namespace colonnade::net {

struct BodyLimits {
  std::size_t bytes_max = limits::http_bodies_bytes_max;
  std::size_t address_bytes_max = limits::http_bodies_address_bytes_max;
};

class BodyBudget {
 public:
  BodyBudget() = default;
  explicit BodyBudget(BodyLimits limits) : limits_(limits) {}

  // What one body holds; given back when it goes away.
  class Share {
   public:
    Share() = default;
    Share(std::shared_ptr<BodyBudget> budget, std::string address)
        : budget_(std::move(budget)), address_(std::move(address)) {}
    ~Share() { release(); }
    Share(Share&& other) noexcept { swap(other); }
    Share& operator=(Share&& other) noexcept {
      Share(std::move(other)).swap(*this);
      return *this;
    }

    // False when a limit forbids it; the share is as it was then. Never shrinks. A share without a
    // budget has no limit.
    bool grow_to(std::size_t bytes);
    void release();

   private:
    void swap(Share& other) noexcept;

    std::shared_ptr<BodyBudget> budget_{};
    std::string address_{};
    std::size_t bytes_ = 0;
  };

  std::size_t bytes() const;

 private:
  bool take(const std::string& address, std::size_t bytes);
  void give_back(const std::string& address, std::size_t bytes);

  const BodyLimits limits_{};
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::map<std::string, std::size_t, std::less<>> by_address_;  // those that hold something
};

}  // namespace colonnade::net
