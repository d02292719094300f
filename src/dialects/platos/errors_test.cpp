#include "dialects/platos/errors.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::Json;
using namespace std::chrono_literals;

Json body_of(const net::Response& response) { return Json::parse(response.body); }

TEST(PlatosErrors, AnOrdinaryBodyHasStatusTextPhraseAndCode) {
  const auto response =
      error_response({.kind = ErrorKind::not_found, .message = "there is no thread t"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(body_of(response), (Json{{"statusCode", 404},
                                     {"message", "there is no thread t"},
                                     {"error", "Not Found"},
                                     {"code", "not_found"}}));
}

TEST(PlatosErrors, WrongInputNamesItselfInAList) {
  const auto response = error_response(
      {.kind = ErrorKind::invalid, .message = "title: expected string or null", .field = "title"});
  EXPECT_EQ(response.status, 400);
  const Json body = body_of(response);
  EXPECT_EQ(body["error"], "Bad Request");
  EXPECT_EQ(body["code"], "validation");
  EXPECT_TRUE(body["message"].is_string());
  EXPECT_EQ(body["validationErrors"], Json::array({"title: expected string or null"}));
}

TEST(PlatosErrors, TheMemberComesFirstInTheList) {
  const auto listed = [](const char* message, const char* field) {
    return body_of(error_response(
        {.kind = ErrorKind::invalid, .message = message, .field = field}))["validationErrors"];
  };
  EXPECT_EQ(listed("title must be a string", "title"), Json::array({"title: must be a string"}));
  EXPECT_EQ(listed("at most 8 of them", "tags"), Json::array({"tags: at most 8 of them"}));
  // Of a whole body nothing is listed.
  EXPECT_EQ(listed("body is not valid JSON", "body"), nullptr);
  EXPECT_EQ(listed("Message flagged by safety filters", ""), nullptr);
}

TEST(PlatosErrors, EveryKindHasItsStatusAndNoneIsSilent) {
  const std::pair<ErrorKind, int> rows[] = {
      {ErrorKind::invalid, 400},     {ErrorKind::unauthorized, 401}, {ErrorKind::forbidden, 403},
      {ErrorKind::not_found, 404},   {ErrorKind::timeout, 408},      {ErrorKind::conflict, 409},
      {ErrorKind::gone, 410},        {ErrorKind::too_large, 413},    {ErrorKind::rate_limited, 429},
      {ErrorKind::unavailable, 503}, {ErrorKind::internal, 500},     {ErrorKind::upstream, 500},
      {ErrorKind::cancelled, 500},
  };
  for (const auto& [kind, status] : rows) {
    const auto response = error_response({.kind = kind, .message = "m"});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(body_of(response)["statusCode"], status);
    EXPECT_TRUE(body_of(response)["message"].is_string());
  }
}

TEST(PlatosErrors, WhatIsInternalSaysNothingOfItself) {
  const auto response =
      error_response({.kind = ErrorKind::internal, .message = "disk /dev/sda1 is on fire"});
  EXPECT_EQ(response.body, R"({"statusCode":500,"message":"Internal server error"})");
}

TEST(PlatosErrors, ACodeOfItsOwn) {
  const auto response = error_response(
      {.kind = ErrorKind::conflict, .message = "A turn is already running on this thread"},
      "turn_in_progress");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(body_of(response)["code"], "turn_in_progress");
}

TEST(PlatosErrors, AccessKeysAndBindingsHaveNames) {
  const auto key = error_response({.kind = ErrorKind::unauthorized,
                                   .message = "Access key missing or invalid.",
                                   .field = std::string(access_key_field)});
  EXPECT_EQ(key.status, 401);
  EXPECT_EQ(body_of(key)["error"], "INVALID_ACCESS_KEY");
  const auto binding = error_response({.kind = ErrorKind::forbidden,
                                       .message = "bound",
                                       .field = std::string(agent_binding_field)});
  EXPECT_EQ(binding.status, 403);
  EXPECT_EQ(body_of(binding)["error"], "AGENT_SCOPE_MISMATCH");
}

TEST(PlatosErrors, ABucketThatIsOverSaysWhichAndWhen) {
  const auto response = error_response(core::OverLimit{
      .bucket = core::RateBucket::scope_per_minute, .limit = 60, .retry_after = 12s});
  EXPECT_EQ(response.status, 429);
  const Json body = body_of(response);
  EXPECT_EQ(body["code"], "rate_limit");
  EXPECT_EQ(body["scope"], "org_per_minute");
  EXPECT_EQ(body["limit"], 60);
  EXPECT_EQ(body["retryAfterSeconds"], 12);
  EXPECT_EQ(body["message"], "Rate limit reached. Try again in 12 seconds.");
  EXPECT_TRUE(body["error"].is_string());
  EXPECT_EQ(net::find_header(response.headers, "Retry-After"), "12");
}

TEST(PlatosErrors, TheServersOwnBoundsAreRateLimitsToo) {
  const auto response = error_response(
      {.kind = ErrorKind::rate_limited, .message = "too many", .retry_after = 1500ms});
  EXPECT_EQ(body_of(response)["code"], "rate_limit");
  EXPECT_EQ(body_of(response)["retryAfterSeconds"], 2);
  EXPECT_EQ(net::find_header(response.headers, "Retry-After"), "2");
}

TEST(PlatosErrors, AnUnknownRouteIsWhatTheContractSays) {
  net::Request request{.method = net::Method::get, .method_text = "GET"};
  request.path = "/api/v1/agent/nowhere";
  for (const net::ErrorEncoder& encoder : error_encoders()) {
    const auto response = encoder.unknown_path(request);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(body_of(response), (Json{{"message", "Cannot GET /api/v1/agent/nowhere"},
                                       {"error", "Not Found"},
                                       {"statusCode", 404}}));
    EXPECT_EQ(encoder.wrong_method(request, "POST").status, 404);
  }
}

}  // namespace
}  // namespace colonnade::dialects::platos
