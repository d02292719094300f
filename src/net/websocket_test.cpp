// WebSockets over real sockets: the handshake, messages both ways, and how abuse is answered.
#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "net/limits.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using testing::eventually;
using testing::header_of;
using testing::RawClient;
using testing::status_of;
using testing::TestServer;

constexpr WebSocketMask mask{0x12, 0x34, 0x56, 0x78};
constexpr std::size_t message_bytes_max = 1000;

std::string from_client(WebSocketOpcode opcode, std::string_view payload) {
  return websocket_frame(opcode, payload, &mask);
}
std::string close_frame(std::uint16_t code, std::string_view reason) {
  return websocket_frame(WebSocketOpcode::close, websocket_close_payload(code, reason));
}

// The last socket that the server under test opened, and what it was told.
struct Room {
  std::mutex mutex{};
  std::shared_ptr<WebSocket> socket{};
  std::vector<std::string> messages{};
  std::optional<std::uint16_t> closed{};
  std::string reason{};

  std::shared_ptr<WebSocket> current() {
    const std::lock_guard lock(mutex);
    return socket;
  }
  std::optional<std::uint16_t> close_code() {
    const std::lock_guard lock(mutex);
    return closed;
  }
};

// Sends back what it gets; "throw" throws, "close" closes.
class EchoHandler final : public WebSocketHandler {
 public:
  EchoHandler(std::shared_ptr<Room> room, std::shared_ptr<WebSocket> socket)
      : room_(std::move(room)), socket_(std::move(socket)) {}

  void on_message(WebSocketMessage message) override {
    if (message.bytes == "throw") throw std::runtime_error("bug");
    if (message.bytes == "close") return socket_->close(4001, "as you wish");
    socket_->send(std::make_shared<const std::string>(message.bytes));
    const std::lock_guard lock(room_->mutex);
    room_->messages.push_back(std::move(message.bytes));
  }
  void on_closed(std::uint16_t code, std::string_view reason) override {
    const std::lock_guard lock(room_->mutex);
    room_->closed = code;
    room_->reason = reason;
  }

 private:
  std::shared_ptr<Room> room_;
  std::shared_ptr<WebSocket> socket_;
};

base::Task<Reply> open_echo(std::shared_ptr<Room> room, std::shared_ptr<const Request> request) {
  auto accept = websocket_accept(*request);
  if (!accept) co_return Reply(std::move(accept.error()));
  WebSocketReply reply;
  reply.accept = std::move(*accept);
  reply.message_bytes_max = message_bytes_max;
  reply.heartbeat = "beat";
  reply.on_open = [room](std::shared_ptr<WebSocket> socket) {
    {
      const std::lock_guard lock(room->mutex);
      room->socket = socket;
    }
    return std::make_shared<EchoHandler>(room, std::move(socket));
  };
  co_return Reply(std::move(reply));
}

base::Task<std::uint64_t> count_written(std::shared_ptr<WebSocket> socket) {
  co_return socket->messages_written();
}

// Asked on the socket's lane, which alone may.
std::uint64_t messages_written(const std::shared_ptr<WebSocket>& socket) {
  return base::run_on(socket->lane(), count_written(socket));
}

class WebSockets : public ::testing::Test {
 protected:
  WebSockets() { base::log::set_level(base::log::Level::off); }

  static std::string handshake(std::string_view more = {}) {
    return "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, "
           "Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
           "13\r\n" +
           std::string(more) + "\r\n";
  }

  // A client whose handshake was answered.
  RawClient connect() {
    RawClient out = server_.connect();
    EXPECT_TRUE(out.send(handshake()));
    EXPECT_EQ(status_of(out.read_until("\r\n\r\n")), 101);
    return out;
  }

  // What the server answers to these bytes until it closes.
  std::string answer_to(std::string_view bytes) {
    RawClient client = connect();
    EXPECT_TRUE(client.send(bytes));
    return client.read_to_end();
  }

  std::shared_ptr<Room> room_ = std::make_shared<Room>();
  TestServer server_{{{.pattern = "/socket", .handler = std::bind_front(open_echo, room_)}}};
};

