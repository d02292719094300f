#include "dialects/socket_io/client.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "dialects/error_answers.hpp"
#include "dialects/socket_io/limits.hpp"
#include "net/websocket.hpp"

namespace colonnade::dialects::socket_io {
namespace {

namespace close_code = net::websocket_close;

constexpr std::size_t id_bytes = 15;  // 20 characters, as the library's

net::SharedBytes shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Names that the library keeps for itself; an event of that name is no event.
bool is_reserved(std::string_view event) {
  constexpr std::array<std::string_view, 6> names{
      "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};
  return std::ranges::find(names, event) != names.end();
}

std::string open_packet(std::string_view session_id, std::string_view upgrades,
                        std::chrono::milliseconds ping_interval) {
  using std::chrono::milliseconds;
  std::string out(1, static_cast<char>(EngineType::open));
  base::JsonWriter w(out);
  w.object();
  w.field("sid", session_id);
  w.key("upgrades").raw(upgrades);
  w.field("pingInterval", std::int64_t{ping_interval.count()});
  w.field("pingTimeout", std::int64_t{milliseconds(limits::socket_io_ping_timeout).count()});
  w.field("maxPayload", std::uint64_t{limits::socket_io_payload_bytes_max});
  w.end_object();
  return out;
}

std::string refused_join(std::string_view name_space, const base::Error& error) {
  std::string json;
  base::JsonWriter w(json);
  w.object().field("message", error.message);
  w.key("data").object().field("status", http_status_of(error.kind));
  w.field("code", base::to_string(error.kind)).end_object();
  w.end_object();
  return write_packet(PacketType::connect_error, name_space, json);
}

}  // namespace

// --- Socket
// ----------------------------------------------------------------------------------------

net::SharedBytes event_packet(std::string_view name_space, std::string_view event,
                              std::string_view arguments) {
  std::string json = "[";
  base::append_json_string(json, event);
  if (!arguments.empty()) json.append(",").append(arguments);
  json += "]";
  return shared(write_packet(PacketType::event, name_space, json));
}

Socket::Socket(std::weak_ptr<Client> client, base::Lane& lane, std::string name_space)
    : client_(std::move(client)),
      lane_(lane),
      id_(base::new_token(id_bytes)),
      name_space_(std::move(name_space)) {}

std::uint64_t Socket::emit(std::string_view event, std::string_view arguments) {
  return closed_ ? 0 : send(event_packet(name_space_, event, arguments));
}

std::uint64_t Socket::send(net::SharedBytes packet) {
  const auto client = client_.lock();
  return closed_ || !client ? 0 : client->send(std::move(packet));
}

void Socket::acknowledge(std::uint64_t ack_id, std::string_view arguments) {
  const std::string json = "[" + std::string(arguments) + "]";
  send(shared(write_packet(PacketType::ack, name_space_, json, ack_id)));
}

std::uint64_t Socket::handed_over() const {
  const auto client = client_.lock();
  return closed_ || !client ? handed_over_at_end_ : client->outlet_->handed_over();
}

void Socket::leave() {
  const auto client = client_.lock();
  if (closed_ || !client) return;
  client->send(shared(write_packet(PacketType::disconnect, name_space_, "")));
  client->remove(*this);
}

void Socket::end_now() {
  const auto client = client_.lock();
  if (!closed_ && client) client->outlet_->end_now();
}

void Socket::count_for(std::string account) {
  const auto client = client_.lock();
  if (!closed_ && client) client->outlet_->count_for(std::move(account));
}

base::Task<void> Socket::drained() {
  const auto client = client_.lock();
  if (closed_ || !client) co_return;
  const auto outlet = client->outlet_;
  co_await outlet->drained();
}

// --- Client
// ----------------------------------------------------------------------------------------

struct Client::Event {
  std::string name{};
  base::Json arguments;
  std::optional<std::uint64_t> ack_id{};
  std::size_t bytes = 0;
};

struct Client::Member {
  std::shared_ptr<Socket> socket{};
  std::shared_ptr<SocketHandler> handler{};  // null until the join is decided
  std::list<Event> waiting{};                // costs nothing while empty
  bool busy = true;                          // a coroutine handles its join or its events
};

Client::Client(Lobby& lobby, base::Lane& lane, std::shared_ptr<const net::Request> handshake,
               std::shared_ptr<Outlet> outlet, base::Share::Hold unjoined)
    : lobby_(lobby),
      lane_(lane),
      handshake_(std::move(handshake)),
      outlet_(std::move(outlet)),
      unjoined_(std::move(unjoined)) {}

void Client::open(std::string_view session_id, std::string_view upgrades, Timing timing) {
  send(shared(open_packet(session_id, upgrades, timing.ping_interval)));
  lane_.spawn("socket_io_join_wait",
              wait_for_join(weak_from_this(), timing.join_time_max, joined_.get_token()));
}

base::Task<void> Client::wait_for_join(std::weak_ptr<Client> weak,
                                       std::chrono::milliseconds time_max, std::stop_token joined) {
  const bool passed = co_await base::sleep_for(time_max, joined);
  const auto self = weak.lock();
  if (!passed || !self || self->closed_) co_return;
  self->refuse(close_code::policy_violation, "No namespace was joined in time.");
}

std::uint64_t Client::send(net::SharedBytes packet) {
  return closed_ ? 0 : outlet_->send(std::move(packet));
}

void Client::refuse(std::uint16_t code, std::string_view reason) {
  if (!closed_) outlet_->close(code, reason);
}

void Client::take(std::string_view text) {
  if (closed_) return;
  const auto packet = read_engine_packet(text);
  if (!packet) return refuse(close_code::unsupported_data, packet.error().message);
  switch (packet->type) {
    case EngineType::message: return take_message(packet->body);
    case EngineType::ping: send(shared("3" + std::string(packet->body))); return;
    case EngineType::close: return leave();
    case EngineType::pong:
    case EngineType::noop: return;
    case EngineType::open:
    case EngineType::upgrade:
      return refuse(close_code::policy_violation, "A client sends no packet of this type.");
  }
}

// The client says that it goes; a polling one does not come back for an answer.
void Client::leave() {
  outlet_->close(close_code::normal, "");
  on_closed();
}

void Client::take_message(std::string_view text) {
  const auto packet = read_packet(text);
  if (!packet) return refuse(close_code::policy_violation, packet.error().message);
  if (packet->is_binary()) {
    return refuse(close_code::unsupported_data, "Binary events are not supported; send text.");
  }
  switch (packet->type) {
    case PacketType::connect: return join(*packet);
    case PacketType::event: return queue_event(*packet);
    case PacketType::disconnect:
      if (const auto member = member_of(packet->name_space)) remove(*member->socket);
      return;
    case PacketType::ack: return;  // nothing that is sent asks for one
    default: return refuse(close_code::policy_violation, "A client sends no packet of this type.");
  }
}

Client::MemberPtr Client::member_of(std::string_view name_space) const {
  const auto found = std::ranges::find_if(
      members_, [&](const MemberPtr& one) { return one->socket->name_space() == name_space; });
  return found == members_.end() ? nullptr : *found;
}

std::shared_ptr<const net::Request> Client::handshake() const {
  return handshake_ ? handshake_ : kept_head_->request();
}

// --- joining
// ---------------------------------------------------------------------------------------

void Client::join(const Packet& packet) {
  if (member_of(packet.name_space)) return;  // it is in it, or about to be
  if (members_.size() == limits::socket_io_namespaces_max) {
    return refuse(close_code::policy_violation, "The client is in too many namespaces.");
  }
  base::Json auth;
  if (!packet.json.empty()) {
    auto parsed = base::parse_json(packet.json, "auth");
    if (!parsed) return refuse(close_code::policy_violation, parsed.error().message);
    auth = std::move(*parsed);
  }
  auto member = std::make_shared<Member>();
  member->socket = std::make_shared<Socket>(weak_from_this(), lane_, packet.name_space);
  members_.push_back(member);
  lane_.spawn("socket_io_join",
              decide_join(shared_from_this(), std::move(member), std::move(auth)));
}

base::Task<void> Client::decide_join(std::shared_ptr<Client> self, MemberPtr member,
                                     base::Json auth) {
  const auto socket = member->socket;
  base::Result<std::shared_ptr<SocketHandler>> decided =
      base::fail(base::ErrorKind::internal, "internal error");
  try {
    decided = co_await self->lobby_.join(self->handshake(), std::move(auth), socket);
  } catch (const std::exception& e) {
    base::log::error("socket_io_join_failed",
                     {{"namespace", socket->name_space()}, {"error", e.what()}});
  }
  if (socket->closed()) {
    if (decided) (*decided)->on_closed();
    co_return;
  }
  if (!decided) {
    self->send(shared(refused_join(socket->name_space(), decided.error())));
    std::erase(self->members_, member);
    self->end_member(member);
    co_return;
  }
  self->joined_.request_stop();
  self->unjoined_.release();
  if (self->handshake_) {
    self->kept_head_ = std::make_unique<const KeptHead>(*self->handshake_);
    self->handshake_.reset();
  }
  member->handler = std::move(*decided);
  std::string json = R"({"sid":")" + socket->id() + R"("})";
  self->send(shared(write_packet(PacketType::connect, socket->name_space(), json)));
  member->handler->on_joined();
  co_await handle_events(self, member);
}

// --- events
// ----------------------------------------------------------------------------------------

void Client::queue_event(const Packet& packet) {
  const auto member = member_of(packet.name_space);
  if (!member) {
    return refuse(close_code::policy_violation, "An event came before its namespace was joined.");
  }
  auto arguments = base::parse_json(packet.json, "event");
  if (!arguments) return refuse(close_code::policy_violation, arguments.error().message);
  if (!arguments->is_array() || arguments->empty() || !arguments->front().is_string() ||
      is_reserved(arguments->front().get_ref<const std::string&>())) {
    return refuse(close_code::policy_violation, "An event is an array that begins with its name.");
  }
  if (events_waiting_ == limits::socket_io_events_waiting_max ||
      event_bytes_waiting_ + packet.json.size() > limits::socket_io_event_bytes_waiting_max) {
    return refuse(close_code::policy_violation, "Too many events wait to be handled.");
  }
  Event event{.name = arguments->front().get<std::string>(),
              .arguments = std::move(*arguments),
              .ack_id = packet.ack_id,
              .bytes = packet.json.size()};
  event.arguments.erase(event.arguments.begin());
  ++events_waiting_;
  event_bytes_waiting_ += event.bytes;
  member->waiting.push_back(std::move(event));
  if (member->busy) return;
  member->busy = true;
  lane_.spawn("socket_io_events", handle_events(shared_from_this(), member));
}

base::Task<void> Client::handle_events(std::shared_ptr<Client> self, MemberPtr member) {
  while (!member->waiting.empty() && !member->socket->closed()) {
    Event event = std::move(member->waiting.front());
    member->waiting.pop_front();
    --self->events_waiting_;
    self->event_bytes_waiting_ -= event.bytes;
    const auto handler = member->handler;
    bool failed = false;
    try {
      co_await handler->on_event(std::move(event.name), std::move(event.arguments), event.ack_id);
    } catch (const std::exception& e) {
      base::log::error("socket_io_event_failed",
                       {{"namespace", member->socket->name_space()}, {"error", e.what()}});
      failed = true;
    }
    if (failed) self->refuse(close_code::internal_error, "An internal error; reconnect.");
  }
  member->busy = false;
}

// --- ending
// ----------------------------------------------------------------------------------------

void Client::remove(const Socket& socket) {
  const auto member = member_of(socket.name_space());
  if (!member) return;
  std::erase(members_, member);
  end_member(member);
  if (members_.empty() && !closed_) outlet_->close(close_code::normal, "");
}

// Posted, so that a handler that leaves is not told from inside its own call.
void Client::end_member(const MemberPtr& member) {
  Socket& socket = *member->socket;
  if (socket.closed_) return;
  socket.closed_ = true;
  socket.handed_over_at_end_ = outlet_->handed_over();
  for (const Event& event : member->waiting) {
    --events_waiting_;
    event_bytes_waiting_ -= event.bytes;
  }
  member->waiting.clear();
  if (!member->handler) return;
  lane_.post([handler = std::move(member->handler)] { handler->on_closed(); });
}

void Client::on_closed() {
  if (closed_) return;
  closed_ = true;
  joined_.request_stop();
  unjoined_.release();
  for (const MemberPtr& member : std::exchange(members_, {})) end_member(member);
}

}  // namespace colonnade::dialects::socket_io
