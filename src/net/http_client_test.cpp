#include "net/http_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/limits.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using testing::eventually;
using testing::TestServer;

// What the handlers of the server under test do, and what they saw.
struct Stage {
  std::atomic<int> handlers_waiting{0};
  std::atomic<int> disconnects{0};
  std::atomic<int> streams_closed{0};
  std::mutex mutex{};
  std::vector<std::shared_ptr<StreamWriter>> streams{};
};

base::Task<Reply> wait_until_given_up(std::shared_ptr<Stage> stage,
                                      std::shared_ptr<const Request> request) {
  base::Signal never;
  ++stage->handlers_waiting;
  while (!request->disconnected.stop_requested()) co_await never.wait(request->disconnected);
  ++stage->disconnects;
  co_return Response{};
}

base::Task<Reply> stream_one_event(std::shared_ptr<Stage> stage, std::shared_ptr<const Request>) {
  StreamReply reply;
  reply.on_open = [stage](std::shared_ptr<StreamWriter> stream) {
    stream->on_closed([stage] { ++stage->streams_closed; });
    stream->send(std::make_shared<const std::string>("data: first\n\n"));
    const std::lock_guard lock(stage->mutex);
    stage->streams.push_back(std::move(stream));
  };
  co_return Reply(std::move(reply));
}

base::Task<Reply> large(std::shared_ptr<const Request>) {
  Response response;
  response.body.assign(8 * limits::MiB, 'x');
  co_return response;
}

base::Task<Reply> reflect(std::shared_ptr<const Request> request) {
  Response response;
  response.status = 201;
  response.headers.push_back({"X-Seen", request->method_text + " " + request->target});
  response.headers.push_back({"X-Content-Type", std::string(request->header("Content-Type"))});
  response.headers.push_back({"X-Expect", std::string(request->header("Expect"))});
  response.headers.push_back({"X-Custom", std::string(request->header("X-Custom"))});
  response.body = request->body;
  co_return response;
}

std::vector<Route> stage_routes(const std::shared_ptr<Stage>& stage) {
  std::vector<Route> out;
  for (const Method method : {Method::get, Method::post, Method::put, Method::del}) {
    out.push_back({.method = method,
                   .pattern = "/reflect",
                   .handler = reflect,
                   .body_bytes_max = 8 * limits::MiB});
  }
  out.push_back({.pattern = "/wait",
                 .handler = std::bind_front(wait_until_given_up, stage),
                 .long_running = true});
  out.push_back({.pattern = "/stream", .handler = std::bind_front(stream_one_event, stage)});
  out.push_back({.pattern = "/large", .handler = large});
  return out;
}

struct Answer {
  base::Result<HttpClientHead> head = base::fail(ErrorKind::internal, "not asked");
  base::Result<std::string> body = base::fail(ErrorKind::internal, "not asked");
};

// One exchange from start to end, on `lane`.
base::Task<Answer> fetch(HttpClient* client, base::Lane* lane, HttpClientRequest request,
                         std::stop_token stop) {
  auto exchange = client->open(*lane, std::move(request), stop);
  Answer answer;
  answer.head = co_await exchange->head();
  answer.body = co_await exchange->read_all(64 * limits::MiB);
  co_return answer;
}

enum class Rest { destroyed, drained };

// The head and the first piece; the rest is left unread.
base::Task<std::string> first_piece(HttpClient* client, base::Lane* lane, HttpClientRequest request,
                                    Rest rest = Rest::destroyed) {
  auto exchange = client->open(*lane, std::move(request), std::stop_token());
  const auto head = co_await exchange->head();
  if (!head) co_return "no head";
  const auto piece = co_await exchange->read();
  if (rest == Rest::drained) exchange->drain();
  co_return piece.value_or("no piece");
}

class Client : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }

  std::string url(std::string path) const {
    return "http://127.0.0.1:" + std::to_string(server_.server.port()) + path;
  }
  Answer get(HttpClientRequest request, std::stop_token stop = {}) {
    return base::run_on(lanes_[0], fetch(&client_, &lanes_[0], std::move(request), stop));
  }

  std::shared_ptr<Stage> stage_ = std::make_shared<Stage>();
  TestServer server_{stage_routes(stage_)};
  base::Lanes lanes_{1};
  HttpClient client_{lanes_};
};