TEST_F(WebSockets, TheHandshakeIsTheStandardsExample) {
  RawClient client = server_.connect();
  client.send(handshake("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(status_of(head), 101);
  EXPECT_EQ(header_of(head, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(header_of(head, "Upgrade"), "websocket");
  EXPECT_EQ(header_of(head, "Connection"), "Upgrade");
  EXPECT_EQ(header_of(head, "Sec-WebSocket-Extensions"), "");
}

TEST_F(WebSockets, ABadHandshakeSaysWhatIsWrong) {
  const auto without = [](std::string text, std::string_view line) {
    const auto at = text.find(line);
    return text.erase(at, text.find("\r\n", at) + 2 - at);
  };
  for (const auto& [missing, word] : std::vector<std::pair<const char*, const char*>>{
           {"Upgrade:", "Upgrade"}, {"Connection:", "Connection"}, {"Sec-WebSocket-Key:", "Key"}}) {
    const std::string answer = server_.exchange(without(handshake(), missing));
    EXPECT_EQ(status_of(answer), 400) << missing;
    EXPECT_NE(testing::body_of(answer).find(word), std::string::npos) << answer;
  }
  const std::string answer = server_.exchange(without(handshake(), "Sec-WebSocket-Version:"));
  EXPECT_EQ(status_of(answer), 426);
  EXPECT_EQ(header_of(answer, "Sec-WebSocket-Version"), "13");
}

TEST_F(WebSockets, MessagesGoBothWays) {
  RawClient client = connect();
  client.send(from_client(WebSocketOpcode::text, "Hello"));
  EXPECT_EQ(client.read_until("Hello"), websocket_frame(WebSocketOpcode::text, "Hello"));
  EXPECT_TRUE(eventually([&] { return messages_written(room_->current()) == 1; }));
}

// The handshake and the first messages may come in one segment.
TEST_F(WebSockets, MessagesBehindTheHandshakeAreRead) {
  RawClient client = server_.connect();
  client.send(handshake() + from_client(WebSocketOpcode::text, "early"));
  EXPECT_NE(client.read_until("early").find(websocket_frame(WebSocketOpcode::text, "early")),
            std::string::npos);
}

TEST_F(WebSockets, FramesMayComeByteByByte) {
  RawClient client = connect();
  for (const char byte : from_client(WebSocketOpcode::text, "slow")) {
    client.send(std::string_view(&byte, 1));
  }
  EXPECT_EQ(client.read_until("slow"), websocket_frame(WebSocketOpcode::text, "slow"));
}

TEST_F(WebSockets, APingIsAnsweredWithItsBytes) {
  RawClient client = connect();
  client.send(from_client(WebSocketOpcode::ping, "are you there"));
  EXPECT_EQ(client.read_until("there"), websocket_frame(WebSocketOpcode::pong, "are you there"));
}

// A flood that is not read costs one waiting pong; the newest ping is answered in the end.
TEST_F(WebSockets, AFloodOfPingsIsNotQueued) {
  RawClient client = connect();
  const std::string ping = from_client(WebSocketOpcode::ping, std::string(100, 'p'));
  std::string burst;
  for (int i = 0; i < 1000; ++i) burst += ping;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.send(burst));
  client.send(from_client(WebSocketOpcode::ping, "the last"));
  EXPECT_NE(client.read_until("the last"), "");
}

TEST_F(WebSockets, ACloseIsAnsweredAndTold) {
  EXPECT_EQ(answer_to(from_client(WebSocketOpcode::close, websocket_close_payload(1001, "bye"))),
            close_frame(1001, "bye"));
  EXPECT_TRUE(eventually([&] { return room_->close_code() == 1001; }));
  EXPECT_EQ(room_->reason, "bye");
}

TEST_F(WebSockets, WhatComesAfterACloseIsIgnored) {
  std::string bytes = from_client(WebSocketOpcode::close, "");
  for (int i = 0; i < 100; ++i) bytes += from_client(WebSocketOpcode::text, "late");
  EXPECT_EQ(answer_to(bytes), websocket_frame(WebSocketOpcode::close, ""));
  EXPECT_TRUE(eventually([&] { return room_->close_code() == websocket_close::no_code; }));
  EXPECT_TRUE(room_->messages.empty());
}

TEST_F(WebSockets, AnAbruptEndIsTold) {
  {
    RawClient client = connect();
    client.send(from_client(WebSocketOpcode::text, "x"));
    client.read_until("x");
  }
  EXPECT_TRUE(eventually([&] { return room_->close_code() == websocket_close::abnormal; }));
}

TEST_F(WebSockets, AHalfClosedConnectionEnds) {
  RawClient client = connect();
  client.end_sending();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return room_->close_code() == websocket_close::abnormal; }));
}

TEST_F(WebSockets, TheOwnerMayClose) {
  RawClient client = connect();
  client.send(from_client(WebSocketOpcode::text, "close"));
  EXPECT_EQ(client.read_until("wish"), close_frame(4001, "as you wish"));
  client.send(from_client(WebSocketOpcode::close, websocket_close_payload(4001, "")));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return room_->close_code() == 4001; }));
}

