// WebSockets and whole turns over real sockets, against a server that speaks the frames by hand.
#include <gtest/gtest.h>

#include <future>
#include <stop_token>
#include <string>
#include <vector>

#include "net/websocket_client.hpp"
#include "sdk/loopback_server.hpp"
#include "sdk/platos/script.hpp"

namespace colonnade {
namespace {

using namespace platos_script;
using net::WebSocketOpcode;
using Lines = std::vector<std::string>;

constexpr std::size_t message_bytes_max = 16 << 20;

// The server's end of one WebSocket.
class Peer {
 public:
  explicit Peer(LoopbackConnection& connection) : connection_(connection) {}

  // Answers the upgrade; "" when there was none.
  std::string accept() {
    std::string request = connection_.read_request();
    const std::string name = "Sec-WebSocket-Key: ";
    const auto at = request.find(name);
    if (at == std::string::npos) return "";
    const std::string key = request.substr(at + name.size(), 24);
    connection_.send("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                     std::string("Sec-WebSocket-Accept: ") + net::websocket_accept_value(key) +
                     "\r\n\r\n");
    return request;
  }
  void say(std::string_view text) {
    connection_.send(net::websocket_frame(WebSocketOpcode::text, text));
  }
  void ping(std::string_view bytes) {
    connection_.send(net::websocket_frame(WebSocketOpcode::ping, bytes));
  }
  void close(std::uint16_t code) {
    connection_.send(
        net::websocket_frame(WebSocketOpcode::close, net::websocket_close_payload(code, "bye")));
  }
  // The next thing the client sends: its text, "ping …", "pong …", "close CODE", or "end".
  std::string hear() {
    for (;;) {
      std::string_view rest = held_;
      auto input = reader_.next(rest);
      held_.erase(0, held_.size() - rest.size());
      if (input) return describe(*input);
      char buffer[4096];
      const ssize_t got = ::recv(connection_.fd(), buffer, sizeof buffer, 0);
      if (got <= 0) return "end";
      held_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  // The handshake of Socket.IO up to the message.
  std::string greet() {
    accept();
    say(opened);
    hear();
    say(joined);
    say(connected());
    return hear();
  }

 private:
  static std::string describe(const net::WebSocketInput& input) {
    if (const auto* message = std::get_if<net::WebSocketMessage>(&input)) return message->bytes;
    if (const auto* ping = std::get_if<net::WebSocketPing>(&input)) return "ping " + ping->bytes;
    if (const auto* pong = std::get_if<net::WebSocketPong>(&input)) return "pong " + pong->bytes;
    if (const auto* closed = std::get_if<net::WebSocketClose>(&input)) {
      return "close " + std::to_string(closed->code);
    }
    return std::string("fault: ") + std::get<net::WebSocketFault>(input).reason;
  }

  LoopbackConnection& connection_;
  net::WebSocketReader reader_{net::WebSocketRole::server, message_bytes_max};
  std::string held_;
};

// What a server's thread has seen; read it when the server is gone.
using Seen = Lines;

// The callbacks of a transport as values, for either way of calling.
Result<TransportConnected> connect(Transport& transport, TransportRequest request,
                                   Calling calling) {
  std::promise<Result<TransportConnected>> arrived;
  transport.connect(std::move(request), calling, [&](Result<TransportConnected> opened) {
    arrived.set_value(std::move(opened));
  });
  return arrived.get_future().get();
}

Result<SocketInput> read(TransportSocket& socket, std::chrono::milliseconds silence_max = {}) {
  std::promise<Result<SocketInput>> arrived;
  socket.read(silence_max, [&](Result<SocketInput> input) { arrived.set_value(std::move(input)); });
  return arrived.get_future().get();
}

class WebSockets : public ::testing::TestWithParam<Calling> {
 protected:
  std::shared_ptr<Transport> transport = make_http_transport();
};

TEST_P(WebSockets, say_and_hear_messages_of_any_size) {
  const std::string large(3 << 20, 'x');
  Seen seen;
  {
    LoopbackServer server([&](LoopbackConnection& connection) {
      Peer peer(connection);
      seen.push_back(peer.accept().substr(0, 20));
      peer.ping("are you there");
      peer.say("first");
      seen.push_back(peer.hear());
      seen.push_back(peer.hear());
      peer.say(large);
      seen.push_back(peer.hear() == large ? "large" : "damaged");
      peer.say("thanks");
      seen.push_back(peer.hear());
    });
    auto opened = connect(*transport, {.url = server.url() + "/x?EIO=4"}, GetParam());
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened->status, 101);
    EXPECT_EQ(read(*opened->socket)->text, "first");
    opened->socket->send("hello");
    EXPECT_EQ(read(*opened->socket)->text, large);
    opened->socket->send(large);
    // What did not go at once goes during the next read.
    EXPECT_EQ(read(*opened->socket)->text, "thanks");
    EXPECT_EQ(read(*opened->socket, 1ms).error().transport, TransportErrorKind::timeout);
    opened->socket.reset();
    transport.reset();  // then its thread has said goodbye
  }
  EXPECT_EQ(seen,
            (Seen{"GET /x?EIO=4 HTTP/1.", "pong are you there", "hello", "large", "close 1000"}));
}

TEST_P(WebSockets, tell_a_close_from_a_cut) {
  LoopbackServer server([](LoopbackConnection& connection) {
    Peer peer(connection);
    const bool orderly = peer.accept().starts_with("GET /close");
    if (orderly) {
      peer.close(4001);
      peer.hear();
    } else {
      connection.reset();
    }
  });
  auto closing = connect(*transport, {.url = server.url() + "/close"}, GetParam());
  ASSERT_TRUE(closing && closing->socket);
  const auto input = read(*closing->socket);
  ASSERT_TRUE(input) << input.error().message;
  EXPECT_TRUE(input->closed);
  EXPECT_EQ(input->code, 4001);
  EXPECT_EQ(input->close_reason, "bye");
  EXPECT_FALSE(read(*closing->socket)) << "nothing comes behind a close";
  auto cut = connect(*transport, {.url = server.url() + "/cut"}, GetParam());
  if (cut) {
    ASSERT_TRUE(cut->socket);
    EXPECT_EQ(read(*cut->socket).error().transport, TransportErrorKind::reset);
  } else {
    EXPECT_EQ(cut.error().transport, TransportErrorKind::reset);
  }
}

TEST_P(WebSockets, a_refusal_has_its_words) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.reply(401, R"({"message":"expired"})");
    connection.wait_closed();
  });
  const auto opened = connect(*transport, {.url = server.url() + "/"}, GetParam());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->status, 401);
  EXPECT_EQ(opened->body, R"({"message":"expired"})");
  EXPECT_EQ(opened->socket, nullptr);
}