TEST_F(Client, SendsMethodHeadersAndBody) {
  for (const std::string method : {"POST", "PUT"}) {
    HttpClientRequest request{.method = method, .url = url("/reflect?q=1"), .body = "payload"};
    request.headers = {{"X-Custom", "yes"}, {"Content-Type", "application/json"}};
    const Answer answer = get(std::move(request));
    ASSERT_TRUE(answer.head) << answer.head.error().message;
    EXPECT_EQ(answer.head->status, 201);
    EXPECT_EQ(answer.head->header("x-seen"), method + " /reflect?q=1");
    EXPECT_EQ(answer.head->header("X-Content-Type"), "application/json");
    EXPECT_EQ(answer.head->header("X-Custom"), "yes");
    EXPECT_EQ(answer.body.value_or("?"), "payload");
  }
}

// Set before the client's threads and gone after them.
struct ProxyVariables {
  ProxyVariables() {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe)
  }
  ~ProxyVariables() {
    ::unsetenv("http_proxy");  // NOLINT(concurrency-mt-unsafe)
  }
};
class ClientWithAProxy : private ProxyVariables, public Client {};

// A model on this machine is not reached through the company's proxy, which has a 127.0.0.1 too.
TEST_F(ClientWithAProxy, CallsToLoopbackAddressesGoStraightThere) {
  const Answer answer = get({.url = url("/reflect")});
  ASSERT_TRUE(answer.head) << answer.head.error().message;
  EXPECT_EQ(answer.head->header("X-Seen"), "GET /reflect");
}

TEST_F(Client, AddsNothingOfItsOwn) {
  const Answer with_body =
      get({.method = "POST", .url = url("/reflect"), .body = std::string(2 * limits::MiB, 'b')});
  ASSERT_TRUE(with_body.head);
  EXPECT_EQ(with_body.head->header("X-Content-Type"), "");
  EXPECT_EQ(with_body.head->header("X-Expect"), "");
  EXPECT_EQ(with_body.body.value_or("").size(), 2 * limits::MiB);
  const Answer without = get({.method = "DELETE", .url = url("/reflect")});
  ASSERT_TRUE(without.head);
  EXPECT_EQ(without.head->header("X-Seen"), "DELETE /reflect");
  EXPECT_EQ(get({.method = "HEAD", .url = url("/reflect")}).head->status, 201);
  EXPECT_EQ(get({.method = "POST", .url = url("/reflect")}).head->status, 201);
}

TEST_F(Client, ReusesTheConnection) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(get({.url = url("/reflect")}).head);
  EXPECT_EQ(server_.server.counts().connections_total, 1U);
  EXPECT_EQ(server_.server.counts().requests_total, 5U);
}

TEST_F(Client, ConcurrentRequestsDoNotWaitForEachOther) {
  std::vector<std::stop_source> stops(8);
  std::vector<std::thread> threads;
  for (std::stop_source& stop : stops) {
    threads.emplace_back([this, &stop] { get({.url = url("/wait")}, stop.get_token()); });
  }
  EXPECT_TRUE(eventually([this] { return stage_->handlers_waiting == 8; }));
  for (std::stop_source& stop : stops) stop.request_stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(eventually([this] { return stage_->disconnects == 8; }));
}

base::Task<std::size_t> read_slowly(HttpClient* client, base::Lane* lane, HttpClientRequest request,
                                    std::size_t* largest) {
  auto exchange = client->open(*lane, std::move(request), std::stop_token());
  const auto head = co_await exchange->head();
  std::size_t total = 0;
  while (head) {
    co_await base::sleep_for(1ms, std::stop_token());
    const auto piece = co_await exchange->read();
    if (!piece || piece->empty()) break;
    *largest = std::max(*largest, piece->size());
    total += piece->size();
  }
  co_return total;
}

