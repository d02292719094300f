#include "providers/embeddings/endpoint.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "conformance/scripted_vendor.hpp"

namespace colonnade::providers::embeddings {
namespace {

using base::ErrorKind;
using conformance::VendorAnswer;

class EmbeddingsEndpoint : public ::testing::Test {
 protected:
  base::Result<std::vector<std::vector<float>>> embed(std::vector<std::string> texts,
                                                      std::stop_token stop = {}) {
    options_.base_url = vendor_.url() + "/v1/";
    options_.model = "m-small";
    options_.api_key = "topsecretkey";
    const auto embedder = endpoint(options_, client_);
    return base::run_on(lanes_[0], embedder->embed(&lanes_[0], std::move(texts), stop));
  }
  base::Result<std::vector<std::vector<float>>> embed_two(std::string body) {
    vendor_.answer_next(json(std::move(body)));
    return embed({"a", "b"});
  }
  static VendorAnswer json(std::string body, int status = 200) {
    return {.status = status,
            .headers = {{"content-type", "application/json"}},
            .body = std::move(body)};
  }

  base::Lanes lanes_{1};
  conformance::ScriptedVendor vendor_;
  net::HttpClient client_{lanes_};
  EndpointOptions options_;
};

TEST_F(EmbeddingsEndpoint, AsksForAllTextsAtOnceAndGivesUnitVectorsInOrder) {
  const auto vectors = embed_two(
      R"({"object":"list","data":[{"index":1,"embedding":[0,-2]},{"index":0,"embedding":[3,4]}],)"
      R"("model":"m-small","usage":{"prompt_tokens":2}})");
  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), 2U);
  EXPECT_FLOAT_EQ((*vectors)[0][0], 0.6F);
  EXPECT_FLOAT_EQ((*vectors)[0][1], 0.8F);
  EXPECT_FLOAT_EQ((*vectors)[1][1], -1.0F);
  const std::string request = vendor_.last_request();
  EXPECT_TRUE(request.starts_with("POST /v1/embeddings HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Bearer topsecretkey"), std::string::npos);
  EXPECT_NE(request.find(R"({"model":"m-small","input":["a","b"],"encoding_format":"float"})"),
            std::string::npos);
}

TEST_F(EmbeddingsEndpoint, DimensionsAreAskedForAndRequired) {
  options_.dimensions = 2;
  ASSERT_TRUE(embed_two(R"({"data":[{"embedding":[1,0]},{"embedding":[0,0]}]})"));
  EXPECT_NE(vendor_.last_request().find(R"("dimensions":2)"), std::string::npos);
  const auto wrong = embed_two(R"({"data":[{"embedding":[1,0,0]},{"embedding":[1,0,0]}]})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::upstream);
  EXPECT_NE(wrong.error().message.find("3 dimensions, not 2"), std::string::npos);
  EXPECT_EQ(endpoint(options_, client_)->model(), "m-small/2");
}

TEST_F(EmbeddingsEndpoint, AnswersThatCannotBeUsedAreRefused) {
  for (const char* body :
       {"", "[]", "{}", R"({"data":{}})", R"({"data":[]})", R"({"data":[{"embedding":[1]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":["x"]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":[]}]})", R"({"data":[{"embedding":[1]},7]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":-1,"embedding":[1]}]})",
        R"({"data":[{"index":"0","embedding":[1]},{"index":1,"embedding":[1]}]})"}) {
    const auto vectors = embed_two(body);
    ASSERT_FALSE(vectors) << body;
    EXPECT_EQ(vectors.error().kind, ErrorKind::upstream) << body;
  }
}

TEST_F(EmbeddingsEndpoint, FailuresSayWhatAndNeverTheKey) {
  vendor_.answer_next(
      json(R"({"error":{"message":"Incorrect API key provided: topsecretkey"}})", 401));
  const auto refused = embed({"a"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("topsecretkey"), std::string::npos);
  EXPECT_NE(refused.error().message.find("memory.embeddings.api_key"), std::string::npos);
  vendor_.answer_next(json(R"({"error":{"message":"overloaded"}})", 503));
  const auto overloaded = embed({"a"});
  ASSERT_FALSE(overloaded);
  EXPECT_TRUE(overloaded.error().retryable);
}

TEST_F(EmbeddingsEndpoint, ABrokenAnswerIsAFailure) {
  VendorAnswer broken = json(R"({"data":[{"embedding":[1)");
  broken.broken = true;
  vendor_.answer_next(broken);
  EXPECT_FALSE(embed({"a"}));
}

TEST_F(EmbeddingsEndpoint, ASilentServerIsATimeoutAndIsLetGo) {
  options_.time_max = std::chrono::milliseconds(100);
  VendorAnswer silent = json(R"({"data":[)");
  silent.silent = true;
  vendor_.answer_next(silent);
  const auto vectors = embed({"a"});
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(vendor_.saw_hangup());
}

TEST_F(EmbeddingsEndpoint, AStopEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  const auto vectors = embed({"a"}, stop.get_token());
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace colonnade::providers::embeddings
