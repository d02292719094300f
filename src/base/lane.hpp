// Lanes: one thread with one event loop each. A connection, a run and a subscriber live on one lane
// for their whole life, so their state needs no locks; lanes talk by posting to each other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/task.hpp"

namespace boost::asio {
class io_context;
}

namespace colonnade::base {

class Lane {
 public:
  virtual ~Lane() = default;

  // Runs `work` on this lane, later, in order of posting. Any thread. Dropped after stop().
  virtual void post(std::move_only_function<void()> work) = 0;
  // Starts a coroutine on this lane, later, as post() does: never within this call, so the caller
  // may hold a lock that the coroutine takes. Any thread. An exception that leaves the coroutine is
  // a bug: it is logged under `name`.
  virtual void spawn(std::string_view name, Task<void> task) = 0;
  // Whether the calling thread is this lane's.
  virtual bool is_current() const = 0;
  // A number in 0 .. Lanes::size() - 1; handy as an index into per-lane tables.
  virtual std::size_t index() const = 0;
  // The loop itself, for net/ only.
  virtual boost::asio::io_context& loop() = 0;
};

// Owns the lanes and their threads.
class Lanes {
 public:
  // `count` threads are started at once; at least one.
  explicit Lanes(std::size_t count);
  // Calls stop().
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  std::size_t size() const { return lanes_.size(); }
  Lane& operator[](std::size_t index);
  // Round robin.
  Lane& next();
  // Joins the threads, destroys what is suspended: while all that it uses exists. Not from a lane.
  void stop();

 private:
  class Loop;
  std::vector<std::unique_ptr<Loop>> lanes_;
  std::atomic<std::size_t> next_{0};
};

// Runs one coroutine to its end on a lane and blocks the calling thread (not a lane's) for its
// result. For start-up, commands and tests.
template <class T>
T run_on(Lane& lane, Task<T> task);

}  // namespace colonnade::base

#include "base/lane_run_on.hpp"