TEST_P(WebSockets, failures_of_connecting_have_their_kinds) {
  const auto refused = connect(*transport, {.url = "http://127.0.0.1:1/"}, GetParam());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().transport, TransportErrorKind::connect);
  LoopbackServer silent([](LoopbackConnection& connection) { connection.wait_closed(); });
  const auto late = connect(
      *transport, {.url = silent.url() + "/", .total_timeout = std::chrono::milliseconds(20)},
      GetParam());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().transport, TransportErrorKind::timeout);
}

TEST_P(WebSockets, a_stop_ends_a_read_and_an_opening) {
  std::stop_source stop;
  LoopbackServer server([&](LoopbackConnection& connection) {
    Peer peer(connection);
    if (!peer.accept().starts_with("GET /open")) return;
    stop.request_stop();
    connection.wait_closed();
  });
  auto opened =
      connect(*transport, {.url = server.url() + "/open", .stop = stop.get_token()}, GetParam());
  if (opened) {
    EXPECT_EQ(read(*opened->socket).error().transport, TransportErrorKind::canceled);
  } else {
    EXPECT_EQ(opened.error().transport, TransportErrorKind::canceled);
  }
  std::stop_source other;
  LoopbackServer silent([&](LoopbackConnection& connection) {
    connection.read_request();
    other.request_stop();
    connection.wait_closed();
  });
  const auto never =
      connect(*transport, {.url = silent.url() + "/", .stop = other.get_token()}, GetParam());
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().transport, TransportErrorKind::canceled);
}

INSTANTIATE_TEST_SUITE_P(Both, WebSockets,
                         ::testing::Values(Calling::blocking, Calling::background),
                         [](const auto& info) {
                           return info.param == Calling::blocking ? "blocking" : "background";
                         });

TEST(WebSocketsThroughAProxy, are_tunnelled) {
  for (const Calling calling : {Calling::blocking, Calling::background}) {
    Seen seen;
    {
      LoopbackServer proxy([&](LoopbackConnection& connection) {
        seen.push_back(connection.read_request().substr(0, 33));
        connection.send("HTTP/1.1 200 OK\r\n\r\n");
        Peer peer(connection);
        seen.push_back(peer.accept().substr(0, 15));
        peer.say("through");
        seen.push_back(peer.hear());
      });
      const auto transport = make_http_transport({.proxy = proxy.url()});
      auto opened = connect(*transport, {.url = "http://platos.test:8080/x"}, calling);
      ASSERT_TRUE(opened) << opened.error().message;
      ASSERT_TRUE(opened->socket);
      EXPECT_EQ(read(*opened->socket)->text, "through");
    }
    EXPECT_EQ(seen, (Seen{"CONNECT platos.test:8080 HTTP/1.1", "GET /x HTTP/1.1", "close 1000"}));
  }
}

TEST(WebSocketsInBackground, end_when_their_transport_goes) {
  LoopbackServer server([](LoopbackConnection& connection) {
    Peer peer(connection);
    peer.accept();
    connection.wait_closed();
  });
  auto transport = make_http_transport();
  auto opened = connect(*transport, {.url = server.url() + "/"}, Calling::background);
  ASSERT_TRUE(opened && opened->socket);
  std::promise<Result<SocketInput>> arrived;
  opened->socket->read({}, [&](Result<SocketInput> input) { arrived.set_value(std::move(input)); });
  transport.reset();
  EXPECT_EQ(arrived.get_future().get().error().transport, TransportErrorKind::canceled);
}

