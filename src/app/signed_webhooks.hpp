// Calls webhooks: signed, and only where outbound calls may go.
//
//   X-Colonnade-Delivery: <id>, the same for each attempt
//   X-Colonnade-Timestamp: <seconds since 1970>
//   X-Colonnade-Signature: sha256=<hex of HMAC-SHA-256(secret, timestamp + "." + body)>
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "core/budgets/budget_alerts.hpp"
#include "net/http_client.hpp"

namespace colonnade::app {

// The value of X-Colonnade-Signature.
std::string webhook_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body);

struct SignedWebhooksOptions {
  std::string secret{};
  std::vector<std::string> private_hosts{};  // that need not be public; "*" for all
};

// Thread-safe. All must outlive it.
class SignedWebhooks final : public core::WebhookSender {
 public:
  SignedWebhooks(net::HttpClient& client, base::Lane& lane, base::Clock& clock,
                 SignedWebhooksOptions options)
      : client_(client), lane_(lane), clock_(clock), options_(std::move(options)) {}

  base::Task<base::Result<int>> send(core::WebhookCall call, std::stop_token stop) override;

 private:
  using Done = std::shared_ptr<base::Completion<base::Result<int>>>;
  base::Result<net::HttpClientRequest> request_of(core::WebhookCall call) const;
  static base::Task<void> send_on_lane(SignedWebhooks* self, net::HttpClientRequest request,
                                       std::stop_token stop, Done done);

  net::HttpClient& client_;
  base::Lane& lane_;
  base::Clock& clock_;
  const SignedWebhooksOptions options_;
};

}  // namespace colonnade::app
