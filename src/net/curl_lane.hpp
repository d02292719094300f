// libcurl's multi interface on one lane's event loop: its sockets and its timer become Asio waits.
// For net/'s own .cpp files. Everything here happens on the lane, except where noted.
#pragma once

#include <curl/curl.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/lane.hpp"

namespace colonnade::net {

// What curl reports to. Not called from within one of curl's callbacks.
class LaneTransfer {
 public:
  virtual void completed(CURLcode code) = 0;
  // When sweep() wants to be called; time_point::max() for never.
  virtual std::chrono::steady_clock::time_point deadline() const = 0;
  virtual void deadline_passed() = 0;
  // The driver goes away; the handle has been taken back.
  virtual void abandoned() = 0;

 protected:
  ~LaneTransfer() = default;
};

class CurlLane {
 public:
  explicit CurlLane(base::Lane& lane);
  // On the lane, or when its loop has stopped. Transfers still under way are abandoned.
  ~CurlLane();
  CurlLane(const CurlLane&) = delete;
  CurlLane& operator=(const CurlLane&) = delete;

  base::Lane& lane() { return lane_; }

  // A blank handle, already tied to this lane's sockets.
  CURL* take_handle();
  // Curl's hook for making a socket; `self` is the lane. For a transfer that judges addresses
  // first.
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  // Begins the transfer at once; `transfer` must stay until it completed or was removed.
  void start(CURL* handle, LaneTransfer& transfer);
  // Ends a transfer that was started, in whatever phase, and takes the handle back.
  void remove(CURL* handle);
  // After the transfer's deadline() moved closer.
  void deadline_moved(std::chrono::steady_clock::time_point deadline);

 private:
  class Socket;
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  static int on_socket(CURL* handle, curl_socket_t descriptor, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  static int on_close(void* self, curl_socket_t descriptor);

  void drive(curl_socket_t descriptor, int events);
  void report_completed();
  void wait_for_deadline();
  void expire_deadlines();
  // Expires with *this: a timer that fired may still be queued then.
  std::weak_ptr<const int> lifetime() const { return lifetime_; }

  base::Lane& lane_;
  std::shared_ptr<const int> lifetime_ = std::make_shared<const int>(0);
  CURLM* multi_;
  Timer curl_timer_;
  Timer deadline_timer_;
  std::chrono::steady_clock::time_point armed_deadline_ =
      std::chrono::steady_clock::time_point::max();
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::unordered_map<CURL*, LaneTransfer*> transfers_;
  std::vector<CURL*> spare_handles_;
};

}  // namespace colonnade::net
