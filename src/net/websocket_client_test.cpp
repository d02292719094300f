#include "net/websocket_client.hpp"

#include <gtest/gtest.h>

#include "net/limits.hpp"

namespace colonnade::net {
namespace {

using namespace std::literals;

constexpr std::size_t message_bytes_max = 1024;

std::string header_in(std::string_view request, std::string_view name) {
  const std::size_t at = request.find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return "";
  const std::size_t begin = at + 4 + name.size();
  return std::string(request.substr(begin, request.find("\r\n", begin) - begin));
}

std::string take_output(WebSocketClient& client) {
  std::string out(client.output());
  client.sent(out.size());
  return out;
}

std::string switching(const WebSocketClient& client) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, "
         "Upgrade\r\nSec-WebSocket-Accept: " +
         websocket_accept_value(header_in(client.output(), "Sec-WebSocket-Key")) + "\r\n\r\n";
}

WebSocketClient open_client() {
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  const std::string answer = switching(client);
  take_output(client);
  client.receive(answer);
  EXPECT_TRUE(client.open());
  return client;
}

// What a server reads of the frames that the client has put out.
std::vector<WebSocketInput> read_as_server(WebSocketClient& client) {
  WebSocketReader reader(WebSocketRole::server, message_bytes_max);
  const std::string bytes = take_output(client);
  std::string_view rest = bytes;
  std::vector<WebSocketInput> out;
  while (auto input = reader.next(rest)) out.push_back(*std::move(input));
  return out;
}

TEST(WebSocketClient, answers_the_key_as_the_standard_says) {
  // RFC 6455 §1.3.
  EXPECT_EQ(websocket_accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  // Longer than one block of the hash.
  EXPECT_EQ(websocket_accept_value(std::string(64, 'a')).size(), 28U);
}

TEST(WebSocketClient, answers_the_newest_ping_of_a_peer_that_does_not_read) {
  WebSocketClient client = open_client();
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    last = std::to_string(i);
    client.receive(websocket_frame(WebSocketOpcode::ping, last));
  }
  EXPECT_LT(client.output().size(), limits::client_websocket_pong_bytes_waiting + 200);
  read_as_server(client);
  const auto then = read_as_server(client);
  ASSERT_EQ(then.size(), 1U);
  EXPECT_EQ(then[0], WebSocketInput(WebSocketPong{.bytes = last}));
  EXPECT_EQ(client.output(), "");
}

TEST(WebSocketClient, interim_answers_are_passed_over_and_bounded) {
  constexpr std::string_view interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  const std::string answer = std::string(interim) + std::string(interim) + switching(client);
  take_output(client);
  client.receive(answer);
  EXPECT_TRUE(client.open()) << client.fault();
  for (const std::size_t step : {std::size_t{1}, std::size_t{1} << 20}) {
    WebSocketClient flooded("http://a.test/x", {}, message_bytes_max);
    std::string many;
    while (many.size() <= limits::client_header_bytes_max) many += interim;
    for (std::size_t at = 0; at < many.size(); at += step) {
      flooded.receive(std::string_view(many).substr(at, step));
    }
    EXPECT_EQ(flooded.fault(), "the answer to the handshake is too large");
  }
}

TEST(WebSocketClient, a_head_is_too_large_however_it_is_cut) {
  const std::string head =
      "HTTP/1.1 401 No\r\nX: " + std::string(limits::client_header_bytes_max, 'x') + "\r\n\r\n";
  for (const std::size_t step : {std::size_t{1000}, head.size()}) {
    WebSocketClient client("http://a.test/x", {}, message_bytes_max);
    for (std::size_t at = 0; at < head.size(); at += step) {
      client.receive(std::string_view(head).substr(at, step));
    }
    EXPECT_EQ(client.fault(), "the answer to the handshake is too large");
  }
}

TEST(WebSocketClient, asks_for_the_path_with_its_query_and_headers) {
  const WebSocketClient client("https://a.test:8443/base/socket.io/?EIO=4",
                               {{"X-Token", "t"}, {"X-Empty", ""}}, message_bytes_max);
  const std::string request(client.output());
  EXPECT_TRUE(request.starts_with("GET /base/socket.io/?EIO=4 HTTP/1.1\r\nHost: a.test:8443\r\n"));
  EXPECT_EQ(header_in(request, "X-Token"), "t");
  EXPECT_EQ(header_in(request, "Upgrade"), "websocket");
  EXPECT_EQ(header_in(request, "Sec-WebSocket-Version"), "13");
  EXPECT_EQ(header_in(request, "Sec-WebSocket-Key").size(), 24U);
  EXPECT_TRUE(request.ends_with("\r\n\r\n"));
  const WebSocketClient other("https://a.test", {}, message_bytes_max);
  EXPECT_TRUE(other.output().starts_with("GET / HTTP/1.1\r\nHost: a.test\r\n"));
  EXPECT_NE(header_in(other.output(), "Sec-WebSocket-Key"),
            header_in(request, "Sec-WebSocket-Key"));
}

TEST(WebSocketClient, reads_an_answer_that_comes_byte_by_byte_with_a_frame_behind_it) {
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  const std::string bytes = "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + switching(client) +
                            websocket_frame(WebSocketOpcode::text, "hello");
  for (const char byte : bytes) {
    EXPECT_FALSE(client.has_input());
    client.receive({&byte, 1});
  }
  ASSERT_TRUE(client.open()) << client.fault();
  ASSERT_TRUE(client.has_input());
  EXPECT_EQ(client.take_input().text, "hello");
  EXPECT_EQ(client.held_bytes(), 0U);
}

TEST(WebSocketClient, keeps_the_words_of_a_refusal) {
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  client.receive("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nX: y\r\n\r\nno");
  EXPECT_FALSE(client.answered());
  client.receive("pe and more");
  EXPECT_TRUE(client.answered());
  EXPECT_FALSE(client.open());
  EXPECT_EQ(client.status(), 401);
  EXPECT_EQ(client.take_body(), "nope");
  EXPECT_EQ(client.fault(), "");
}

TEST(WebSocketClient, a_refusal_without_a_length_ends_with_its_connection) {
  WebSocketClient client("http://a.test/x", {}, message_bytes_max);
  client.receive("HTTP/1.1 503 X\r\n\r\nlater");
  EXPECT_FALSE(client.answered());
  client.receive_end();
  EXPECT_TRUE(client.answered());
  EXPECT_EQ(client.take_body(), "later");
}

TEST(WebSocketClient, does_not_take_a_switch_that_it_did_not_ask_for) {
  for (const std::string& wrong :
       {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x"s,
        "Upgrade: h2c\r\nConnection: Upgrade"s, "Connection: Upgrade"s}) {
    WebSocketClient client("http://a.test/x", {}, message_bytes_max);
    client.receive("HTTP/1.1 101 X\r\n" + wrong + "\r\n\r\n");
    EXPECT_TRUE(client.answered());
    EXPECT_FALSE(client.open());
    EXPECT_NE(client.fault(), "");
  }
  WebSocketClient extended("http://a.test/x", {}, message_bytes_max);
  std::string answer = switching(extended);
  answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  extended.receive(answer);
  EXPECT_FALSE(extended.open());
}

TEST(WebSocketClient, does_not_take_what_is_no_http_or_never_ends) {
  WebSocketClient other("http://a.test/x", {}, message_bytes_max);
  other.receive("SSH-2.0-x\r\n\r\n");
  EXPECT_NE(other.fault(), "");
  WebSocketClient endless("http://a.test/x", {}, message_bytes_max);
  endless.receive(std::string(limits::client_header_bytes_max + 1, 'a'));
  EXPECT_NE(endless.fault(), "");
  WebSocketClient cut("http://a.test/x", {}, message_bytes_max);
  cut.receive("HTTP/1.1 101");
  cut.receive_end();
  EXPECT_NE(cut.fault(), "");
}

TEST(WebSocketClient, masks_what_it_sends_and_with_another_mask_each_time) {
  WebSocketClient client = open_client();
  client.send_text("same");
  const std::string first = take_output(client);
  client.send_text("same");
  const std::string second = take_output(client);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find("same"), std::string::npos);
  client.send_text("a");
  client.send_text("b");
  const auto read = read_as_server(client);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(std::get<WebSocketMessage>(read[0]).bytes, "a");
  EXPECT_EQ(std::get<WebSocketMessage>(read[1]).bytes, "b");
}

