#include "dialects/socket_io/endpoint.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/ids.hpp"
#include "dialects/error_answers.hpp"
#include "dialects/socket_io/limits.hpp"
#include "net/websocket.hpp"

namespace colonnade::dialects::socket_io {
namespace {

namespace close_code = net::websocket_close;

constexpr std::size_t session_id_bytes = 15;
constexpr std::string_view protocol = "4";   // of Engine.IO
constexpr std::string_view heartbeat = "2";  // a ping

// The library's own refusals, with its codes.
struct Refusal {
  int code;
  const char* message;
};
constexpr Refusal unknown_transport{0, "Transport unknown"};
constexpr Refusal unknown_session{1, "Session ID unknown"};
constexpr Refusal bad_request{3, "Bad request"};
constexpr Refusal unknown_protocol{5, "Unsupported protocol version"};

net::Response refusal(Refusal why, int status = 400) {
  net::Response out{.status = status};
  base::JsonWriter(out.body)
      .object()
      .field("code", why.code)
      .field("message", why.message)
      .end_object();
  return out;
}

// Too many clients: 429 or 503, in the same form.
net::Response busy(const base::Error& error) {
  net::Response out{.status = error.kind == base::ErrorKind::rate_limited ? 429 : 503};
  base::JsonWriter(out.body).object().field("code", 4).field("message", error.message).end_object();
  add_retry_after(out, error);
  return out;
}

net::Response text_response(std::string body) {
  return {.headers = {{"Cache-Control", "no-store"}},
          .content_type = "text/plain; charset=UTF-8",
          .body = std::move(body)};
}

std::string text_of(net::WebSocketMessage message) { return std::move(message.bytes); }

// Packets of a client that has a WebSocket from the start, on the connection's own lane.
class SocketOutlet final : public Outlet {
 public:
  explicit SocketOutlet(std::shared_ptr<net::WebSocket> socket) : socket_(std::move(socket)) {}

  std::uint64_t send(net::SharedBytes packet) override {
    if (!socket_->send(std::move(packet))) return 0;
    return ++sent_;
  }
  std::uint64_t handed_over() const override { return socket_->messages_written(); }
  void close(std::uint16_t code, std::string_view reason) override { socket_->close(code, reason); }
  void end_now() override { socket_->end_now(); }
  void count_for(std::string account) override { socket_->count_for(std::move(account)); }
  base::Task<void> drained() override { return socket_->drained(); }

 private:
  std::shared_ptr<net::WebSocket> socket_;
  std::uint64_t sent_ = 0;
};

class ClientHandler final : public net::WebSocketHandler {
 public:
  explicit ClientHandler(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  // A binary message that holds a packet's text passes; anything else fails as no packet.
  void on_message(net::WebSocketMessage message) override {
    if (message.binary) {
      return client_->refuse(close_code::unsupported_data,
                             "Binary messages are not supported; send text.");
    }
    client_->take(text_of(std::move(message)));
  }
  void on_closed(std::uint16_t, std::string_view) override { client_->on_closed(); }

 private:
  std::shared_ptr<Client> client_;
};

// A WebSocket that a polling client opens beside its polls: a probe, its answer, then the upgrade.
// On the WebSocket's lane; the session has another one, perhaps.
class UpgradeHandler final : public net::WebSocketHandler {
 public:
  UpgradeHandler(PollingSessionPtr session, std::shared_ptr<net::WebSocket> socket)
      : session_(std::move(session)), socket_(std::move(socket)) {}

