#include "net/router.hpp"

#include <gtest/gtest.h>

#include "net/testing.hpp"

namespace colonnade::net {
namespace {

Route row(Method method, std::string pattern) {
  return {.method = method, .pattern = std::move(pattern), .handler = testing::echo};
}

class RouterTable : public ::testing::Test {
 protected:
  RouterTable() {
    router_.add({
        row(Method::get, "/"),
        row(Method::get, "/threads"),
        row(Method::post, "/threads"),
        row(Method::get, "/threads/{id}"),
        row(Method::get, "/threads/search"),
        row(Method::post, "/threads/archive"),
        row(Method::get, "/threads/{id}/messages/{message}"),
        row(Method::get, "/threads/latest/notes"),
        row(Method::del, "/devices/{id}"),
    });
  }

  std::string pattern(Method method, std::string_view path) const {
    const auto match = router_.match(method, path);
    return match.route != nullptr ? match.route->pattern : "";
  }

  Router router_;
};

TEST_F(RouterTable, FindsLiteralsAndParameters) {
  EXPECT_EQ(pattern(Method::get, "/"), "/");
  EXPECT_EQ(pattern(Method::get, "/threads"), "/threads");
  const auto match = router_.match(Method::get, "/threads/t1/messages/m2");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parameters, (std::vector<std::string>{"t1", "m2"}));
  EXPECT_TRUE(match.path_known);
}

TEST_F(RouterTable, LiteralWinsOverParameter) {
  EXPECT_EQ(pattern(Method::get, "/threads/search"), "/threads/search");
  EXPECT_EQ(pattern(Method::get, "/threads/other"), "/threads/{id}");
}

TEST_F(RouterTable, AParameterStillMatchesWhereALiteralLeadsNowhere) {
  EXPECT_EQ(pattern(Method::get, "/threads/latest/messages/m"), "/threads/{id}/messages/{message}");
  const auto match = router_.match(Method::get, "/threads/latest/messages/m");
  EXPECT_EQ(match.parameters, (std::vector<std::string>{"latest", "m"}));
}

TEST_F(RouterTable, TheRequestsMethodWinsOverALiteralWithoutIt) {
  EXPECT_EQ(pattern(Method::get, "/threads/archive"), "/threads/{id}");
  EXPECT_EQ(pattern(Method::post, "/threads/archive"), "/threads/archive");
}

TEST_F(RouterTable, DecodesEachSegmentAfterSplitting) {
  const auto match = router_.match(Method::get, "/threads/a%2Fb%20c");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parameters.at(0), "a/b c");
  EXPECT_EQ(pattern(Method::get, "/%74hreads"), "/threads");
}

TEST_F(RouterTable, BadEscapesAndEmptySegmentsMatchNothing) {
  for (const char* path : {"/threads/%zz", "/threads/%2", "/threads/", "/threads//messages/m",
                           "threads", "", "//", "/threads/x/"}) {
    const auto match = router_.match(Method::get, path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_FALSE(match.path_known) << path;
  }
}

TEST_F(RouterTable, HeadFallsBackToGet) {
  EXPECT_EQ(pattern(Method::head, "/threads/t1"), "/threads/{id}");
  EXPECT_EQ(router_.match(Method::head, "/devices/d").route, nullptr);
}

TEST_F(RouterTable, AWrongMethodNamesTheAllowedOnes) {
  const auto match = router_.match(Method::put, "/threads");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_TRUE(match.path_known);
  EXPECT_EQ(match.allow, "GET, HEAD, POST");
  EXPECT_EQ(router_.match(Method::put, "/threads/archive").allow, "GET, HEAD, POST");
  EXPECT_EQ(router_.match(Method::get, "/devices/d").allow, "DELETE");
  EXPECT_EQ(router_.match(Method::other, "/devices/d").allow, "DELETE");
}

TEST(Router, RefusesARouteThatIsThereAlready) {
  Router router;
  router.add(row(Method::get, "/a/{x}"));
  EXPECT_THROW(router.add(row(Method::get, "/a/{y}")), std::logic_error);
  EXPECT_THROW(router.add(row(Method::get, "a")), std::logic_error);
  EXPECT_THROW(router.add(Route{.pattern = "/b"}), std::logic_error);
}

TEST(Router, TheLongestWholeSegmentPrefixGivesTheFace) {
  Router router;
  router.add(testing::text_error_encoder("", "root"));
  router.add(testing::text_error_encoder("/api", "api"));
  router.add(testing::text_error_encoder("/api/v1", "v1"));
  const auto mark = [&router](std::string_view path) {
    const Response response = router.error_encoder(path).encode(base::Error{}, "r");
    return response.body.substr(0, response.body.find(' '));
  };
  EXPECT_EQ(mark("/api/v1/x"), "v1");
  EXPECT_EQ(mark("/api/v1"), "v1");
  EXPECT_EQ(mark("/api/v12"), "api");
  EXPECT_EQ(mark("/apis"), "root");
  EXPECT_EQ(mark(""), "root");
}

TEST(Router, WithoutFacesThereIsAPlainOne) {
  const Router router;
  const Response response = router.error_encoder("/x").encode(
      {.kind = base::ErrorKind::not_found, .message = "no"}, "id");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "no");
}

TEST(PercentDecode, TakesWholeEscapesOnly) {
  EXPECT_EQ(percent_decode("a%41%2f+"), "aA/+");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%"), std::nullopt);
  EXPECT_EQ(percent_decode("%4"), std::nullopt);
  EXPECT_EQ(percent_decode("%4g"), std::nullopt);
}

TEST(Request, FindsQueryParametersAndHeaders) {
  Request request;
  request.query = "a=1&b=x%20y&empty&c=%zz&a=2&d+e=f";
  EXPECT_EQ(request.query_parameter("a"), "1");
  EXPECT_EQ(request.query_parameter("b"), "x y");
  EXPECT_EQ(request.query_parameter("empty"), "");
  EXPECT_EQ(request.query_parameter("c"), std::nullopt);
  EXPECT_EQ(request.query_parameter("d e"), "f");
  EXPECT_EQ(request.query_parameter("none"), std::nullopt);
  request.headers = {{"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(request.header("x-ONE"), "1");
  EXPECT_TRUE(request.has_header("X-one"));
  EXPECT_FALSE(request.has_header("X-two"));
}

}  // namespace
}  // namespace colonnade::net
