#include "dialects/tandem/errors.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::Json;

Json read(const net::Response& response) { return Json::parse(response.body); }

net::Request posted(std::string body, std::string type = "application/json") {
  return {.headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
}

// tandem §1.5: every error is an object with `error` and `code`, and the status that the engine
// has.
TEST(TandemErrors, HaveTheStatusOfTheirKind) {
  const std::pair<base::Error, int> rows[] = {
      {{.kind = ErrorKind::not_found, .message = "no such session"}, 404},
      {{.kind = ErrorKind::invalid, .message = "not JSON", .field = "body"}, 400},
      {{.kind = ErrorKind::invalid, .message = "title must be a string", .field = "title"}, 422},
      {{.kind = ErrorKind::invalid, .message = "an integer", .field = "query.page"}, 400},
      {{.kind = ErrorKind::invalid, .message = "no type", .field = "Content-Type"}, 415},
      {{.kind = ErrorKind::conflict, .message = "busy"}, 409},
      {{.kind = ErrorKind::forbidden, .message = "the operator's"}, 403},
      {{.kind = ErrorKind::too_large, .message = "too large"}, 413},
      {{.kind = ErrorKind::unavailable, .message = "stopping"}, 503},
  };
  for (const auto& [error, status] : rows) {
    const auto response = error_response(error);
    EXPECT_EQ(response.status, status) << error.message;
    EXPECT_EQ(read(response).at("error"), error.message);
    EXPECT_TRUE(read(response).at("code").is_string());
  }
}

TEST(TandemErrors, NameTheMemberThatDoesNotFit) {
  const auto response =
      error_response({.kind = ErrorKind::invalid, .message = "title is long", .field = "title"});
  EXPECT_EQ(read(response),
            (Json{{"error", "title is long"}, {"code", "INVALID_REQUEST"}, {"field", "title"}}));
}

TEST(TandemErrors, WhatIsInternalSaysNothing) {
  const auto response = error_response({.kind = ErrorKind::internal, .message = "row 7 is torn"});
  EXPECT_EQ(response.status, 500);
  EXPECT_FALSE(response.body.contains("torn"));
}

TEST(TandemErrors, ARefusalHasTheContractsWords) {
  const auto response = refusal({.kind = ErrorKind::unauthorized, .message = "revoked"});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(read(response), (Json{{"error", "Unauthorized: missing or invalid API token"},
                                  {"code", "AUTH_REQUIRED"}}));
}

// tandem §1.3: npm's client names a type on each request, also where it sends nothing.
TEST(TandemBodies, MayBeMissing) {
  for (const char* body : {"", " \n", "null", "{}"}) {
    const auto read = body_of(posted(body));
    ASSERT_TRUE(read) << body;
    EXPECT_EQ(*read, Json::object());
  }
  EXPECT_TRUE(body_of(net::Request{}));
}

TEST(TandemBodies, AreJsonObjectsOfThatType) {
  EXPECT_EQ(error_response(body_of(posted("{\"a\"")).error()).status, 400);
  EXPECT_EQ(error_response(body_of(posted("[1]")).error()).status, 400);
  EXPECT_EQ(error_response(body_of(posted("{}", "text/plain")).error()).status, 415);
  EXPECT_TRUE(body_of(posted("{}", "Application/JSON; charset=utf-8")));
}

TEST(TandemBodies, TakeTheFirstSpellingThatIsThere) {
  const Json body = {{"tool_mode", "none"}, {"toolMode", nullptr}, {"n", 1}};
  EXPECT_EQ(**text_member(body, {"toolMode", "tool_mode"}), "none");
  EXPECT_EQ(*text_member(body, {"mode"}), std::nullopt);
  EXPECT_EQ(text_member(body, {"n"}).error().field, "n");
}

TEST(TandemPreflight, AllowsWhatIsAsked) {
  const auto response =
      preflight_response({.headers = {{"Access-Control-Request-Headers", "authorization"}}});
  EXPECT_EQ(net::find_header(response.headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(net::find_header(response.headers, "Access-Control-Allow-Headers"), "authorization");
}

}  // namespace
}  // namespace colonnade::dialects::tandem
