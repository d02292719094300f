// Socket.IO over real connections: both transports, the upgrade, joins, events and abuse.
#include "dialects/socket_io/endpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "dialects/socket_io/limits.hpp"
#include "net/testing.hpp"
#include "net/websocket_frames.hpp"

namespace colonnade::dialects::socket_io {
namespace {

using net::WebSocketOpcode;
using net::testing::body_of;
using net::testing::eventually;
using net::testing::RawClient;
using net::testing::status_of;

constexpr net::WebSocketMask mask{1, 2, 3, 4};

// What the server under test was told.
struct Told {
  std::mutex mutex{};
  std::vector<std::string> events{};
  int closed = 0;

  void add(std::string text) {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(text));
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex);
    return events;
  }
  int closed_count() {
    const std::lock_guard lock(mutex);
    return closed;
  }
};

// Sends "echo" back what it gets; "ask" is acknowledged; "leave" leaves; "many" is answered with so
// many packets of so many bytes.
class EchoSocket final : public SocketHandler {
 public:
  EchoSocket(std::shared_ptr<Told> told, std::shared_ptr<Socket> socket)
      : told_(std::move(told)), socket_(std::move(socket)) {}

  void on_joined() override { socket_->emit("connected", R"({"status":"ok"})"); }
  base::Task<void> on_event(std::string name, base::Json arguments,
                            std::optional<std::uint64_t> ack_id) override {
    const std::string text = base::to_text(arguments);
    told_->add(name + text);
    if (name == "leave") {
      socket_->leave();
    } else if (name == "many") {
      const std::string bytes(arguments.at(1).get<std::size_t>(), 'x');
      for (int left = arguments.at(0); left > 0; --left) socket_->emit("packet", '"' + bytes + '"');
    } else if (ack_id) {
      socket_->acknowledge(*ack_id, text);
    } else {
      socket_->emit("echo", text);
    }
    co_return;
  }
  void on_closed() override {
    const std::lock_guard lock(told_->mutex);
    ++told_->closed;
  }

 private:
  std::shared_ptr<Told> told_;
  std::shared_ptr<Socket> socket_;
};

// Lets clients into "/agent" only, after `opened` when that is set.
class TestLobby final : public Lobby {
 public:
  base::Task<base::Result<std::shared_ptr<SocketHandler>>> join(
      std::shared_ptr<const net::Request> handshake, base::Json auth,
      std::shared_ptr<Socket> socket) override {
    if (gate) co_await gate->wait();
    if (!socket->name_space().starts_with("/agent")) {
      co_return base::fail(base::ErrorKind::not_found, "Invalid namespace");
    }
    told->add("join" + base::to_text(auth) + std::string(handshake->header("X-Who")));
    co_return std::make_shared<EchoSocket>(told, std::move(socket));
  }

  std::shared_ptr<Told> told = std::make_shared<Told>();
  std::unique_ptr<base::Signal> gate{};
};

class SocketIo : public ::testing::Test {
 protected:
  explicit SocketIo(EndpointOptions options = {}) : endpoint_(lobby_, clock_, std::move(options)) {
    base::log::set_level(base::log::Level::off);
  }

  static std::string frame(std::string_view text) {
    return net::websocket_frame(WebSocketOpcode::text, text, &mask);
  }

  // A client whose WebSocket is open. `more`: sent in the same segment as the handshake.
  RawClient connect(std::string_view more = {}, std::string_view sid = {},
                    std::string_view headers = {}) {
    RawClient out = server_.connect();
    std::string target = "/socket.io/?EIO=4&transport=websocket";
    if (!sid.empty()) target += "&sid=" + std::string(sid);
    out.send("GET " + target +
             " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
             std::string(headers) + "\r\n" + std::string(more));
    return out;
  }
  RawClient join(std::string_view more = {}) {
    RawClient out = connect(frame("40/agent,"));
    out.read_until("connected");
    if (!more.empty()) out.send(more);
    return out;
  }