  void on_message(net::WebSocketMessage message) override {
    if (message.binary) {
      return socket_->close(close_code::unsupported_data,
                            "Binary messages are not supported; send text.");
    }
    std::string text = text_of(std::move(message));
    if (upgraded_) {
      on_session([text = std::move(text)](PollingSession& session) { session.client->take(text); });
    } else if (text == "2probe") {
      socket_->send(std::make_shared<const std::string>("3probe"));
      if (!std::exchange(probed_, true)) {
        on_session([](PollingSession& session) { session.outlet->pause(); });
      }
    } else if (text == "5") {
      upgraded_ = true;
      on_session([socket = socket_](PollingSession& session) {
        if (session.outlet->ended() || session.outlet->upgraded()) {
          return socket->lane().post([socket] { socket->end_now(); });
        }
        session.outlet->upgrade(socket);
        session.hold.release();
      });
    } else {
      socket_->close(close_code::policy_violation, "A probe was expected.");
    }
  }

  void on_closed(std::uint16_t, std::string_view) override {
    if (!upgraded_) {
      if (probed_) on_session([](PollingSession& session) { session.outlet->unpause(); });
      return;
    }
    on_session([written = socket_->messages_written()](PollingSession& session) {
      session.outlet->on_socket_closed(written);
    });
  }

 private:
  template <class Work>
  void on_session(Work work) {
    session_->lane.post([session = session_, work = std::move(work)] { work(*session); });
  }