TEST(WebSocketClient, answers_pings_and_closes) {
  WebSocketClient client = open_client();
  client.receive(websocket_frame(WebSocketOpcode::ping, "42"));
  client.receive(websocket_frame(WebSocketOpcode::close, websocket_close_payload(1001, "bye")));
  const auto read = read_as_server(client);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(std::get<WebSocketPong>(read[0]).bytes, "42");
  EXPECT_EQ(std::get<WebSocketClose>(read[1]).code, 1001);
  ASSERT_TRUE(client.has_input());
  const SocketInput input = client.take_input();
  EXPECT_TRUE(input.closed);
  EXPECT_EQ(input.code, 1001);
  EXPECT_EQ(input.close_reason, "bye");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.fault(), "");
  client.send_text("too late");
  EXPECT_EQ(client.output(), "");
}

TEST(WebSocketClient, an_end_without_a_close_frame_and_a_broken_rule_are_faults) {
  WebSocketClient cut = open_client();
  cut.receive_end();
  EXPECT_TRUE(cut.ended());
  EXPECT_NE(cut.fault(), "");
  WebSocketClient broken = open_client();
  broken.receive(websocket_frame(WebSocketOpcode::text, std::string(message_bytes_max + 1, 'a')));
  EXPECT_NE(broken.fault(), "");
  const auto read = read_as_server(broken);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(std::get<WebSocketClose>(read[0]).code, websocket_close::message_too_big);
}

TEST(WebSocketClient, says_goodbye_once) {
  WebSocketClient client = open_client();
  client.close(websocket_close::normal);
  client.close(websocket_close::going_away);
  const auto read = read_as_server(client);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(std::get<WebSocketClose>(read[0]).code, 1000);
}

}  // namespace
}  // namespace colonnade::net