TEST_F(Client, ASlowReaderSlowsTheSenderDown) {
  std::size_t largest = 0;
  const HttpClientRequest request{.url = url("/large")};
  const std::size_t total =
      base::run_on(lanes_[0], read_slowly(&client_, &lanes_[0], request, &largest));
  EXPECT_EQ(total, 8 * limits::MiB);
  EXPECT_LE(largest, limits::client_buffer_bytes_max + 64 * limits::KiB);
}

TEST_F(Client, ReadAllIsBounded) {
  struct Run {
    static base::Task<base::Result<std::string>> go(HttpClient* client, base::Lane* lane,
                                                    HttpClientRequest request) {
      auto exchange = client->open(*lane, std::move(request), std::stop_token());
      auto body = co_await exchange->read_all(1000);
      co_return body;
    }
  };
  const HttpClientRequest request{.url = url("/large")};
  const auto body = base::run_on(lanes_[0], Run::go(&client_, &lanes_[0], request));
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().kind, ErrorKind::too_large);
}

TEST_F(Client, DestroyingAnExchangeClosesItsSocket) {
  const HttpClientRequest request{.url = url("/stream")};
  EXPECT_EQ(base::run_on(lanes_[0], first_piece(&client_, &lanes_[0], request)), "data: first\n\n");
  EXPECT_TRUE(eventually([this] { return stage_->streams_closed == 1; }));
  EXPECT_TRUE(eventually([this] { return server_.server.counts().connections_open == 0; }));
}

TEST_F(Client, ADrainWithoutEndIsAborted) {
  const HttpClientRequest silent{.url = url("/stream")};
  base::run_on(lanes_[0], first_piece(&client_, &lanes_[0], silent, Rest::drained));
  EXPECT_TRUE(eventually([this] { return stage_->streams_closed == 1; }))
      << "client_drain_time_max";
  const HttpClientRequest endless{.url = url("/large")};
  base::run_on(lanes_[0], first_piece(&client_, &lanes_[0], endless, Rest::drained));
  EXPECT_TRUE(eventually([this] { return server_.server.counts().connections_open == 0; }))
      << "client_drain_bytes_max";
}

TEST_F(Client, AStopBeforeTheHeadReachesTheServer) {
  std::stop_source stop;
  std::thread stopper([this, &stop] {
    EXPECT_TRUE(eventually([this] { return stage_->handlers_waiting == 1; }));
    stop.request_stop();
  });
  const Answer answer = get({.url = url("/wait")}, stop.get_token());
  stopper.join();
  ASSERT_FALSE(answer.head);
  EXPECT_EQ(answer.head.error().kind, ErrorKind::cancelled);
  ASSERT_FALSE(answer.body);
  EXPECT_EQ(answer.body.error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([this] { return stage_->disconnects == 1; }));
}

TEST_F(Client, AStopInTheBodyReachesTheServer) {
  std::stop_source stop;
  std::thread stopper([this, &stop] {
    EXPECT_TRUE(eventually([this] { return server_.server.counts().streams_open == 1; }));
    stop.request_stop();
  });
  const Answer answer = get({.url = url("/stream")}, stop.get_token());
  stopper.join();
  ASSERT_FALSE(answer.body);
  EXPECT_EQ(answer.body.error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([this] { return stage_->streams_closed == 1; }));
}

