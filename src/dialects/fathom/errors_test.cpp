#include "dialects/fathom/errors.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace colonnade::dialects::fathom {
namespace {

using base::ErrorKind;
using namespace std::chrono_literals;

std::string header_of(const net::Response& response, std::string_view name) {
  for (const net::Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

TEST(FathomErrors, EveryKindHasTheContractsStatus) {
  const std::map<ErrorKind, int> statuses = {
      {ErrorKind::invalid, 400},     {ErrorKind::unauthorized, 401}, {ErrorKind::forbidden, 403},
      {ErrorKind::not_found, 404},   {ErrorKind::timeout, 408},      {ErrorKind::conflict, 409},
      {ErrorKind::gone, 410},        {ErrorKind::too_large, 413},    {ErrorKind::rate_limited, 429},
      {ErrorKind::unavailable, 503}, {ErrorKind::internal, 500},     {ErrorKind::upstream, 500},
      {ErrorKind::cancelled, 500},
  };
  for (const auto& [kind, status] : statuses) {
    EXPECT_EQ(error_response({.kind = kind, .message = "m"}).status, status);
  }
}

TEST(FathomErrors, TheBodyHasOneKey) {
  const auto response = error_response({.kind = ErrorKind::invalid, .message = "bad \"json\""});
  EXPECT_EQ(response.body, R"({"error":"bad \"json\""})");
  EXPECT_EQ(response.content_type, "application/json");
}

TEST(FathomErrors, AnErrorWithoutTextIsNamedByItsKind) {
  EXPECT_EQ(error_response({.kind = ErrorKind::conflict}).body, R"({"error":"conflict"})");
}

TEST(FathomErrors, RetryAfterIsInWholeSecondsRoundedUp) {
  base::Error error{
      .kind = ErrorKind::rate_limited, .message = "slow down", .retry_after = 1'001ms};
  EXPECT_EQ(header_of(error_response(error), "Retry-After"), "2");
  error.retry_after = 0ms;
  EXPECT_EQ(header_of(error_response(error), "Retry-After"), "1");
  error.retry_after.reset();
  EXPECT_EQ(header_of(error_response(error), "Retry-After"), "");
}

net::Request put(std::string path) {
  net::Request request;
  request.method = net::Method::put;
  request.path = std::move(path);
  return request;
}

TEST(FathomErrors, AWrongVerbOnAFixedRouteIs405) {
  const auto encoders = error_encoders();
  const auto response = encoders[0].wrong_method(put("/api/v1/threads"), "GET, HEAD, POST");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.body, R"({"error":"GET or POST"})");
  EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD, POST");
  EXPECT_EQ(encoders[0].wrong_method(put("/api/v1/pair/claim"), "POST").body,
            R"({"error":"POST"})");
}

TEST(FathomErrors, AWrongVerbBelowAThreadIs404) {
  const auto encoders = error_encoders();
  for (const char* path : {"/api/v1/threads/x", "/api/v1/threads/x/stream"}) {
    const auto response = encoders[0].wrong_method(put(path), "GET");
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, R"({"error":"no such route"})");
  }
}

TEST(FathomErrors, EncodesForItsPathsAndNoOthers) {
  const auto encoders = error_encoders();
  ASSERT_EQ(encoders.size(), 1U);
  EXPECT_EQ(encoders[0].prefix, "/api/v1");
  EXPECT_EQ(
      encoders[0].encode({.kind = ErrorKind::not_found, .message = "no such path"}, "r1").body,
      R"({"error":"no such path"})");
}

TEST(FathomErrors, ARefusalWithoutEffectFreesOrKeepsTheKey) {
  EXPECT_EQ(refused({.kind = ErrorKind::unavailable, .message = "m"}).settlement, KeyOutcome::drop);
  EXPECT_EQ(refused({.kind = ErrorKind::not_found, .message = "m"}).settlement, KeyOutcome::answer);
}

}  // namespace
}  // namespace colonnade::dialects::fathom
