#include "net/curl_lane.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "net/limits.hpp"

namespace colonnade::net {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// One descriptor that curl watches. Curl's own sockets stay registered between transfers, from
// their opening to their closing; others (the resolver's) only while curl watches them.
class CurlLane::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(CurlLane& lane, curl_socket_t descriptor, bool ours)
      : lane_(&lane),
        descriptor_(lane.lane().loop().get_executor(), descriptor),
        own_address_(ours) {}

  bool ours() const { return own_address_; }

  void watch(int what) {
    wanted_ = what;
    if ((wanted_ & CURL_POLL_IN) != 0 && !reading_) wait(true);
    if ((wanted_ & CURL_POLL_OUT) != 0 && !writing_) wait(false);
  }

  // Gives the descriptor back without closing it.
  void release() {
    wanted_ = 0;
    lane_ = nullptr;
    descriptor_.release();
  }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  void wait(bool read) {
    bool& waiting = read ? reading_ : writing_;
    waiting = true;
    descriptor_.async_wait(read ? Descriptor::wait_read : Descriptor::wait_write,
                           [self = shared_from_this(), read](boost::system::error_code error) {
                             (read ? self->reading_ : self->writing_) = false;
                             const int wanted = read ? CURL_POLL_IN : CURL_POLL_OUT;
                             if (self->lane_ == nullptr || (self->wanted_ & wanted) == 0) return;
                             const int event = read ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
                             self->lane_->drive(self->descriptor_.native_handle(),
                                                error ? CURL_CSELECT_ERR : event);
                             if (self->lane_ != nullptr) self->watch(self->wanted_);
                           });
  }

  CurlLane* lane_;  // null once released
  Descriptor descriptor_;
  int wanted_ = 0;
  bool own_address_ = false;
  bool reading_ = false;
  bool writing_ = false;
};

CurlLane::CurlLane(base::Lane& lane)
    : lane_(lane),
      multi_(curl_multi_init()),
      curl_timer_(lane.loop().get_executor()),
      deadline_timer_(lane.loop().get_executor()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLane::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLane::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, limits::client_connections_kept_max);
}

CurlLane::~CurlLane() {
  while (!transfers_.empty()) {
    const auto [handle, transfer] = *transfers_.begin();
    remove(handle);
    transfer->abandoned();
  }
  // Pooled connections close through on_close, so the multi handle goes before the sockets' map,
  // and before the easy handles, which hold the callbacks.
  curl_multi_cleanup(multi_);
  for (CURL* handle : spare_handles_) curl_easy_cleanup(handle);
  for (auto& [descriptor, socket] : sockets_) socket->release();
}

CURL* CurlLane::take_handle() {
  CURL* handle = nullptr;
  if (spare_handles_.empty()) {
    handle = curl_easy_init();
  } else {
    handle = spare_handles_.back();
    spare_handles_.pop_back();
  }
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &CurlLane::on_open);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &CurlLane::on_close);
  curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, this);
  return handle;
}

void CurlLane::start(CURL* handle, LaneTransfer& transfer) {
  transfers_.emplace(handle, &transfer);
  deadline_moved(transfer.deadline());
  curl_multi_add_handle(multi_, handle);
  // At once, instead of on the timer that adding has just set.
  drive(CURL_SOCKET_TIMEOUT, 0);
}

void CurlLane::remove(CURL* handle) {
  transfers_.erase(handle);
  curl_multi_remove_handle(multi_, handle);
  if (spare_handles_.size() >= limits::client_handles_kept_max) {
    curl_easy_cleanup(handle);
    return;
  }
  curl_easy_reset(handle);
  spare_handles_.push_back(handle);
}

void CurlLane::drive(curl_socket_t descriptor, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, descriptor, events, &running);
  report_completed();
}

void CurlLane::report_completed() {
  int queued = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    // Copied first: the message belongs to the handle that is removed.
    const CURLcode code = message->data.result;
    CURL* const handle = message->easy_handle;
    const auto found = transfers_.find(handle);
    if (found == transfers_.end()) continue;
    LaneTransfer* const transfer = found->second;
    transfer->completed(code);
  }
}

int CurlLane::on_socket(CURL*, curl_socket_t descriptor, int what, void* self, void*) {
  auto& lane = *static_cast<CurlLane*>(self);
  auto found = lane.sockets_.find(descriptor);
  if (what == CURL_POLL_REMOVE) {
    if (found == lane.sockets_.end()) return 0;
    if (found->second->ours()) {
      found->second->watch(0);
    } else {
      found->second->release();
      lane.sockets_.erase(found);
    }
    return 0;
  }
  if (found == lane.sockets_.end()) {
    auto socket = std::make_shared<Socket>(lane, descriptor, false);
    found = lane.sockets_.emplace(descriptor, std::move(socket)).first;
  }
  found->second->watch(what);
  return 0;
}

int CurlLane::on_timer(CURLM*, long milliseconds, void* self) {
  auto& lane = *static_cast<CurlLane*>(self);
  if (milliseconds < 0) {
    lane.curl_timer_.cancel();
    return 0;
  }
  lane.curl_timer_.expires_after(std::chrono::milliseconds(milliseconds));
  lane.curl_timer_.async_wait([&lane, lifetime = lane.lifetime()](boost::system::error_code error) {
    if (!error && !lifetime.expired()) lane.drive(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

curl_socket_t CurlLane::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& lane = *static_cast<CurlLane*>(self);
  const int descriptor = ::socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                  address->protocol);
  if (descriptor < 0) return CURL_SOCKET_BAD;
  lane.sockets_.emplace(descriptor, std::make_shared<Socket>(lane, descriptor, true));
  return descriptor;
}

int CurlLane::on_close(void* self, curl_socket_t descriptor) {
  auto& lane = *static_cast<CurlLane*>(self);
  const auto found = lane.sockets_.find(descriptor);
  if (found != lane.sockets_.end()) {
    found->second->release();
    lane.sockets_.erase(found);
  }
  return ::close(descriptor);
}

// --- deadlines
// -------------------------------------------------------------------------------------

void CurlLane::deadline_moved(Clock::time_point deadline) {
  // Later deadlines cost nothing: the timer fires, finds nothing due and is set anew.
  if (deadline >= armed_deadline_) return;
  armed_deadline_ = deadline;
  wait_for_deadline();
}

void CurlLane::wait_for_deadline() {
  deadline_timer_.expires_at(armed_deadline_);
  deadline_timer_.async_wait([this, lifetime = lifetime()](boost::system::error_code error) {
    if (!error && !lifetime.expired()) expire_deadlines();
  });
}

void CurlLane::expire_deadlines() {
  const auto now = Clock::now();
  std::vector<CURL*> due;
  for (const auto& [handle, transfer] : transfers_) {
    if (transfer->deadline() <= now) due.push_back(handle);
  }
  for (CURL* handle : due) {
    const auto found = transfers_.find(handle);
    if (found != transfers_.end()) found->second->deadline_passed();
  }
  auto next = Clock::time_point::max();
  for (const auto& [handle, transfer] : transfers_) next = std::min(next, transfer->deadline());
  armed_deadline_ = next;
  if (next != Clock::time_point::max()) wait_for_deadline();
}

}  // namespace colonnade::net