TEST_F(WebSockets, AHandlerThatThrowsClosesTheConnection) {
  EXPECT_EQ(answer_to(from_client(WebSocketOpcode::text, "throw")),
            close_frame(1011, "An internal error; the connection is closed."));
}

// What each rule's breach is answered with stands in websocket_frames_test; here, that it is sent.
TEST_F(WebSockets, AFaultIsAnsweredWithItsCode) {
  EXPECT_EQ(answer_to(websocket_frame(WebSocketOpcode::text, "Hello")),
            close_frame(1002, "a client's frame is not masked"));
  EXPECT_EQ(answer_to(from_client(WebSocketOpcode::text, "\xFF")),
            close_frame(1007, "the text is not UTF-8"));
  EXPECT_EQ(answer_to(from_client(WebSocketOpcode::text, std::string(message_bytes_max + 1, 'x'))),
            close_frame(1009, "the message is too big"));
}

TEST_F(WebSockets, AReaderThatDoesNotReadIsCutOff) {
  RawClient client = server_.connect(4096);
  client.send(handshake());
  client.read_until("\r\n\r\n");
  const auto big = std::make_shared<const std::string>(100'000, 'x');
  const auto socket = room_->current();
  std::atomic<bool> cut{false};
  server_.lanes[0].post([&] {
    for (int i = 0; i < 1000 && !cut; ++i) cut = !socket->send(big);
  });
  EXPECT_TRUE(eventually([&] { return cut.load(); }));
  EXPECT_TRUE(eventually([&] { return room_->close_code() == websocket_close::abnormal; }));
}

TEST_F(WebSockets, AStoppingServerSaysGoodbye) {
  RawClient client = connect();
  server_.server.stop(std::chrono::seconds(1));
  EXPECT_EQ(client.read_to_end(), close_frame(1001, "The server stops."));
}

// --- heartbeats
// ------------------------------------------------------------------------------------

class WebSocketHeartbeats : public ::testing::Test {
 protected:
  WebSocketHeartbeats() { base::log::set_level(base::log::Level::off); }
  static HttpServerOptions options() {
    HttpServerOptions out;
    out.websocket_heartbeat_interval = std::chrono::milliseconds(400);
    return out;
  }
  RawClient connect() {
    RawClient out = server_.connect();
    EXPECT_TRUE(out.send(
        "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
    EXPECT_EQ(status_of(out.read_until("\r\n\r\n")), 101);
    return out;
  }

  const std::string beat_ =
      websocket_frame(WebSocketOpcode::ping, "") + websocket_frame(WebSocketOpcode::text, "beat");
  std::shared_ptr<Room> room_ = std::make_shared<Room>();
  TestServer server_{{{.pattern = "/socket", .handler = std::bind_front(open_echo, room_)}},
                     options()};
};

TEST_F(WebSocketHeartbeats, APeerThatAnswersNoPingIsGone) {
  RawClient client = connect();
  EXPECT_EQ(client.read_to_end(), beat_ + beat_);
  EXPECT_TRUE(eventually([&] { return room_->close_code() == websocket_close::abnormal; }));
}

// Whatever comes says that somebody is there.
TEST_F(WebSocketHeartbeats, APeerThatSendsSomethingStays) {
  RawClient client = connect();
  for (int i = 0; i < limits::websocket_pings_unanswered_max; ++i) {
    for (const WebSocketOpcode answer : {WebSocketOpcode::pong, WebSocketOpcode::text}) {
      EXPECT_NE(client.read_until(beat_), "");
      client.send(from_client(answer, ""));
    }
  }
  EXPECT_EQ(room_->close_code(), std::nullopt);
}

TEST(WebSocketsOverTls, MessagesGoBothWays) {
  base::log::set_level(base::log::Level::off);
  const auto files = testing::make_certificate();
  const auto room = std::make_shared<Room>();
  HttpServerOptions options;
  options.tls = {.certificate_file = files.certificate_file,
                 .private_key_file = files.private_key_file};
  TestServer server({{.pattern = "/socket", .handler = std::bind_front(open_echo, room)}},
                    std::move(options));
  testing::TlsClient client(server.server.port());
  client.send(
      "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n"), "");
  const std::string text(900, 't');
  client.send(from_client(WebSocketOpcode::text, text) +
              from_client(WebSocketOpcode::close, websocket_close_payload(1000, "")));
  EXPECT_EQ(client.read_until(close_frame(1000, "")),
            websocket_frame(WebSocketOpcode::text, text) + close_frame(1000, ""));
  EXPECT_TRUE(eventually([&] { return room->close_code() == 1000; }));
}

}  // namespace
}  // namespace colonnade::net
