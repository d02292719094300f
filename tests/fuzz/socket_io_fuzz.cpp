// Whatever a client of Socket.IO sends: its packets are read or refused, and a client that is let
// in hears of its own joins and events in order, once, within the limits. Nothing crashes.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/lane.hpp"
#include "base/log.hpp"
#include "base/share.hpp"
#include "dialects/socket_io/client.hpp"
#include "dialects/socket_io/limits.hpp"
#include "dialects/socket_io/packet.hpp"
#include "dialects/socket_io/polling.hpp"
#include "tests/fuzz/require.hpp"

namespace base = colonnade::base;
namespace limits = colonnade::limits;
namespace net = colonnade::net;
namespace socket_io = colonnade::dialects::socket_io;
using colonnade::fuzz::require;

namespace {

// --- packets alone ------------------------------------------------------------------------------

void read_and_write_again(std::string_view text) {
  const auto packet = socket_io::read_packet(text);
  if (!packet) return require(!packet.error().message.empty());
  require(packet->name_space.starts_with('/'));
  if (packet->is_binary()) return;
  const std::string written =
      socket_io::write_packet(packet->type, packet->name_space, packet->json, packet->ack_id);
  const auto again = socket_io::read_packet(std::string_view(written).substr(1));
  // Without an id and with a namespace that needs no name, JSON that begins with a digit or a slash
  // would be taken for these; neither is ever written.
  if (packet->json.starts_with('[') || packet->json.starts_with('{') || packet->json.empty()) {
    require(again && again->type == packet->type && again->name_space == packet->name_space &&
            again->ack_id == packet->ack_id && again->json == packet->json);
  }
}

void read_polling_body(std::string_view bytes) {
  const auto packets = socket_io::read_polling_body(bytes);
  if (!packets) return;
  std::string again;
  for (const socket_io::EnginePacket& packet : *packets) {
    if (&packet != &packets->front()) again += socket_io::polling_separator;
    again += static_cast<char>(packet.type);
    again += packet.body;
  }
  require(again == bytes);
}

// --- a client -----------------------------------------------------------------------------------

// What is true of all handlers of one client.
struct Told {
  std::size_t joined = 0;
  std::size_t closed = 0;
};

base::Task<void> wait_a_little() {
  const std::chrono::microseconds time(1);
  std::stop_token never;
  [[maybe_unused]] const bool passed = co_await base::sleep_for(time, std::move(never));
}

class Handler final : public socket_io::SocketHandler {
 public:
  Handler(std::shared_ptr<Told> told, std::shared_ptr<socket_io::Socket> socket)
      : told_(std::move(told)), socket_(std::move(socket)) {}

  void on_joined() override {
    require(!joined_ && !closed_);
    joined_ = true;
    ++told_->joined;
    require(told_->joined - told_->closed <= limits::socket_io_namespaces_max);
    socket_->emit("connected", "{}");
  }
  base::Task<void> on_event(std::string name, base::Json arguments,
                            std::optional<std::uint64_t> ack_id) override {
    require(joined_ && !closed_ && !busy_ && arguments.is_array());
    busy_ = true;
    const std::string text = base::to_text(arguments);
    if (ack_id) socket_->acknowledge(*ack_id, text);
    if (name == "leave") socket_->leave();
    if (name == "end") socket_->end_now();
    if (name == "fail") throw std::runtime_error("asked for");
    if (name == "wait") co_await wait_a_little();
    socket_->emit("echo", text);
    busy_ = false;
  }
  void on_closed() override {
    require(!closed_);
    closed_ = true;
    if (joined_) ++told_->closed;  // else the client ended while its join was decided
  }