// --- whole turns
// ----------------------------------------------------------------------------------

platos::Options options_at(const LoopbackServer& server) {
  return {
      .base_url = server.url() + "/prefix", .session_token = "t1", .sockets = {.delay_min = 1ms}};
}

// A server whose sockets are cut in the middle, and the next one goes on.
void play_a_cut_turn(LoopbackConnection& connection) {
  Peer peer(connection);
  const std::string first = peer.greet();
  if (first.find("resume_stream") == std::string::npos) {
    peer.say(token("Hel", 1));
    connection.reset();
    return;
  }
  peer.say(token("Hel", 1));
  peer.say(token("lo", 2));
  peer.say(done(3));
  peer.hear();
}

TEST(PlatosSocket, a_turn_survives_a_cut) {
  LoopbackServer server(play_a_cut_turn);
  const platos::AsyncClient async(options_at(server));
  for (const bool awaited : {false, true}) {
    const Ran ran =
        awaited ? run(send_async(&async, {})) : send_with(platos::Client(options_at(server)));
    EXPECT_EQ(ran.thrown, "");
    // A reset may overtake what was sent before it; nothing is given twice either way.
    std::string text;
    for (const auto& line : ran.events) {
      if (line.starts_with("token:")) text += line.substr(6);
    }
    EXPECT_EQ(text, "Hello");
    EXPECT_EQ(ran.events.back(), "done");
  }
  EXPECT_EQ(server.connections(), 4);
}

TEST(PlatosSocket, the_path_of_the_base_url_goes_before_the_sockets) {
  Seen seen;
  {
    LoopbackServer server([&](LoopbackConnection& connection) {
      Peer peer(connection);
      seen.push_back(peer.accept());
      peer.say(opened);
      seen.push_back(peer.hear());
      peer.say(joined);
      peer.say(connected());
      seen.push_back(peer.hear());
      peer.say(done(1));
      seen.push_back(peer.hear());
    });
    EXPECT_EQ(send_with(platos::Client(options_at(server)), {.idempotency_key = "k"}).thrown, "");
  }
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen[0].starts_with("GET /prefix/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"));
  EXPECT_NE(seen[0].find("X-Platos-Session-Token: t1\r\n"), std::string::npos);
  EXPECT_EQ(seen[1], R"(40/agent,{"token":"t1"})");
  EXPECT_EQ(seen[2],
            R"(42/agent,["message",{"message":"hi","threadId":"th1","idempotencyKey":"k"}])");
  EXPECT_EQ(seen[3], "close 1000");
}

TEST(PlatosSocket, leaving_the_loop_says_goodbye) {
  Seen seen;
  {
    LoopbackServer server([&](LoopbackConnection& connection) {
      Peer peer(connection);
      peer.greet();
      peer.say(token("a", 1));
      seen.push_back(peer.hear());
    });
    const platos::Client client(options_at(server));
    for (const auto& event : client.threads.send("th1", "hi")) {
      if (event.as<platos::Token>() != nullptr) break;
    }
  }
  EXPECT_EQ(seen, (Seen{"close 1000"}));
}

TEST(PlatosSocket, a_stop_ends_a_turn_that_waits) {
  for (const bool awaited : {false, true}) {
    std::stop_source stop;
    LoopbackServer server([&](LoopbackConnection& connection) {
      Peer peer(connection);
      peer.greet();
      stop.request_stop();
      connection.wait_closed();
    });
    Ran ran;
    if (awaited) {
      const platos::AsyncClient root(options_at(server));
      const platos::AsyncClient client = root.with({.stop = stop.get_token()});
      ran = run(send_async(&client, {}));
    } else {
      const platos::Client root(options_at(server));
      ran = send_with(root.with({.stop = stop.get_token()}));
    }
    EXPECT_EQ(ran.thrown, "");
    EXPECT_TRUE(ran.cancelled);
    EXPECT_EQ(ran.events.back(), "done:stopped");
  }
}

TEST(PlatosSocket, turns_at_once_need_one_thread_in_an_async_program) {
  constexpr int turns = 20;
  LoopbackServer server([](LoopbackConnection& connection) {
    Peer peer(connection);
    peer.greet();
    peer.say(token("a", 1));
    peer.say(done(2));
    peer.hear();
  });
  const platos::AsyncClient client(options_at(server));
  std::vector<Task<Ran>> tasks;
  for (int i = 0; i < turns; ++i) tasks.push_back(send_async(&client, {}));
  const std::vector<Ran> all = run(when_all(std::move(tasks)));
  ASSERT_EQ(all.size(), static_cast<std::size_t>(turns));
  for (const Ran& ran : all) EXPECT_EQ(ran.events, (Lines{"connected", "token:a", "done"}));
}

}  // namespace
}  // namespace colonnade