  std::string get(std::string_view query, std::string_view headers = {}) {
    return server_.exchange("GET /socket.io/?" + std::string(query) +
                            " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + std::string(headers) +
                            "\r\n");
  }
  std::string post(std::string_view query, std::string_view body) {
    return server_.exchange("POST /socket.io/?" + std::string(query) +
                            " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  // The id of a new polling session.
  std::string open_session() {
    const std::string body = body_of(get("EIO=4&transport=polling"));
    EXPECT_EQ(body.substr(0, 1), "0");
    const auto open = base::Json::parse(body.substr(1));
    EXPECT_EQ(open["upgrades"], base::Json::array({"websocket"}));
    return open["sid"];
  }

  // The query of a session that has joined and has fetched all that it was sent.
  std::string joined_session() {
    const std::string query = "EIO=4&transport=polling&sid=" + open_session();
    post(query, "40/agent,");
    for (std::string all; all.find("connected") == std::string::npos;) {
      const std::string answer = get(query);
      if (status_of(answer) != 200) {
        ADD_FAILURE() << "the session did not join: " << answer;
        break;
      }
      all += body_of(answer);
    }
    return query;
  }

  TestLobby lobby_;
  base::ManualClock clock_;
  Endpoint endpoint_;
  net::testing::TestServer server_{endpoint_.routes("/socket.io"), {}, {}, 2};
};

TEST_F(SocketIo, TheFirstFrameSaysTheTiming) {
  RawClient client = connect();
  const std::string text = client.read_until("}");
  const auto open = base::Json::parse(text.substr(text.find('{')));
  EXPECT_EQ(open["upgrades"], base::Json::array());
  EXPECT_EQ(open["pingInterval"], 25000);
  EXPECT_EQ(open["pingTimeout"], 10000);
  EXPECT_EQ(open["maxPayload"], 1000000);
}

TEST_F(SocketIo, AJoinedClientExchangesEvents) {
  RawClient client = connect(frame(R"(40/agent,{"token":"t"})"));
  const std::string joined = client.read_until("connected");
  EXPECT_LT(joined.find("40/agent,{\"sid\":\""), joined.find("42/agent,[\"connected\""));
  client.send(frame(R"(42/agent,["message",{"a":"é"},2])"));
  EXPECT_NE(client.read_until("echo").find("42/agent,[\"echo"), std::string::npos);
  EXPECT_EQ(lobby_.told->all(),
            (std::vector<std::string>{R"(join{"token":"t"})", R"(message[{"a":"é"},2])"}));
}

// platos §3.3: the client sends both frames without reading anything, and the join takes a while.
TEST_F(SocketIo, EventsBeforeTheJoinIsDecidedWait) {
  lobby_.gate = std::make_unique<base::Signal>();
  RawClient client =
      connect(frame("40/agent,") + frame(R"(42/agent,["one"])") + frame(R"(42/agent,["two"])"));
  client.read_until("pingTimeout");
  lobby_.gate->notify();
  const std::string all = client.read_until(R"(["echo",[]])");
  EXPECT_NE(all.find("connected"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return lobby_.told->all().size() == 3; }));
  EXPECT_EQ(lobby_.told->all()[1], "one[]");
  EXPECT_EQ(lobby_.told->all()[2], "two[]");
}

TEST_F(SocketIo, TooManyEventsBeforeTheJoinCloseTheConnection) {
  lobby_.gate = std::make_unique<base::Signal>();
  std::string frames = frame("40/agent,");
  for (std::size_t i = 0; i <= limits::socket_io_events_waiting_max; ++i) {
    frames += frame(R"(42/agent,["one"])");
  }
  RawClient client = connect(frames);
  EXPECT_NE(client.read_to_end().find("Too many events wait to be handled."), std::string::npos);
  lobby_.gate->notify();
  EXPECT_TRUE(lobby_.told->all().size() <= 1);
}

// Frames of events with so many bytes of text each.
std::string large_events(std::size_t count, std::size_t bytes) {
  const std::string text = R"(42/agent,["one",")" + std::string(bytes, 'x') + R"("])";
  const std::string one = net::websocket_frame(WebSocketOpcode::text, text, &mask);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += one;
  return out;
}

TEST_F(SocketIo, TooManyBytesOfEventsBeforeTheJoinCloseTheConnection) {
  constexpr std::size_t half = limits::socket_io_event_bytes_waiting_max / 2;
  lobby_.gate = std::make_unique<base::Signal>();
  RawClient over = connect(frame("40/agent,") + large_events(2, half));
  EXPECT_NE(over.read_to_end().find("Too many events wait to be handled."), std::string::npos);
  lobby_.gate->notify();
  EXPECT_TRUE(lobby_.told->all().size() <= 1);
}

TEST_F(SocketIo, EventsOfFewerBytesWaitForTheJoin) {
  constexpr std::size_t less = limits::socket_io_event_bytes_waiting_max / 2 - 100;
  lobby_.gate = std::make_unique<base::Signal>();
  RawClient client = connect(frame("40/agent,") + large_events(2, less));
  client.read_until("pingTimeout");
  lobby_.gate->notify();
  EXPECT_TRUE(eventually([&] { return lobby_.told->all().size() == 3; }));
  // They are handled, and wait no more.
  client.send(large_events(2, less));
  EXPECT_TRUE(eventually([&] { return lobby_.told->all().size() == 5; }));
}

TEST_F(SocketIo, AClientIsInSoManyNamespacesAtATime) {
  RawClient client = connect();
  for (std::size_t i = 0; i < limits::socket_io_namespaces_max; ++i) {
    const std::string name = "/agent/" + std::to_string(i);
    client.send(frame("40" + name + ","));
    client.read_until("42" + name + ",[\"connected\"");
  }
  client.send(frame("41/agent/0,") + frame("40/agent/next,"));  // one goes, one comes
  EXPECT_NE(client.read_until("42/agent/next,[\"connected\""), "");
  client.send(frame("40/agent/over,"));
  EXPECT_NE(client.read_to_end().find("The client is in too many namespaces."), std::string::npos);
}

TEST_F(SocketIo, AnEventMayBeAcknowledged) {
  RawClient client = join(frame(R"(42/agent,7["ask",1])"));
  EXPECT_NE(client.read_until("43/agent,7[[1]]"), "");
}

TEST_F(SocketIo, AnUnknownNamespaceIsRefused) {
  RawClient client = connect(frame("40/other,"));
  EXPECT_NE(client.read_until(R"(44/other,{"message":"Invalid namespace",)"
                              R"("data":{"status":404,"code":"not_found"}})"),
            "");
}

TEST_F(SocketIo, EveryJoinSeesTheHeadersThatOpenedTheConnection) {
  RawClient client = connect(frame("40/agent,"), {}, "X-Who: ann\r\n");
  client.read_until("connected");
  client.send(frame("40/agent/b,{\"a\":1}"));
  client.read_until("42/agent/b,[\"connected\"");
  EXPECT_EQ(lobby_.told->all(), (std::vector<std::string>{"joinnullann", "join{\"a\":1}ann"}));
}

TEST_F(SocketIo, LeavingEndsTheConnection) {
  RawClient client = join(frame(R"(42/agent,["leave"])"));
  const std::string rest = client.read_to_end();
  EXPECT_NE(rest.find("41/agent,"), std::string::npos);
  EXPECT_TRUE(rest.ends_with(net::websocket_frame(
      WebSocketOpcode::close, net::websocket_close_payload(net::websocket_close::normal, ""))));
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
}

TEST_F(SocketIo, WhatIsNoPacketClosesTheConnectionAndSaysWhy) {
  const std::pair<std::string, const char*> cases[] = {
      {frame("x"), "unknown"},
      {frame("49"), "unknown"},
      {frame("42/other,[\"a\"]"), "before its namespace was joined"},
      {frame("42/agent,{}"), "array"},
      {frame("42/agent,[1]"), "array"},
      {frame("42/agent,[\"disconnect\"]"), "array"},
      {frame("42/agent,[\"a\""), "event"},
      {frame("451-/agent,[\"a\",{\"_placeholder\":true,\"num\":0}]"), "Binary"},
      {net::websocket_frame(WebSocketOpcode::binary, "42/agent,[\"a\"]", &mask), "Binary"},
  };
  for (const auto& [bytes, word] : cases) {
    RawClient client = join(bytes);
    EXPECT_NE(client.read_to_end().find(word), std::string::npos) << word;
  }
}

// --- polling
// ---------------------------------------------------------------------------------------

TEST_F(SocketIo, AClientMayPoll) {
  const std::string query = "EIO=4&transport=polling&sid=" + open_session();
  EXPECT_EQ(body_of(post(query,
                         "40/agent,\x1E"
                         "42/agent,[\"message\",1]")),
            "ok");
  std::string all;
  while (all.find("echo") == std::string::npos) {
    const std::string answer = get(query);
    ASSERT_EQ(status_of(answer), 200);
    all += body_of(answer) + polling_separator;
  }
  EXPECT_LT(all.find("40/agent,{"), all.find("connected"));
  EXPECT_NE(all.find("42/agent,[\"echo\",[1]]"), std::string::npos);
  EXPECT_EQ(body_of(post(query, "1")), "ok");  // closes
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
}

TEST_F(SocketIo, APollWaitsForAnEvent) {
  const std::string query = "EIO=4&transport=polling&sid=" + open_session();
  RawClient waiting = server_.connect();
  waiting.send("GET /socket.io/?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
  post(query, "40/agent,");
  EXPECT_NE(waiting.read_until("40/agent,{"), "");
}

// The client has not got what the poll was to fetch, and would miss it if the session went on.
TEST_F(SocketIo, APollWhoseConnectionIsLostEndsTheSession) {
  const std::string query = "EIO=4&transport=polling&sid=" + open_session();
  post(query, "40/agent,");
  std::string first = body_of(get(query));
  if (first.find("connected") == std::string::npos) first += body_of(get(query));
  RawClient waiting = server_.connect();
  waiting.send("GET /socket.io/?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.close();
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
  EXPECT_EQ(status_of(get(query)), 400);
}

TEST_F(SocketIo, APollingClientMayUpgrade) {
  const std::string sid = open_session();
  const std::string query = "EIO=4&transport=polling&sid=" + sid;
  post(query, "40/agent,");
  std::string first = body_of(get(query));
  if (first.find("connected") == std::string::npos) first += body_of(get(query));

  RawClient waiting = server_.connect();
  waiting.send("GET /socket.io/?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient client = connect(frame("2probe"), sid);
  EXPECT_NE(client.read_until("3probe"), "");
  EXPECT_NE(waiting.read_until("\r\n\r\n6"), "");  // the poll is let go
  client.send(frame("5") + frame(R"(42/agent,["message","upgraded"])"));
  EXPECT_NE(client.read_until(R"(42/agent,["echo",["upgraded"]])"), "");
  EXPECT_EQ(status_of(get(query)), 400);  // polls no longer count
  client.close();
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
}

// Its line is lost between the probe and the upgrade: the client goes on polling.
TEST_F(SocketIo, AProbeThatIsGivenUpLeavesThePollsAsTheyWere) {
  const std::string sid = open_session();
  const std::string query = "EIO=4&transport=polling&sid=" + sid;
  post(query, "40/agent,");
  std::string first = body_of(get(query));
  if (first.find("connected") == std::string::npos) first += body_of(get(query));

  RawClient waiting = server_.connect();
  waiting.send("GET /socket.io/?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient client = connect(frame("2probe") + frame("2probe"), sid);
  EXPECT_NE(waiting.read_until("\r\n\r\n6"), "");
  client.close();
  post(query, R"(42/agent,["message","polled"])");
  EXPECT_TRUE(eventually([&] { return body_of(get(query)).contains(R"(["echo",["polled"]])"); }));
}

TEST_F(SocketIo, ARequestThatFitsNothingIsRefusedAsByTheLibrary) {
  const std::pair<const char*, const char*> cases[] = {
      {"EIO=3&transport=polling", R"({"code":5,"message":"Unsupported protocol version"})"},
      {"transport=polling", R"({"code":5,"message":"Unsupported protocol version"})"},
      {"EIO=4&transport=carrier", R"({"code":0,"message":"Transport unknown"})"},
      {"EIO=4&transport=polling&sid=nobody", R"({"code":1,"message":"Session ID unknown"})"},
  };
  for (const auto& [query, body] : cases) {
    const std::string answer = get(query);
    EXPECT_EQ(status_of(answer), 400) << query;
    EXPECT_EQ(body_of(answer), body) << query;
  }
  EXPECT_EQ(status_of(get("EIO=4&transport=websocket")), 400);
}

TEST_F(SocketIo, APollingClientThatFetchesTooFewPacketsIsGone) {
  constexpr std::size_t max = limits::socket_io_polling_packets_max;
  const std::string query = joined_session();
  post(query, R"(42/agent,["many",)" + std::to_string(max) + ",1]");
  ASSERT_TRUE(eventually([&] { return lobby_.told->all().size() == 2; }));
  const std::string all = body_of(get(query));
  EXPECT_EQ(std::ranges::count(all, polling_separator), max - 1) << "so many wait";
  post(query, R"(42/agent,["many",)" + std::to_string(max + 1) + ",1]");
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
  EXPECT_EQ(status_of(get(query)), 400);
}

TEST_F(SocketIo, APollingClientThatFetchesTooFewBytesIsGone) {
  constexpr std::size_t max = limits::socket_io_polling_bytes_max;
  const std::string query = joined_session();
  post(query, R"(42/agent,["many",2,)" + std::to_string(max / 2 - 100) + "]");
  ASSERT_TRUE(eventually([&] { return lobby_.told->all().size() == 2; }));
  EXPECT_GT(body_of(get(query)).size(), max - 300) << "so much waits";
  post(query, R"(42/agent,["many",2,)" + std::to_string(max / 2) + "]");
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
  EXPECT_EQ(status_of(get(query)), 400);
}

// --- time
// ------------------------------------------------------------------------------------------

class SocketIoInAHurry : public SocketIo {
 protected:
  SocketIoInAHurry() : SocketIo({.timing = {.join_time_max = std::chrono::milliseconds(1)}}) {}
};

TEST_F(SocketIoInAHurry, AClientThatDoesNotJoinIsLedOut) {
  RawClient client = connect();
  const std::string all = client.read_to_end();
  EXPECT_NE(all.find("No namespace was joined in time."), std::string::npos) << all;
}

TEST_F(SocketIoInAHurry, APollingClientThatDoesNotJoinIsLedOut) {
  const std::string query = "EIO=4&transport=polling&sid=" + open_session();
  const std::string answer = get(query);
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "1");  // closes
  EXPECT_EQ(status_of(get(query)), 400);
}

// Looks at polling clients all the time, instead of every 25 seconds.
class SocketIoThatLooksOften : public SocketIo {
 protected:
  SocketIoThatLooksOften()
      : SocketIo({.timing = {.ping_interval = std::chrono::milliseconds(1)}}) {}
};

TEST_F(SocketIoThatLooksOften, APollThatWaitsIsAnsweredWithAPing) {
  const std::string query = joined_session();
  EXPECT_EQ(body_of(get(query)), "2");
}

TEST_F(SocketIoThatLooksOften, APollingClientThatIsSilentIsGone) {
  const std::string query = joined_session();
  clock_.advance(limits::socket_io_ping_interval + limits::socket_io_ping_timeout);
  EXPECT_TRUE(eventually([&] { return lobby_.told->closed_count() == 1; }));
  EXPECT_TRUE(eventually([&] { return body_of(get(query)).contains("Session ID unknown"); }));
}

TEST(PollingOutlet, ASilenceIsTooLongFromThePingTimeoutOn) {
  base::Lanes lanes(1);
  const base::SteadyTime began{};
  const auto outlet = std::make_shared<PollingOutlet>(lanes[0], began);
  const auto silence_max = limits::socket_io_ping_interval + limits::socket_io_ping_timeout;
  std::vector<bool> ended;
  std::promise<void> looked;
  lanes[0].post([&] {
    outlet->beat(began + silence_max - std::chrono::milliseconds(1));
    ended.push_back(outlet->ended());
    outlet->beat(began + silence_max);
    ended.push_back(outlet->ended());
    looked.set_value();
  });
  looked.get_future().wait();
  EXPECT_EQ(ended, (std::vector<bool>{false, true}));
  lanes.stop();
}

// --- how many
// --------------------------------------------------------------------------------------

// Two of one address, three in all; behind a proxy that says whose each is.
class SocketIoWithLittleRoom : public SocketIo {
 protected:
  static EndpointOptions little_room() {
    EndpointOptions out{.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"})};
    out.unjoined_per_address_max = 2;
    out.unjoined_max = 3;
    return out;
  }
  explicit SocketIoWithLittleRoom(EndpointOptions options = little_room())
      : SocketIo(std::move(options)) {}

  static std::string from(const std::string& address) {
    return "X-Forwarded-For: " + address + "\r\n";
  }
  // A client that does not join yet.
  RawClient waiting(const std::string& address) {
    RawClient out = connect({}, {}, from(address));
    EXPECT_NE(out.read_until("pingTimeout"), "");
    return out;
  }
  void expect_no_room(const std::string& address, int status) {
    const std::string answer = connect({}, {}, from(address)).read_response();
    EXPECT_EQ(status_of(answer), status) << answer;
    EXPECT_EQ(net::testing::header_of(answer, "Retry-After"), "1");
    EXPECT_EQ(base::Json::parse(body_of(answer))["code"], 4);
    const std::string polling = get("EIO=4&transport=polling", from(address));
    EXPECT_EQ(status_of(polling), status) << polling;
  }
};

TEST_F(SocketIoWithLittleRoom, OnlySoManyWaitToJoin) {
  RawClient first = waiting("203.0.113.1");
  RawClient second = waiting("203.0.113.1");
  expect_no_room("203.0.113.1", 429);
  RawClient third = waiting("203.0.113.2");
  expect_no_room("203.0.113.3", 503);
  // Whoever has joined waits no more; nor does who is gone.
  first.send(frame("40/agent,"));
  EXPECT_NE(first.read_until("connected"), "");
  RawClient fourth = waiting("203.0.113.3");
  expect_no_room("203.0.113.4", 503);
  second.close();
  EXPECT_TRUE(eventually(
      [&] { return status_of(get("EIO=4&transport=polling", from("203.0.113.4"))) == 200; }));
}

class SocketIoWithLittleRoomForPolls : public SocketIoWithLittleRoom {
 protected:
  static EndpointOptions little_polling() {
    EndpointOptions out{.trusted_proxies = *TrustedProxies::parse({"127.0.0.1"})};
    out.polling_per_address_max = 2;
    out.polling_max = 3;
    return out;
  }
  SocketIoWithLittleRoomForPolls() : SocketIoWithLittleRoom(little_polling()) {}

  std::string opened(const std::string& address) {
    return get("EIO=4&transport=polling", from(address));
  }
};

TEST_F(SocketIoWithLittleRoomForPolls, OnlySoManyPoll) {
  const std::string first = opened("203.0.113.1");
  EXPECT_EQ(status_of(first), 200);
  EXPECT_EQ(status_of(opened("203.0.113.1")), 200);
  const std::string over = opened("203.0.113.1");
  EXPECT_EQ(status_of(over), 429);
  EXPECT_EQ(base::Json::parse(body_of(over))["code"], 4);
  EXPECT_EQ(status_of(opened("203.0.113.2")), 200);
  EXPECT_EQ(status_of(opened("203.0.113.3")), 503);
  waiting("203.0.113.1").close();  // a WebSocket is none
  // Whoever has changed to a WebSocket polls no more.
  const std::string sid = base::Json::parse(body_of(first).substr(1))["sid"];
  RawClient upgraded = connect(frame("2probe"), sid);
  upgraded.read_until("3probe");
  upgraded.send(frame("5") + frame("40/agent,"));
  EXPECT_NE(upgraded.read_until("connected"), "");
  EXPECT_EQ(status_of(opened("203.0.113.3")), 200);
}

}  // namespace
}  // namespace colonnade::dialects::socket_io