 private:
  std::shared_ptr<Told> told_;
  std::shared_ptr<socket_io::Socket> socket_;
  bool joined_ = false;
  bool busy_ = false;
  bool closed_ = false;
};

class Lobby final : public socket_io::Lobby {
 public:
  base::Task<base::Result<std::shared_ptr<socket_io::SocketHandler>>> join(
      std::shared_ptr<const net::Request>, base::Json auth,
      std::shared_ptr<socket_io::Socket> socket) override {
    if (auth.is_string()) throw std::runtime_error("asked for");
    if (auth.is_number()) co_await wait_a_little();
    if (!socket->name_space().starts_with("/a")) {
      co_return base::fail(base::ErrorKind::not_found, "Invalid namespace");
    }
    co_return std::make_shared<Handler>(told, std::move(socket));
  }
  std::shared_ptr<Told> told{};
};

// Ends as a real connection does: later, and the client is told.
class Outlet final : public socket_io::Outlet {
 public:
  explicit Outlet(base::Lane& lane) : lane_(lane) {}
  void set_client(std::weak_ptr<socket_io::Client> client) { client_ = std::move(client); }

  std::uint64_t send(net::SharedBytes bytes) override {
    if (ended_) return 0;
    const auto packet = socket_io::read_engine_packet(*bytes);
    require(packet.has_value());
    if (packet->type == socket_io::EngineType::message) judge(packet->body);
    return ++sent_;
  }
  std::uint64_t handed_over() const override { return sent_; }
  void close(std::uint16_t code, std::string_view reason) override {
    require(code >= 1000 && !(code != 1000 && reason.empty()));
    end_now();
  }
  void end_now() override {
    if (std::exchange(ended_, true)) return;
    lane_.post([client = client_.lock()] {
      if (client) client->on_closed();
    });
  }
  void count_for(std::string) override {}
  base::Task<void> drained() override { co_return; }
  bool ended() const { return ended_; }

 private:
  static void judge(std::string_view body) {
    const auto packet = socket_io::read_packet(body);
    require(packet && !packet->is_binary());
    require(packet->json.empty() || base::Json::accept(packet->json));
  }

  base::Lane& lane_;
  std::weak_ptr<socket_io::Client> client_{};
  std::uint64_t sent_ = 0;
  bool ended_ = false;
};

// The first byte says whether each packet finds the ones before it handled.
struct Play {
  Play(base::Lanes& lanes_in, std::string_view bytes)
      : lanes(lanes_in),
        patient(!bytes.empty() && (bytes.front() & 1) != 0),
        packets(bytes.substr(bytes.empty() ? 0 : 1)) {}

  base::Lanes& lanes;
  bool patient;
  std::string packets;
  std::shared_ptr<Told> told = std::make_shared<Told>();
};

// What was posted before has run when this returns, and what that posted.
base::Task<void> settle(base::Lane& lane) {
  for (int i = 0; i < 4; ++i) {
    const auto turn = std::make_shared<base::Completion<bool>>();
    lane.post([turn] { turn->complete(true); });
    co_await turn->wait();
  }
}

base::Task<void> play(std::shared_ptr<Play> it, Lobby& lobby, base::Share& unjoined) {
  base::Lane& lane = it->lanes[0];
  lobby.told = it->told;
  auto hold = unjoined.take("one");
  require(hold.has_value());  // the client before it has given its place back
  const auto outlet = std::make_shared<Outlet>(lane);
  auto client = std::make_shared<socket_io::Client>(
      lobby, lane, std::make_shared<const net::Request>(), outlet, std::move(*hold));
  outlet->set_client(client);
  client->open("sid", "[]", socket_io::Timing{});
  std::string_view left = it->packets;
  while (!left.empty() && !outlet->ended()) {
    const std::size_t end = std::min(left.find(socket_io::polling_separator), left.size());
    client->take(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
    if (it->patient) co_await settle(lane);
  }
  outlet->end_now();
  const std::weak_ptr<socket_io::Client> ending = client;
  client.reset();
  while (!ending.expired()) co_await settle(lane);
  co_await settle(lane);
  require(it->told->joined == it->told->closed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::Lanes lanes(1);
  static Lobby lobby;
  static base::Share unjoined({.what = "clients", .per_account = 1, .total = 1});
  base::log::set_level(base::log::Level::off);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_and_write_again(bytes);
  read_polling_body(bytes);
  base::run_on(lanes[0], play(std::make_shared<Play>(lanes, bytes), lobby, unjoined));
  return 0;
}