  PollingSessionPtr session_;
  std::shared_ptr<net::WebSocket> socket_;
  bool probed_ = false;
  bool upgraded_ = false;
};

}  // namespace

Endpoint::Endpoint(Lobby& lobby, base::Clock& clock, EndpointOptions options)
    : lobby_(lobby),
      clock_(clock),
      trusted_proxies_(std::move(options.trusted_proxies)),
      timing_(options.timing),
      unjoined_({.what = "Socket.IO connections that have not joined",
                 .per_account = options.unjoined_per_address_max,
                 .total = options.unjoined_max}),
      polling_({.what = "Socket.IO clients on the polling transport",
                .per_account = options.polling_per_address_max,
                .total = options.polling_max}) {}

std::vector<net::Route> Endpoint::routes(const std::string& path) {
  std::vector<net::Route> out;
  for (const std::string& pattern : {path, path + "/"}) {
    out.push_back({.method = net::Method::get,
                   .pattern = pattern,
                   .handler = net::Handler(std::bind_front(&Endpoint::get, this)),
                   .long_running = true});
    out.push_back({.method = net::Method::post,
                   .pattern = pattern,
                   .handler = net::Handler(std::bind_front(&Endpoint::post, this)),
                   .body_bytes_max = limits::socket_io_payload_bytes_max});
  }
  return out;
}

base::Task<net::Reply> Endpoint::get(RequestPtr request) {
  if (request->query_parameter("EIO") != protocol) co_return refusal(unknown_protocol);
  const std::string transport = request->query_parameter("transport").value_or("");
  if (transport != "websocket" && transport != "polling") co_return refusal(unknown_transport);
  const auto id = request->query_parameter("sid");
  const auto session = id ? sessions_.find(*id) : nullptr;
  if (id && !session) co_return refusal(unknown_session);
  if (transport == "websocket") {
    co_return session ? upgrade_session(request, session) : open_websocket(request);
  }
  if (!session) co_return open_session(request);
  auto reply = co_await poll(request, session);
  co_return reply;
}

// --- WebSocket
// -------------------------------------------------------------------------------------

net::Reply Endpoint::open_websocket(RequestPtr request) {
  auto accept = net::websocket_accept(*request);
  if (!accept) return std::move(accept.error());
  auto hold = unjoined_.take(client_address(*request, trusted_proxies_));
  if (!hold) return busy(hold.error());
  net::WebSocketReply reply{.accept = std::move(*accept),
                            .message_bytes_max = limits::socket_io_payload_bytes_max,
                            .heartbeat = std::string(heartbeat)};
  reply.on_open = [this, request = std::move(request),
                   hold = std::move(*hold)](std::shared_ptr<net::WebSocket> socket) mutable {
    auto client = std::make_shared<Client>(lobby_, socket->lane(), std::move(request),
                                           std::make_shared<SocketOutlet>(socket), std::move(hold));
    client->open(base::new_token(session_id_bytes), "[]", timing_);
    return std::make_shared<ClientHandler>(std::move(client));
  };
  return reply;
}

net::Reply Endpoint::upgrade_session(const RequestPtr& request, PollingSessionPtr session) {
  auto accept = net::websocket_accept(*request);
  if (!accept) return std::move(accept.error());
  net::WebSocketReply reply{.accept = std::move(*accept),
                            .message_bytes_max = limits::socket_io_payload_bytes_max,
                            .heartbeat = std::string(heartbeat)};
  reply.on_open = [session = std::move(session)](std::shared_ptr<net::WebSocket> socket) {
    return std::make_shared<UpgradeHandler>(session, std::move(socket));
  };
  return reply;
}

// --- polling
// ---------------------------------------------------------------------------------------

net::Reply Endpoint::open_session(RequestPtr request) {
  const std::string address = client_address(*request, trusted_proxies_);
  auto unjoined = unjoined_.take(address);
  if (!unjoined) return busy(unjoined.error());
  auto hold = polling_.take(address);
  if (!hold) return busy(hold.error());
  base::Lane& lane = *request->lane;
  const base::SteadyTime now = clock_.steady();
  auto session =
      std::make_shared<PollingSession>(lane, base::new_token(session_id_bytes), std::move(*hold));
  session->outlet = std::make_shared<PollingOutlet>(lane, now);
  session->client = std::make_shared<Client>(lobby_, lane, std::move(request), session->outlet,
                                             std::move(*unjoined));
  session->outlet->set_client(session->client);
  session->client->open(session->id, R"(["websocket"])", timing_);
  sessions_.add(session);
  lane.spawn("socket_io_polling", watch_session(session));
  // The first packet is the answer; it waits in the queue, so this is answered at once.
  const auto done = std::make_shared<PollCompletion>();
  session->outlet->poll(done, now);
  PollAnswer first = done->take().value_or(PollAnswer{.status = 400});
  if (first.status != 200) return refusal(bad_request);
  return text_response(std::move(first.body));
}

base::Task<net::Reply> Endpoint::poll(RequestPtr request, PollingSessionPtr session) {
  const auto done = std::make_shared<PollCompletion>();
  session->lane.post([session, done, now = clock_.steady()] { session->outlet->poll(done, now); });
  auto answer = co_await done->wait(request->disconnected);
  if (!answer) session->lane.post([session, done] { session->outlet->lose_poll(done); });
  if (!answer || answer->status != 200) co_return refusal(bad_request);
  co_return text_response(std::move(answer->body));
}

base::Task<net::Reply> Endpoint::post(RequestPtr request) {
  if (request->query_parameter("EIO") != protocol) co_return refusal(unknown_protocol);
  if (request->query_parameter("transport") != "polling") co_return refusal(unknown_transport);
  const auto session = sessions_.find(request->query_parameter("sid").value_or(""));
  if (!session) co_return refusal(unknown_session);
  const auto packets = read_polling_body(request->body);
  if (!packets) co_return refusal({bad_request.code, packets.error().message.c_str()});
  // The packets are views of the body, which the request keeps.
  session->lane.post([session, request, now = clock_.steady()] {
    if (session->outlet->upgraded()) return;
    std::string_view body = request->body;
    while (!body.empty() && !session->outlet->ended()) {
      const std::size_t end = std::min(body.find(polling_separator), body.size());
      session->client->take(body.substr(0, end));
      body.remove_prefix(std::min(end + 1, body.size()));
    }
  });
  net::Response out{.content_type = "text/html", .body = "ok"};
  co_return out;
}

base::Task<void> Endpoint::watch_session(PollingSessionPtr session) {
  while (session->outlet->polls()) {
    std::stop_token never;
    const bool passed = co_await base::sleep_for(timing_.ping_interval, std::move(never));
    if (passed) session->outlet->beat(clock_.steady());
  }
  sessions_.remove(session->id);
  session->hold.release();
}

}  // namespace colonnade::dialects::socket_io
