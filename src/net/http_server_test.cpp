#include "net/http_server.hpp"

#include <gtest/gtest.h>

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
  return out;
}

std::vector<ErrorFace> faces() {
  std::vector<ErrorFace> out;
  out.push_back(testing::text_face("", "root"));
  out.push_back(testing::text_face("/api", "api"));
  return out;
}

class Server : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }
  TestServer server_{routes(), {}, faces()};
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

}  // namespace
}  // namespace colonnade::net
