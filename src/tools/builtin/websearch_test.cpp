// Against stand-ins that answer as SearXNG and Brave do.
#include "tools/builtin/websearch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "net/http_server.hpp"
#include "net/router.hpp"
#include "tools/builtin/limits.hpp"

namespace colonnade::tools {
namespace {

using base::Json;
using ::testing::HasSubstr;
using ::testing::Not;

class WebsearchTest : public ::testing::Test {
 protected:
  WebsearchTest() {
    for (const char* path : {"/search", "/res/v1/web/search", "/searxng/search"}) {
      const net::Handler handler = [this](std::shared_ptr<const net::Request> request) {
        return reply(this, std::move(request));
      };
      router_.add(net::Route{.method = net::Method::get, .pattern = path, .handler = handler});
    }
    if (auto started = server_.start(); !started) {
      throw std::runtime_error(started.error().message);
    }
  }
  ~WebsearchTest() override { server_.stop(std::chrono::seconds(1)); }

  static base::Task<net::Reply> reply(WebsearchTest* self,
                                      std::shared_ptr<const net::Request> request) {
    const std::lock_guard lock(self->mutex_);
    self->asked_ = request;
    net::Response out{.status = self->status_, .body = self->body_};
    if (self->status_ == 302) out.headers.push_back({"Location", "http://127.0.0.1:1/"});
    co_return out;
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  core::ToolOutcome search(WebsearchOptions options, Json arguments) {
    const auto tool = websearch_tool(client_, std::move(options));
    ToolContext context{.lane = &lanes_[0], .scope = core::Scope::main()};
    return base::run_on(lanes_[0], tool->run(std::move(context), std::move(arguments), {}));
  }
  void answer_with(std::string body, int status = 200) {
    const std::lock_guard lock(mutex_);
    body_ = std::move(body);
    status_ = status;
  }

  base::Lanes lanes_{1};
  net::Router router_;
  net::HttpServer server_{lanes_, router_, {.port = 0}};
  net::HttpClient client_{lanes_};
  std::mutex mutex_;
  std::shared_ptr<const net::Request> asked_;
  std::string body_{"{}"};
  int status_ = 200;
};

TEST_F(WebsearchTest, WithoutAServiceItSaysHowToNameOne) {
  const auto outcome = search({}, {{"query", "x"}});
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.content, HasSubstr("websearch.provider"));
  EXPECT_THAT(outcome.content, HasSubstr("websearch.url"));
  EXPECT_THAT(outcome.content, HasSubstr("websearch.api_key_file"));
}

TEST_F(WebsearchTest, AsksSearxng) {
  answer_with(R"({"query":"a b&c","number_of_results":3,"results":[
    {"title":"First","url":"https://one.test/","content":"Some <b>bold</b>\nwords.","engine":"x"},
    {"title":"No link"}, "odd",
    {"title":"Second","url":"https://two.test/?a=1&b=2"},
    {"title":"Third","url":"https://three.test/"}]})");
  const auto outcome = search({.service = SearchService::searxng, .url = url() + "/searxng/"},
                              {{"query", "a b&c"}, {"limit", 2}});
  EXPECT_FALSE(outcome.is_error) << outcome.content;
  EXPECT_EQ(outcome.content,
            "1. First\n   https://one.test/\n   Some bold words.\n"
            "2. Second\n   https://two.test/?a=1&b=2\n");
  EXPECT_EQ(asked_->path, "/searxng/search");
  EXPECT_EQ(asked_->query_parameter("q"), "a b&c");
  EXPECT_EQ(asked_->query_parameter("format"), "json");
  EXPECT_FALSE(asked_->has_header("Authorization"));
}

TEST_F(WebsearchTest, AsksBrave) {
  answer_with(R"({"type":"search","web":{"results":[
    {"title":"One","url":"https://one.test/","description":"A <strong>hit</strong>."}]}})");
  const auto outcome = search({.service = SearchService::brave,
                               .url = url() + "/res/v1/web/search",
                               .api_key = "sub-secret"},
                              {{"query", "äöü"}, {"limit", 3}});
  EXPECT_EQ(outcome.content, "1. One\n   https://one.test/\n   A hit.\n");
  EXPECT_EQ(asked_->header("X-Subscription-Token"), "sub-secret");
  EXPECT_EQ(asked_->query_parameter("q"), "äöü");
  EXPECT_EQ(asked_->query_parameter("count"), "3");
}

TEST_F(WebsearchTest, NothingFoundIsNoError) {
  for (const char* body : {"{}", R"({"results":[]})", R"({"results":{}})"}) {
    answer_with(body);
    const auto outcome =
        search({.service = SearchService::searxng, .url = url()}, {{"query", "x"}});
    EXPECT_FALSE(outcome.is_error) << body;
    EXPECT_EQ(outcome.content, "[nothing found]\n") << body;
  }
}

TEST_F(WebsearchTest, ARefusalSaysWhatToDoAndNeverTheKey) {
  struct Case {
    int status;
    const char* body;
    const char* says;
  };
  const Case cases[] = {
      {401, "bad key sub-secret", "websearch.api_key"},
      {429, "", "too often"},
      {302, "", "no redirect is followed"},
      {500, "", "status 500"},
      {200, "<html>", "something else than a JSON object"},
      {200, "[]", "something else than a JSON object"},
  };
  for (const Case& one : cases) {
    answer_with(one.body, one.status);
    const auto outcome =
        search({.service = SearchService::brave, .url = url() + "/search", .api_key = "sub-secret"},
               {{"query", "x"}});
    EXPECT_TRUE(outcome.is_error) << one.status;
    EXPECT_THAT(outcome.content, HasSubstr(one.says)) << one.status;
    EXPECT_THAT(outcome.content, Not(HasSubstr("sub-secret"))) << one.status;
  }
  answer_with("", 403);
  EXPECT_THAT(search({.service = SearchService::searxng, .url = url()}, {{"query", "x"}}).content,
              HasSubstr("search.formats"));
}

TEST_F(WebsearchTest, AServiceThatIsAwayIsAnError) {
  const auto outcome = search(
      {.service = SearchService::brave, .url = "http://127.0.0.1:1", .api_key = "sub-secret"},
      {{"query", "x"}});
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.content, HasSubstr("cannot be asked"));
  EXPECT_THAT(outcome.content, Not(HasSubstr("sub-secret")));
}

TEST_F(WebsearchTest, WhatIsShownIsBounded) {
  Json results = Json::array();
  for (int i = 0; i < 100; ++i) {
    results.push_back({{"title", std::string(10'000, 't')},
                       {"url", "https://a.test/" + std::string(10'000, 'u')},
                       {"content", std::string(10'000, 'c')}});
  }
  answer_with(base::to_text(Json{{"results", results}}));
  const auto outcome =
      search({.service = SearchService::searxng, .url = url()}, {{"query", "x"}, {"limit", 20}});
  EXPECT_LT(outcome.content.size(), 200U * limits::KiB);
}

}  // namespace
}  // namespace colonnade::tools
