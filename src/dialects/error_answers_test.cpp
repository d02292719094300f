#include "dialects/error_answers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

namespace colonnade::dialects {
namespace {

using base::ErrorKind;
using namespace std::chrono_literals;

std::string header_of(const net::Response& response, std::string_view name) {
  for (const net::Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

TEST(ErrorAnswers, EveryKindHasAStatus) {
  const std::map<ErrorKind, int> statuses = {
      {ErrorKind::invalid, 400},     {ErrorKind::unauthorized, 401}, {ErrorKind::forbidden, 403},
      {ErrorKind::not_found, 404},   {ErrorKind::timeout, 408},      {ErrorKind::conflict, 409},
      {ErrorKind::gone, 410},        {ErrorKind::too_large, 413},    {ErrorKind::rate_limited, 429},
      {ErrorKind::unavailable, 503}, {ErrorKind::internal, 500},     {ErrorKind::upstream, 500},
      {ErrorKind::cancelled, 500},
  };
  for (const auto& [kind, status] : statuses) {
    EXPECT_EQ(http_status_of(kind), status) << base::to_string(kind);
  }
}

TEST(ErrorAnswers, RetryAfterIsInWholeSecondsRoundedUp) {
  base::Error error{
      .kind = ErrorKind::rate_limited, .message = "slow down", .retry_after = 1'001ms};
  EXPECT_EQ(header_of(encode_error(error), "Retry-After"), "2");
  error.retry_after = 0ms;
  EXPECT_EQ(header_of(encode_error(error), "Retry-After"), "1");
  error.retry_after.reset();
  EXPECT_EQ(header_of(encode_error(error), "Retry-After"), "");
}

TEST(ErrorAnswers, TheBodyHasOneKey) {
  const auto response = encode_error({.kind = ErrorKind::invalid, .message = "bad \"json\""});
  EXPECT_EQ(response.body, R"({"error":"bad \"json\""})");
  EXPECT_EQ(response.content_type, "application/json");
}

TEST(ErrorAnswers, AnErrorWithoutTextIsNamedByItsKind) {
  EXPECT_EQ(encode_error({.kind = ErrorKind::conflict}).body, R"({"error":"conflict"})");
}

TEST(ErrorAnswers, OnlyUnknownCallersAreToldHowToComeIn) {
  EXPECT_EQ(header_of(encode_error({.kind = ErrorKind::unauthorized}), "WWW-Authenticate"),
            "Bearer");
  EXPECT_EQ(header_of(encode_error({.kind = ErrorKind::forbidden}), "WWW-Authenticate"), "");
}

}  // namespace
}  // namespace colonnade::dialects
