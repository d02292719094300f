#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using namespace std::chrono_literals;
using testing::body_of;
using testing::header_of;
using testing::status_of;
using testing::TestServer;

Route route(Method method, std::string pattern, Handler handler = testing::echo) {
  return {.method = method, .pattern = std::move(pattern), .handler = std::move(handler)};
}

base::Task<Reply> first_parameter(std::shared_ptr<const Request> request) {
  Response response;
  response.body = request->path_parameters.at(0);
  co_return response;
}

base::Task<Reply> throwing(std::shared_ptr<const Request>) {
  throw std::runtime_error("deliberate");
  co_return Response{};
}

// A body that cannot be made: its first piece fails as `fail` does.
class FailingSource final : public BodySource {
 public:
  using Fail = std::function<base::Result<Piece>()>;
  explicit FailingSource(Fail fail) : fail_(std::move(fail)) {}
  base::Task<base::Result<Piece>> next() override { co_return fail_(); }

 private:
  Fail fail_;
};

base::Task<Reply> failing_body(FailingSource::Fail fail, std::shared_ptr<const Request>) {
  co_return Response{.source = std::make_shared<FailingSource>(std::move(fail))};
}

base::Result<BodySource::Piece> throwing_piece() { throw std::runtime_error("deliberate"); }

base::Result<BodySource::Piece> wrong_piece() {
  return base::fail(base::ErrorKind::internal, "words of nobody's business");
}

base::Result<BodySource::Piece> unreadable_piece() {
  return base::fail({.kind = base::ErrorKind::unavailable,
                     .message = "the disk is away",
                     .retry_after = 1500ms,
                     .retryable = true});
}

base::Task<Reply> no_content(std::shared_ptr<const Request>) {
  co_return Response{.status = 204, .body = "must not be sent"};
}

std::vector<Route> routes() {
  std::vector<Route> out;
  out.push_back(route(Method::get, "/hello"));
  out.push_back(route(Method::post, "/echo"));
  out.back().body_bytes_max = 100;
  out.push_back(route(Method::post, "/large"));
  out.back().body_bytes_max = 4 * limits::MiB;
  out.push_back(route(Method::get, "/items/{id}", first_parameter));
  out.push_back(route(Method::get, "/api/throws", throwing));
  out.push_back(route(Method::del, "/items/{id}", no_content));
  out.push_back(route(Method::get, "/api/throwing", std::bind_front(failing_body, throwing_piece)));
  out.push_back(route(Method::get, "/api/wrong", std::bind_front(failing_body, wrong_piece)));
  out.push_back(
      route(Method::get, "/api/unreadable", std::bind_front(failing_body, unreadable_piece)));
  return out;
}

std::vector<ErrorEncoder> error_encoders() {
  std::vector<ErrorEncoder> out;
  out.push_back(testing::text_error_encoder("", "root"));
  out.push_back(testing::text_error_encoder("/api", "api"));
  return out;
}

class Server : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }
  TestServer server_{routes(), {}, error_encoders()};
};

