#include "app/signed_webhooks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "net/testing.hpp"

namespace colonnade::app {
namespace {

using net::testing::TestServer;

constexpr const char* secret = "0123456789abcdef";

struct Received {
  std::mutex mutex{};
  std::vector<net::Request> requests{};
};

base::Task<net::Reply> receive(std::shared_ptr<Received> received,
                               std::shared_ptr<const net::Request> request) {
  const std::lock_guard lock(received->mutex);
  received->requests.push_back(*request);
  co_return net::Response{.status = 202};
}

class SignedWebhooksTest : public ::testing::Test {
 protected:
  ~SignedWebhooksTest() override { lanes_.stop(); }

  base::Result<int> send(const std::string& url, std::vector<std::string> private_hosts) {
    SignedWebhooks webhooks(client_, lanes_[0], clock_,
                            {.secret = secret, .private_hosts = std::move(private_hosts)});
    std::stop_token never;
    return base::run_on(lanes_[0],
                        webhooks.send({.url = url, .id = "job-1", .body = R"({"a":1})"}, never));
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.server.port()) + "/hook";
  }

  std::shared_ptr<Received> received_ = std::make_shared<Received>();
  TestServer server_{
      {{net::Method::post, "/hook",
        net::Handler([received = received_](std::shared_ptr<const net::Request> request) {
          return receive(received, std::move(request));
        })}}};
  base::ManualClock clock_;
  base::Lanes lanes_{1};
  net::HttpClient client_{lanes_};
};

// echo -n '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
TEST(WebhookSignature, IsAnHmacOverTimeAndBody) {
  EXPECT_EQ(webhook_signature(secret, "1700000000", R"({"a":1})"),
            "sha256=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23");
}

TEST_F(SignedWebhooksTest, ItsReceiverCanCheckWhoCalls) {
  const auto status = send(url(), {"127.0.0.1"});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(*status, 202);
  const std::lock_guard lock(received_->mutex);
  ASSERT_EQ(received_->requests.size(), 1U);
  const net::Request& request = received_->requests[0];
  EXPECT_EQ(request.body, R"({"a":1})");
  EXPECT_EQ(request.header("X-Colonnade-Delivery"), "job-1");
  EXPECT_EQ(request.header("X-Colonnade-Timestamp"), "1700000000");
  EXPECT_EQ(request.header("X-Colonnade-Signature"),
            webhook_signature(secret, "1700000000", request.body));
}

TEST_F(SignedWebhooksTest, APrivateAddressIsNotCalled) {
  const auto refused = send(url(), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::forbidden) << refused.error().message;
  const std::lock_guard lock(received_->mutex);
  EXPECT_TRUE(received_->requests.empty());
}

}  // namespace
}  // namespace colonnade::app
