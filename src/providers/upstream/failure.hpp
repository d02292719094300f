// From what a vendor says when it fails to our Error: kind, message, whether and when to ask again.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/models/model_provider.hpp"
#include "providers/upstream/api_key.hpp"

namespace colonnade::providers::upstream {

// Who was asked, and with which key.
struct Vendor {
  std::string name{};         // the provider's configured name
  std::string key{};          // never appears in an Error
  std::string key_setting{};  // names the setting in an Error about the key: "OPENAI_API_KEY"
  SharedApiKey key_source{};  // where `key` came from; may be null
  // What people and tools wrote, of the request: left out where the vendor quotes it. May be null.
  std::shared_ptr<const std::vector<std::string>> told{};
};

// The texts of the open turn (the last message of the user and what came after it), taken out of a
// request that was encoded already.
std::shared_ptr<const std::vector<std::string>> take_open_turn(core::ModelRequest& request);

// The headers of a failed answer that matter; "" when absent.
struct RetryAdvice {
  std::string_view retry_after{};     // seconds or an HTTP date (RFC 9110 §10.2.3)
  std::string_view retry_after_ms{};  // milliseconds; OpenAI and Anthropic send it, it is exacter
  std::string_view should_retry{};    // x-should-retry: "true" or "false"
};

// How long the vendor asks us to wait; nullopt when it does not say or says nonsense. Never
// negative.
std::optional<std::chrono::milliseconds> retry_delay(const RetryAdvice& advice, base::Time now);

// Removes the key, and whatever looks like one, then cuts to limits::upstream_message_bytes_max.
std::string without_secrets(std::string_view text, std::string_view key);

// A call that was answered with a status other than 200. `body` is what came with it, JSON or not.
base::Error failure_of_answer(const Vendor& vendor, int status, std::string_view body,
                              const RetryAdvice& advice, base::Time now);

// An error object inside a stream that began with 200. Its type or code says what status it would
// have had. `emitted`: deltas have come out already, so that asking again is not for us to propose.
base::Error failure_in_stream(const Vendor& vendor, const base::Json& body, bool emitted);

// A stream that breaks its own wire: `why` completes "openai …".
base::Error broken_stream(const Vendor& vendor, std::string_view why, bool emitted);

}  // namespace colonnade::providers::upstream