TEST_F(Server, AnswersAndKeepsTheConnection) {
  auto client = server_.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("GET /items/a%20b?q=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string response = client.read_response();
    EXPECT_EQ(status_of(response), 200);
    EXPECT_EQ(body_of(response), "a b");
    EXPECT_EQ(header_of(response, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(response, "Connection"), "");
    EXPECT_EQ(header_of(response, "X-Request-Id").size(), 16U);
    EXPECT_FALSE(header_of(response, "Date").empty());
  }
  EXPECT_EQ(server_.server.counts().connections_total, 1U);
  EXPECT_EQ(server_.server.counts().requests_total, 3U);
  EXPECT_EQ(server_.server.counts().requests_by_status_class[2], 3U);
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  auto client = server_.connect();
  client.send(
      "GET /items/1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
      "GET /items/4 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.read_response()), "1");
  EXPECT_EQ(body_of(client.read_response()), "ok:abc");
  EXPECT_EQ(body_of(client.read_response()), "ok:de");
  EXPECT_EQ(body_of(client.read_response()), "4");
}

TEST_F(Server, ReadsRequestsSplitAtEveryByte) {
  const std::vector<std::string> requests = {
      "POST /echo?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n"};
  for (const std::string& request : requests) {
    auto client = server_.connect();
    for (std::size_t split = 1; split < request.size(); ++split) {
      client.send(request.substr(0, split));
      client.send(request.substr(split));
      ASSERT_EQ(body_of(client.read_response()), "ok:hello") << split;
    }
    for (const char byte : request) client.send(std::string_view(&byte, 1));
    EXPECT_EQ(body_of(client.read_response()), "ok:hello");
  }
}

TEST_F(Server, HeadHasTheLengthAndNoBody) {
  auto client = server_.connect();
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(header_of(head, "Content-Length"), "3");
  EXPECT_EQ(body_of(client.read_response()), "ok:");
}

TEST_F(Server, NoContentHasNoBodyAndNoLength) {
  auto client = server_.connect();
  client.send("DELETE /items/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string response = client.read_to_end();
  EXPECT_EQ(status_of(response), 204);
  EXPECT_EQ(body_of(response), "");
  EXPECT_EQ(header_of(response, "Content-Length"), "");
  EXPECT_EQ(header_of(response, "Connection"), "close");
}

// --- requests that are refused
// ---------------------------------------------------------------------

struct Refused {
  const char* name;
  std::string request;
  int status;
};

std::vector<Refused> refused_requests() {
  const std::string get = "GET /hello HTTP/1.1\r\nHost: x\r\n";
  const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  std::string many_headers = get;
  for (int i = 0; i < 101; ++i) many_headers += "X-" + std::to_string(i) + ": 1\r\n";
  return {
      {"no_host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"two_hosts", get + "Host: y\r\n\r\n", 400},
      {"bad_host", "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"length_and_chunked",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked_and_length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two_lengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"differing_lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"signed_length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"negative_length", post + "Content-Length: -3\r\n\r\nabc", 400},
      {"hex_length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"endless_length", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"empty_length", post + "Content-Length: \r\n\r\n", 400},
      {"unknown_coding", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"coding_before_chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked_twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked_not_last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501},
      {"chunked_in_1_0",
       "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"bad_chunk_size", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", 400},
      {"chunk_too_long", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk_size_overflow",
       post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n", 400},
      {"body_over_limit", post + "Content-Length: 101\r\n\r\n", 413},
      {"chunks_over_limit",
       post + "Transfer-Encoding: chunked\r\n\r\n60\r\n" + std::string(96, 'a') + "\r\n60\r\n",
       413},
      {"huge_chunk", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 413},
      {"long_target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"endless_target", "GET /" + std::string(40'000, 'a'), 414},
      {"long_headers", get + "X-A: " + std::string(17'000, 'a') + "\r\n\r\n", 431},
      {"endless_header", get + "X-A: " + std::string(40'000, 'a'), 431},
      {"many_headers", many_headers + "\r\n", 431},
      {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"future_version", "GET /hello HTTP/3.0\r\nHost: x\r\n\r\n", 505},
      {"no_version", "GET /hello\r\n\r\n", 400},
      {"wrong_version", "GET /hello HTTQ/1.1\r\nHost: x\r\n\r\n", 400},
      {"no_target", "GET  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"relative_target", "GET hello HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"asterisk_get", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"fragment", "GET /hello#x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"connect", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"bad_method", "G(T /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"space_before_colon", get + "X-A : 1\r\n\r\n", 400},
      {"no_colon", get + "X-A\r\n\r\n", 400},
      {"nul_in_value", get + std::string("X-A: a\0b\r\n\r\n", 12), 400},
      {"nul_in_name", get + std::string("X\0A: b\r\n\r\n", 10), 400},
      {"control_in_value", get + "X-A: a\x01\x62\r\n\r\n", 400},
      {"control_in_target", "GET /he\x01llo HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"bare_line_feed", "GET /hello HTTP/1.1\nHost: x\n\n", 400},
      {"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
  };
}

TEST_F(Server, RefusesWhatIsBrokenOrTooLargeAndCloses) {
  for (const Refused& each : refused_requests()) {
    SCOPED_TRACE(each.name);
    const std::string response = server_.exchange(each.request);
    EXPECT_EQ(status_of(response), each.status) << response;
    EXPECT_EQ(header_of(response, "Connection"), "close");
    EXPECT_FALSE(header_of(response, "X-Request-Id").empty());
    EXPECT_TRUE(body_of(response).starts_with("root ")) << response;
  }
  EXPECT_EQ(status_of(server_.exchange("GET /hello HTTP/1.0\r\n\r\n")), 200);
}

TEST_F(Server, RefusalsArriveByteByByteToo) {
  for (const Refused& each : refused_requests()) {
    if (each.request.size() > 500) continue;
    SCOPED_TRACE(each.name);
    auto client = server_.connect();
    for (const char byte : each.request) {
      if (!client.send(std::string_view(&byte, 1))) break;
    }
    EXPECT_EQ(status_of(client.read_to_end()), each.status);
  }
}

TEST_F(Server, ARefusalInADialectsPathWearsItsFace) {
  EXPECT_TRUE(body_of(server_.exchange("GET /api/nothing HTTP/1.1\r\nHost: x\r\n"
                                       "Connection: close\r\n\r\n"))
                  .starts_with("api not_found"));
  const std::string refused = server_.exchange("GET /api/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n");
  EXPECT_EQ(status_of(refused), 400);
  EXPECT_TRUE(body_of(refused).starts_with("api invalid")) << refused;
}

TEST_F(Server, ALargeBodyIsRefusedBeforeItIsSentAndTheAnswerArrives) {
  auto client = server_.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
  client.send(std::string(300'000, 'a'));  // still sending when the answer is made
  const std::string response = client.read_to_end();
  EXPECT_EQ(status_of(response), 413);
  EXPECT_NE(body_of(response).find("100 bytes"), std::string::npos);
}

TEST_F(Server, ReadsBodiesUpToTheRoutesLimit) {
  auto client = server_.connect();
  for (const std::size_t size : {0UZ, 1UZ, 100UZ}) {
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
                "\r\n\r\n" + std::string(size, 'a'));
    EXPECT_EQ(body_of(client.read_response()), "ok:" + std::string(size, 'a'));
  }
  const std::string large(3 * limits::MiB, 'z');
  client.send("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(large.size()) +
              "\r\n\r\n");
  client.send(large);
  EXPECT_EQ(body_of(client.read_response()).size(), large.size() + 3);
}

TEST_F(Server, AnswersExpectContinueOnlyWhenTheBodyIsWelcome) {
  auto client = server_.connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(body_of(client.read_response()), "ok:abc");
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_of(client.read_to_end()), 413);
}

TEST_F(Server, UnknownPathsKeepTheConnectionAndReadTheBody) {
  auto client = server_.connect();
  client.send("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(status_of(client.read_response()), 404);
  client.send("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  const std::string wrong_method = client.read_response();
  EXPECT_EQ(status_of(wrong_method), 405);
  EXPECT_EQ(header_of(wrong_method, "Allow"), "POST");
  client.send("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n");
  const std::string last = client.read_to_end();
  EXPECT_EQ(status_of(last), 404);
  EXPECT_EQ(header_of(last, "Connection"), "close");
}

TEST_F(Server, SpeaksHttp10) {
  const std::string closing = server_.exchange("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_of(closing), 200);
  EXPECT_EQ(header_of(closing, "Connection"), "close");
  auto client = server_.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(header_of(client.read_response(), "Connection"), "keep-alive");
  }
}

TEST_F(Server, TakesAbsoluteTargetsAndLeadingLineEnds) {
  auto client = server_.connect();
  client.send("\r\nGET http://x/items/7?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.read_response()), "7");
  EXPECT_EQ(status_of(server_.exchange("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n")), 400);
}

TEST_F(Server, EchoesSaneRequestIdsOnly) {
  const auto id_for = [this](const std::string& sent) {
    return header_of(server_.exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                      "X-Request-Id: " +
                                      sent + "\r\n\r\n"),
                     "X-Request-Id");
  };
  EXPECT_EQ(id_for("Az09._-"), "Az09._-");
  EXPECT_EQ(id_for(std::string(128, 'a')), std::string(128, 'a'));
  for (const std::string& bad :
       {std::string(129, 'a'), std::string("a b"), std::string("a/b"), std::string("<x>")}) {
    EXPECT_EQ(id_for(bad).size(), 16U) << bad;
  }
}

TEST_F(Server, AHandlersExceptionIsA500InItsDialect) {
  auto client = server_.connect();
  client.send("GET /api/throws HTTP/1.1\r\nHost: x\r\nX-Request-Id: r1\r\n\r\n");
  const std::string response = client.read_response();
  EXPECT_EQ(status_of(response), 500);
  EXPECT_EQ(body_of(response), "api internal internal error [r1]");
  EXPECT_EQ(response.find("deliberate"), std::string::npos);
  client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(client.read_response()), 200);
  EXPECT_EQ(server_.server.counts().requests_by_status_class[5], 1U);
}

// Whatever keeps a body from being made: there is an answer, and the connection goes on.
TEST_F(Server, ABodyThatCannotBeMadeIsAnsweredAllTheSame) {
  auto client = server_.connect();
  for (const char* path : {"/api/throwing", "/api/wrong"}) {
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nX-Request-Id: r1\r\n\r\n");
    const std::string response = client.read_response();
    EXPECT_EQ(status_of(response), 500) << path;
    EXPECT_EQ(body_of(response), "api internal internal error [r1]") << path;
  }
  client.send("GET /api/unreadable HTTP/1.1\r\nHost: x\r\nX-Request-Id: r1\r\n\r\n");
  const std::string response = client.read_response();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_EQ(body_of(response), "api unavailable the disk is away [r1]");
  EXPECT_EQ(header_of(response, "Retry-After"), "2");
  EXPECT_EQ(server_.server.counts().connections_total, 1U);
}

TEST_F(Server, AClientThatEndsEarlyIsTold) {
  auto client = server_.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  client.end_sending();
  EXPECT_EQ(status_of(client.read_to_end()), 400);
}

base::Task<Reply> header_injection(std::shared_ptr<const Request>) {
  Response response;
  response.headers = {{"X-Good", "1"},
                      {"X-Bad", "a\r\nX-Injected: 1"},
                      {"X Bad", "1"},
                      {"Content-Length", "999"},
                      {"Transfer-Encoding", "chunked"}};
  response.body = "body";
  co_return response;
}

TEST(ServerOptions, AResponseCannotBeSplitByItsHeaders) {
  TestServer server({route(Method::get, "/", header_injection)});
  const std::string response =
      server.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(header_of(response, "X-Good"), "1");
  EXPECT_EQ(header_of(response, "Content-Length"), "4");
  EXPECT_EQ(response.find("Injected"), std::string::npos);
  EXPECT_EQ(response.find("chunked"), std::string::npos);
  EXPECT_EQ(body_of(response), "body");
}

base::Task<Reply> show_path(std::shared_ptr<const Request> request) {
  Response response;
  response.body = request->path + "|" + request->query;
  co_return response;
}

TEST(ServerOptions, ServesBelowTheBasePathAndWithoutIt) {
  HttpServerOptions options;
  options.base_path = "/c/r1/";
  TestServer server({route(Method::get, "/api", show_path), route(Method::get, "/", show_path)},
                    options, error_encoders());
  const auto get = [&server](const std::string& target) {
    return server.exchange("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  };
  EXPECT_EQ(body_of(get("/c/r1/api?x=1")), "/api|x=1");
  EXPECT_EQ(body_of(get("/api")), "/api|");
  EXPECT_EQ(body_of(get("/c/r1")), "/|");
  EXPECT_EQ(status_of(get("/c/r12/api")), 404);
  EXPECT_EQ(status_of(get("/c/r1api")), 404);
  EXPECT_TRUE(body_of(get("/c/r1/api/none")).starts_with("api "));
}

TEST(ServerOptions, AFaceMayAnswerWrongMethodsItsOwnWay) {
  std::vector<ErrorEncoder> own = error_encoders();
  own[1].wrong_method = [](const Request& request, std::string_view allow) {
    return Response{.status = 404, .body = request.method_text + " not in " + std::string(allow)};
  };
  TestServer server({route(Method::get, "/api/x")}, {}, own);
  const std::string response =
      server.exchange("PATCH /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(response), 404);
  EXPECT_EQ(body_of(response), "PATCH not in GET, HEAD");
  EXPECT_EQ(header_of(response, "Allow"), "");
}

TEST(ServerOptions, CorsIsOffByDefaultAndExactWhenOn) {
  const auto ask = [](const TestServer& server, const std::string& head) {
    return server.exchange(head + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                           "Origin: https://app.example\r\n"
                           "Access-Control-Request-Method: POST\r\n"
                           "Access-Control-Request-Headers: authorization\r\n\r\n");
  };
  const TestServer off(routes());
  EXPECT_EQ(header_of(ask(off, "GET /hello"), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(status_of(ask(off, "OPTIONS /echo")), 405);

  HttpServerOptions options;
  options.cors.origins = {"https://app.example"};
  const TestServer on(routes(), options);
  const std::string preflight = ask(on, "OPTIONS /echo");
  EXPECT_EQ(status_of(preflight), 204);
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Methods"), "POST");
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Headers"), "authorization");
  EXPECT_EQ(header_of(ask(on, "GET /hello"), "Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(header_of(ask(on, "GET /hello"), "Vary"), "Origin");

  options.cors.origins = {"https://other.example"};
  const TestServer other(routes(), options);
  EXPECT_EQ(header_of(ask(other, "GET /hello"), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header_of(ask(other, "OPTIONS /echo"), "Access-Control-Allow-Methods"), "");

  options.cors.origins = {"*"};
  const TestServer any(routes(), options);
  EXPECT_EQ(header_of(ask(any, "GET /hello"), "Access-Control-Allow-Origin"), "*");
}

// --- limits in time and number
// ---------------------------------------------------------------------

TEST(ServerLimits, SlowHeadsAndBodiesAreAnswered408AndCut) {
  HttpServerOptions options;
  options.header_time_max = 60ms;
  options.body_time_max = 60ms;
  TestServer server(routes(), options, error_encoders());
  for (const char* start : {"GET /hello HTTP/1.1\r\nHo",
                            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"}) {
    const std::string response = server.exchange(start);
    EXPECT_EQ(status_of(response), 408);
    EXPECT_TRUE(body_of(response).starts_with("root timeout"));
  }
}

TEST(ServerLimits, IdleConnectionsAreClosedSilently) {
  HttpServerOptions options;
  options.idle_time_max = 60ms;
  TestServer server(routes(), options);
  auto unused = server.connect();
  EXPECT_EQ(unused.read_to_end(), "");
  auto used = server.connect();
  used.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(used.read_response()), 200);
  EXPECT_EQ(used.read_to_end(), "");
  EXPECT_TRUE(testing::eventually([&] { return server.server.counts().connections_open == 0; }));
}

base::Task<Reply> huge(std::shared_ptr<const Request>) {
  Response response;
  response.body.assign(64 * limits::MiB, 'x');
  co_return response;
}

TEST(ServerLimits, AResponseNobodyReadsIsCut) {
  HttpServerOptions options;
  options.write_time_max = 60ms;
  TestServer server({route(Method::get, "/huge", huge)}, options);
  auto client = server.connect(4096);
  client.send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(testing::eventually([&] {
    const auto counts = server.server.counts();
    return counts.requests_total == 1 && counts.connections_open == 0;
  }));
  EXPECT_LT(client.read_to_end().size(), 64 * limits::MiB);
}

TEST(ServerLimits, BeyondTheConnectionLimitIsA503) {
  HttpServerOptions options;
  options.connections_max = 2;
  TestServer server(routes(), options);
  auto first = server.connect();
  auto second = server.connect();
  first.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  second.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(first.read_response()), 200);
  EXPECT_EQ(status_of(second.read_response()), 200);
  auto third = server.connect();
  EXPECT_EQ(status_of(third.read_to_end()), 503);
  EXPECT_EQ(server.server.counts().connections_refused, 1U);
  first.close();
  EXPECT_TRUE(testing::eventually([&] { return server.server.counts().connections_open == 1; }));
  EXPECT_EQ(status_of(server.exchange("GET /hello HTTP/1.0\r\n\r\n")), 200);
}

TEST(ServerAdmission, LooksAtEveryHeadBeforeAnythingElseDoes) {
  HttpServerOptions options;
  options.local = true;
  options.admit = [](const Request& head) -> base::Result<void> {
    EXPECT_TRUE(head.local_listener);
    if (head.header("Host") != "evil") return {};
    return base::fail(base::ErrorKind::forbidden, "not by this name", "Host");
  };
  TestServer server(routes(), options, error_encoders());
  for (const char* path : {"/hello", "/nowhere", "/api/throws"}) {
    const std::string line = "GET " + std::string(path) + " HTTP/1.1\r\nHost: ";
    const auto refused = server.exchange(line + "evil\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(refused), 403) << path;
    EXPECT_NE(body_of(refused).find("not by this name"), std::string::npos);
    EXPECT_NE(status_of(server.exchange(line + "good\r\nConnection: close\r\n\r\n")), 403);
  }
}

// --- starting
// --------------------------------------------------------------------------------------

TEST(ServerStart, ErrorsNameTheSetting) {
  TestServer running(routes());
  base::Lanes lanes(2);
  const Router router;
  const auto field_of = [&](HttpServerOptions options) {
    HttpServer server(lanes, router, std::move(options));
    const auto started = server.start();
    return started ? std::string("started") : started.error().field;
  };
  EXPECT_EQ(field_of({.port = running.server.port()}), "port");
  EXPECT_EQ(field_of({.host = "no-such-host.invalid"}), "host");
  EXPECT_EQ(field_of({.host = "192.0.2.1"}), "host");
  EXPECT_EQ(field_of({.base_path = "c"}), "base_path");
  const auto files = testing::make_certificate();
  const auto others = testing::make_certificate();
  EXPECT_EQ(field_of({.tls = {.certificate_file = files.certificate_file}}),
            "tls.private_key_file");
  EXPECT_EQ(field_of({.tls = {"missing.pem", files.private_key_file}}), "tls.certificate_file");
  EXPECT_EQ(field_of({.tls = {files.certificate_file, others.private_key_file}}),
            "tls.private_key_file");
  EXPECT_EQ(field_of({.tls = {files.certificate_file, files.private_key_file}}), "started");
  // As some editors write them.
  for (const std::string& file : {files.certificate_file, files.private_key_file}) {
    std::ifstream in(file);
    std::string text = "\xef\xbb\xbf";
    for (std::string line; std::getline(in, line);) text += line + "\r\n";
    std::ofstream(file) << text;
  }
  EXPECT_EQ(field_of({.tls = {files.certificate_file, files.private_key_file}}), "started");
}

TEST(ServerStart, EveryLaneServes) {
  TestServer server(routes(), {}, {}, 3);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(status_of(server.exchange("GET /hello HTTP/1.0\r\n\r\n")), 200);
  }
  EXPECT_EQ(server.server.counts().requests_total, 30U);
}

}  // namespace
}  // namespace colonnade::net
