#include "app/signed_webhooks.hpp"

#include <algorithm>

#include "base/json_web_token.hpp"
#include "core/budgets/limits.hpp"
#include "net/url.hpp"

namespace colonnade::app {
namespace {

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += digits[value >> 4U];
    out += digits[value & 0x0FU];
  }
  return out;
}

}  // namespace

std::string webhook_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body) {
  const std::string text = std::string(timestamp) + "." + std::string(body);
  return "sha256=" + hex_of(base::hmac_sha256(secret, text));
}

base::Result<net::HttpClientRequest> SignedWebhooks::request_of(core::WebhookCall call) const {
  constexpr std::int64_t micros_in_second = 1'000'000;
  const auto url = net::canonical_http_url(call.url);
  if (!url) return base::fail(url.error());
  const std::string timestamp = std::to_string(clock_.now().micros / micros_in_second);
  net::HttpClientRequest out{.method = "POST", .url = url->text};
  out.headers = {
      {"Content-Type", "application/json"},
      {"User-Agent", "colonnade"},
      {"X-Colonnade-Delivery", call.id},
      {"X-Colonnade-Timestamp", timestamp},
      {"X-Colonnade-Signature", webhook_signature(options_.secret, timestamp, call.body)}};
  out.body = std::move(call.body);
  out.first_byte_time_max = limits::budget_alert_time_max;
  out.idle_time_max = limits::budget_alert_time_max;
  out.total_time_max = limits::budget_alert_time_max;
  out.public_addresses_only =
      std::ranges::none_of(options_.private_hosts, [&](const std::string& host) {
        return host == "*" || net::same_ignoring_case(host, url->host);
      });
  return out;
}

base::Task<base::Result<int>> SignedWebhooks::send(core::WebhookCall call, std::stop_token stop) {
  auto request = request_of(std::move(call));
  if (!request) co_return base::fail(std::move(request.error()));
  const Done done = std::make_shared<base::Completion<base::Result<int>>>();
  lane_.spawn("webhook", send_on_lane(this, std::move(*request), std::move(stop), done));
  auto status = co_await done->wait();
  co_return status;
}

// Where it redirects to was not agreed on: that is not followed.
base::Task<void> SignedWebhooks::send_on_lane(SignedWebhooks* self, net::HttpClientRequest request,
                                              std::stop_token stop, Done done) {
  auto exchange = self->client_.open(self->lane_, std::move(request), std::move(stop));
  auto head = co_await exchange->head();
  if (!head) {
    done->complete(base::fail(std::move(head.error())));
    co_return;
  }
  exchange->drain();
  done->complete(head->status);
}

}  // namespace colonnade::app