TEST_F(Client, AStopBeforeTheStartSendsNothing) {
  std::stop_source stop;
  stop.request_stop();
  const Answer answer = get({.url = url("/reflect")}, stop.get_token());
  ASSERT_FALSE(answer.head);
  EXPECT_EQ(answer.head.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(server_.server.counts().connections_total, 0U);
}

TEST_F(Client, TimeLimitsAreNamed) {
  const Answer no_head = get({.url = url("/wait"), .first_byte_time_max = 50ms});
  ASSERT_FALSE(no_head.head);
  EXPECT_EQ(no_head.head.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(no_head.head.error().retryable);
  EXPECT_NE(no_head.head.error().message.find("first_byte_time_max"), std::string::npos);
  const Answer silent = get({.url = url("/stream"), .idle_time_max = 50ms});
  ASSERT_TRUE(silent.head);
  ASSERT_FALSE(silent.body);
  EXPECT_NE(silent.body.error().message.find("idle_time_max"), std::string::npos);
  const Answer total = get({.url = url("/stream"), .total_time_max = 50ms});
  ASSERT_FALSE(total.body);
  EXPECT_NE(total.body.error().message.find("total_time_max"), std::string::npos);
  EXPECT_TRUE(eventually([this] { return stage_->streams_closed == 2; }));
}

TEST_F(Client, RefusesWhatItCannotSend) {
  const std::vector<HttpClientRequest> wrong = {
      {.url = "ftp://127.0.0.1/x"},
      {.url = "not a url"},
      {.url = url("/reflect"), .headers = {{"X-A", "b\r\nX-Evil: 1"}}},
      {.method = "GET\r\n", .url = url("/reflect")},
  };
  for (const HttpClientRequest& request : wrong) {
    const Answer answer = get(request);
    ASSERT_FALSE(answer.head);
    EXPECT_EQ(answer.head.error().kind, ErrorKind::invalid) << request.url;
  }
  EXPECT_EQ(server_.server.counts().requests_total, 0U);
}

// A socket that listens on a free port of this machine.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket_, 8);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int accept() const { return ::accept(socket_, nullptr, nullptr); }
  void refuse() const { ::shutdown(socket_, SHUT_RDWR); }
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

// Answers every connection with fixed bytes, or never.
class FakePeer {
 public:
  FakePeer(std::string answer, bool close_after)
      : answer_(std::move(answer)), close_after_(close_after), thread_([this] { serve(); }) {}
  ~FakePeer() {
    listener_.refuse();
    thread_.join();
    for (const int each : kept_) ::close(each);
  }
  std::string url() const {
    return "http://user:secret@127.0.0.1:" + std::to_string(listener_.port()) + "/p?token=secret";
  }

 private:
  void serve() {
    for (;;) {
      const int peer = listener_.accept();
      if (peer < 0) return;
      char request[4096];
      (void)::recv(peer, request, sizeof request, 0);
      (void)::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (close_after_) {
        ::close(peer);
      } else {
        kept_.push_back(peer);
      }
    }
  }

  std::string answer_;
  bool close_after_;
  Listener listener_;
  std::vector<int> kept_;
  std::thread thread_;
};

TEST_F(Client, ABrokenPeerIsAnUpstreamError) {
  const std::vector<std::string> heads_wrong = {"", "garbage that is no HTTP\r\n\r\n",
                                                "HTTP/1.1 200 OK\r\nX: 1\r\n"};
  for (const std::string& answer : heads_wrong) {
    const FakePeer peer(answer, true);
    const Answer got = get({.url = peer.url()});
    ASSERT_FALSE(got.body) << answer;
    EXPECT_EQ(got.body.error().kind, ErrorKind::upstream) << answer << got.body.error().message;
    EXPECT_EQ(got.body.error().message.find("secret"), std::string::npos);
  }
}

TEST_F(Client, ATruncatedBodyIsDeliveredAndThenAnError) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    const FakePeer peer(answer, true);
    const HttpClientRequest request{.url = peer.url()};
    EXPECT_EQ(base::run_on(lanes_[0], first_piece(&client_, &lanes_[0], request)), "half");
    const Answer got = get(request);
    ASSERT_TRUE(got.head);
    ASSERT_FALSE(got.body);
    EXPECT_EQ(got.body.error().kind, ErrorKind::upstream);
  }
}

TEST_F(Client, ADrainedExchangeLeavesItsConnectionToTheNext) {
  const Listener listener;
  std::promise<void> drained, ended;
  std::thread peer([&] {  // serves one connection only
    const int socket = listener.accept();
    const auto exchange = [socket](std::string_view answer) {
      char request[4096];
      (void)::recv(socket, request, sizeof request, 0);
      (void)::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    };
    exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    drained.get_future().wait();
    constexpr std::string_view rest = "4\r\nrest\r\n0\r\n\r\n";
    (void)::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    ended.set_value();
    exchange("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    ::close(socket);
  });
  const HttpClientRequest request{.url = "http://127.0.0.1:" + std::to_string(listener.port()),
                                  .first_byte_time_max = 5s};
  EXPECT_EQ(base::run_on(lanes_[0], first_piece(&client_, &lanes_[0], request, Rest::drained)),
            "half");
  drained.set_value();
  ended.get_future().wait();
  // The end of the body is in the socket; a timer that fires later is told of after it.
  base::run_on(lanes_[0], base::sleep_for(1ms, std::stop_token()));
  EXPECT_EQ(get(request).body.value_or("nothing"), "next");
  peer.join();
}

TEST_F(Client, APeerThatStopsTalkingTimesOut) {
  const FakePeer peer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false);
  const Answer got = get({.url = peer.url(), .idle_time_max = 50ms});
  ASSERT_TRUE(got.head);
  ASSERT_FALSE(got.body);
  EXPECT_EQ(got.body.error().kind, ErrorKind::timeout);
}

