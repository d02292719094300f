#include "net/server_shard.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.hpp"
#include "net/connection.hpp"
#include "net/limits.hpp"

namespace colonnade::net {
namespace {

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  }
  return text.data();
}

int accept_from(int listener, sockaddr_storage* address) {
  socklen_t size = sizeof *address;
  return ::accept4(listener, reinterpret_cast<sockaddr*>(address), &size,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Attached::~Attached() = default;

void Attached::attach(ServerShard& shard) {
  shard_ = &shard;
  next_ = shard.first_;
  if (next_ != nullptr) next_->previous_ = this;
  shard.first_ = this;
}

void Attached::detach() {
  if (shard_ == nullptr) return;
  ServerShard& shard = *std::exchange(shard_, nullptr);
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    shard.first_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = next_ = nullptr;
  shard.report_if_empty();
}

ConnectionTicket::ConnectionTicket(std::shared_ptr<ServerShared> shared)
    : shared_(std::move(shared)) {
  shared_->connections_open.fetch_add(1, std::memory_order_relaxed);
}
ConnectionTicket::~ConnectionTicket() {
  shared_->connections_open.fetch_sub(1, std::memory_order_relaxed);
}

ServerShard::ServerShard(base::Lane& lane, std::shared_ptr<ServerShared> shared)
    : lane_(lane),
      shared_(std::move(shared)),
      acceptor_(lane.loop().get_executor()),
      timer_(lane.loop().get_executor()),
      times_(shared_->router->by_number().size()),
      coarse_now_(std::chrono::steady_clock::now()) {}

ServerShard::~ServerShard() {
  if (spare_descriptor_ >= 0) ::close(spare_descriptor_);
}

void ServerShard::start(int listener, bool ipv6) {
  using tcp = boost::asio::ip::tcp;
  ipv6_ = ipv6;
  spare_descriptor_ = open_spare();
  acceptor_.assign(ipv6 ? tcp::v6() : tcp::v4(), listener);
  busy_ = true;
  wait_for_connections();
  wait_for_sweep();
}

void ServerShard::wait_for_connections() {
  acceptor_.async_wait(Acceptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                         if (error || self->stopping_) return;
                         self->accept_waiting();
                         self->wait_for_connections();
                       });
}

void ServerShard::accept_waiting() {
  for (int i = 0; i < limits::http_accepts_per_wakeup; ++i) {
    if (!accept_one()) return;
  }
}

// False when nobody waits, or when waiting is all that can be done.
bool ServerShard::accept_one() {
  sockaddr_storage address{};
  int descriptor = accept_from(acceptor_.native_handle(), &address);
  if (descriptor < 0 && (errno == EMFILE || errno == ENFILE)) {
    descriptor = accept_without_descriptors(&address);
    if (descriptor < 0) return false;
  }
  if (descriptor < 0) return errno == EINTR || errno == ECONNABORTED;
  counts_.add(counts_.connections_total);
  if (shared_->connections_open.load(std::memory_order_relaxed) >= options().connections_max) {
    refuse(descriptor);
    return true;
  }
  auto transport = std::make_unique<Transport>(loop(), descriptor, ipv6_, shared_->tls());
  Connection::serve(shared_from_this(), std::move(transport),
                    std::make_unique<ConnectionTicket>(shared_), address_text(address));
  return true;
}

// Without a descriptor left, a waiting client would keep the listener readable for ever. The spare
// one is given up to take the client in, and the client is turned away unless there is room for
// both by now. -1 when there is nobody to be served: the kernel wants a descriptor before it looks
// whether anybody waits.
int ServerShard::accept_without_descriptors(sockaddr_storage* address) {
  if (spare_descriptor_ >= 0) ::close(spare_descriptor_);
  const int descriptor = accept_from(acceptor_.native_handle(), address);
  spare_descriptor_ = open_spare();
  if (descriptor < 0 || spare_descriptor_ >= 0) return descriptor;
  base::log::warn("http_descriptors_exhausted", {{"lane", lane_.index()}});
  counts_.add(counts_.connections_refused);
  ::close(descriptor);
  spare_descriptor_ = open_spare();
  return -1;
}

void ServerShard::refuse(int descriptor) {
  constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  counts_.add(counts_.connections_refused);
  base::log::debug("http_connection_refused", {{"connections_max", options().connections_max}});
  if (!shared_->tls()) {
    // Best effort: what the client sent already is read away, so that the close is no reset.
    std::array<char, 4096> scratch;
    (void)::recv(descriptor, scratch.data(), scratch.size(), MSG_DONTWAIT);
    (void)::send(descriptor, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(descriptor, SHUT_WR);
  }
  ::close(descriptor);
}

void ServerShard::wait_for_sweep() {
  timer_.expires_after(shared_->sweep_interval);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error) return;
    self->sweep();
    self->wait_for_sweep();
  });
}

template <class Visit>
void ServerShard::for_each(Visit visit) {
  for (Attached* each = first_; each != nullptr;) {
    Attached* const next = each->next_;
    visit(*each);
    each = next;
  }
}

void ServerShard::sweep() {
  coarse_now_ = std::chrono::steady_clock::now();
  for_each([now = coarse_now_](Attached& each) { each.sweep(now); });
}

void ServerShard::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for_each([](Attached& each) { each.begin_stop(); });
  report_if_empty();
}

void ServerShard::close_all() {
  for_each([](Attached& each) { each.close_now(); });
}

void ServerShard::report_if_empty() {
  if (!stopping_ || !busy_ || first_ != nullptr) return;
  busy_ = false;
  timer_.cancel();
  // Behind the callbacks of streams that have just ended, which are in the lane's queue: once the
  // server has stopped, nothing of it runs any more.
  lane_.post([shared = shared_] {
    const std::lock_guard lock(shared->mutex);
    --shared->shards_busy;
    shared->changed.notify_all();
  });
}

SharedBytes ServerShard::keepalive_bytes(const std::string& text) {
  if (text.empty()) return nullptr;
  for (const SharedBytes& known : keepalives_) {
    if (*known == text) return known;
  }
  return keepalives_.emplace_back(std::make_shared<const std::string>(text));
}

}  // namespace colonnade::net
