// The parts without a store; the whole is tested over a real one in tests/contract.
#include "dialects/answer_once.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace colonnade::dialects {
namespace {

net::Request post(std::string path, std::string body) {
  net::Request request;
  request.method = net::Method::post;
  request.path = std::move(path);
  request.body = std::move(body);
  return request;
}

TEST(Fingerprint, TellsMethodPathAndBodyApart) {
  const std::string base = fingerprint_of(post("/a", "{}"));
  EXPECT_EQ(base.size(), 64U);
  EXPECT_EQ(base, fingerprint_of(post("/a", "{}")));
  EXPECT_NE(base, fingerprint_of(post("/b", "{}")));
  EXPECT_NE(base, fingerprint_of(post("/a", "{ }")));
  net::Request put = post("/a", "{}");
  put.method = net::Method::put;
  EXPECT_NE(base, fingerprint_of(put));
}

TEST(Fingerprint, IgnoresHeaders) {
  net::Request request = post("/a", "{}");
  request.headers.push_back({"X-Request-Id", "1"});
  EXPECT_EQ(fingerprint_of(request), fingerprint_of(post("/a", "{}")));
}

TEST(RequestKey, ComesFromTheHeader) {
  net::Request request = post("/a", "{}");
  EXPECT_FALSE(request_key(request).has_value());
  request.headers.push_back({"idempotency-key", "k1"});
  const auto key = request_key(request);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->key, "k1");
  EXPECT_EQ(key->fingerprint, fingerprint_of(request));
}

TEST(RequestKey, AnEmptyHeaderIsAKeyToRefuse) {
  net::Request request = post("/a", "{}");
  request.headers.push_back({"Idempotency-Key", ""});
  ASSERT_TRUE(request_key(request).has_value());
  EXPECT_EQ(request_key(request)->key, "");
}

TEST(KeyOutcome, AnEffectIsAlwaysTheAnswer) {
  for (const int status : {200, 400, 409, 500, 503}) {
    EXPECT_EQ(settlement_of(status, true), KeyOutcome::answer) << status;
  }
}

TEST(KeyOutcome, WithoutAnEffectOnlyAFinalRefusalIsTheAnswer) {
  for (const int status : {400, 403, 404, 410, 413}) {
    EXPECT_EQ(settlement_of(status, false), KeyOutcome::answer) << status;
  }
  for (const int status : {401, 408, 409, 429, 500, 502, 503}) {
    EXPECT_EQ(settlement_of(status, false), KeyOutcome::drop) << status;
  }
}

}  // namespace
}  // namespace colonnade::dialects