TEST_F(Client, InterimResponsesAreSkippedAndHugeHeadersRefused) {
  const FakePeer peer(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-Real: 1\r\n"
      "Content-Length: 2\r\n\r\nok",
      true);
  const Answer got = get({.url = peer.url()});
  ASSERT_TRUE(got.head);
  EXPECT_EQ(got.head->status, 200);
  EXPECT_EQ(got.head->header("X-Real"), "1");
  EXPECT_EQ(got.head->header("Link"), "");
  const FakePeer huge(
      "HTTP/1.1 200 OK\r\n" +
          [] {
            std::string lines;
            for (int i = 0; i < 80; ++i) lines += "X-" + std::string(1000, 'a') + ": 1\r\n";
            return lines;
          }() +
          "\r\n",
      true);
  const Answer refused = get({.url = huge.url()});
  ASSERT_FALSE(refused.head);
  EXPECT_EQ(refused.head.error().kind, ErrorKind::upstream);
}

TEST_F(Client, NobodyThereIsUnavailableAndRetryable) {
  std::string closed_url;
  {
    const FakePeer peer("", true);
    closed_url = peer.url();
  }
  const Answer got = get({.url = closed_url});
  ASSERT_FALSE(got.head);
  EXPECT_EQ(got.head.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(got.head.error().retryable);
  EXPECT_EQ(got.head.error().message.find("secret"), std::string::npos);
  EXPECT_NE(got.head.error().message.find("127.0.0.1"), std::string::npos);
}

TEST(ClientLifetime, MayGoWithTransfersUnderWayAndAfterTheLanesStopped) {
  base::log::set_level(base::log::Level::off);
  const auto stage = std::make_shared<Stage>();
  TestServer server(stage_routes(stage));
  for (const bool stop_first : {false, true}) {
    base::Lanes lanes(1);
    auto client = std::make_unique<HttpClient>(lanes);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.server.port()) + "/stream";
    const HttpClientRequest request{.url = url};
    base::Completion<std::string> unused;
    EXPECT_EQ(base::run_on(lanes[0], first_piece(client.get(), &lanes[0], request)),
              "data: first\n\n");
    if (stop_first) lanes.stop();
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return stage->streams_closed == 2; }));
}

TEST(ClientTls, VerifiesTheCertificate) {
  base::log::set_level(base::log::Level::off);
  const auto files = testing::make_certificate();
  HttpServerOptions options;
  options.tls = {files.certificate_file, files.private_key_file};
  const auto stage = std::make_shared<Stage>();
  TestServer server(stage_routes(stage), options);
  base::Lanes lanes(1);
  const HttpClientRequest request{
      .url = "https://localhost:" + std::to_string(server.server.port()) + "/reflect"};
  HttpClient client(lanes);
  const auto go = [&] {
    return base::run_on(lanes[0], fetch(&client, &lanes[0], request, std::stop_token()));
  };
  const Answer untrusted = go();
  ASSERT_FALSE(untrusted.head);
  EXPECT_EQ(untrusted.head.error().kind, ErrorKind::unavailable);
  ::setenv("SSL_CERT_FILE", files.certificate_file.c_str(), 1);
  const Answer trusted = go();
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_TRUE(trusted.head) << trusted.head.error().message;
  EXPECT_EQ(trusted.head->status, 201);
}

}  // namespace
}  // namespace colonnade::net
