// Options, data and requests of the Fathom client. Include colonnade/fathom.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

using colonnade::Timestamp;
using colonnade::to_string;

// --- options
// --------------------------------------------------------------------------------------

struct Options {
  // http or https, with or without a path; no query, fragment or user. Default: FATHOM_BASE_URL.
  std::string base_url{};
  // Default: FATHOM_TOKEN. Without one, only pair(), health() and ready() work.
  std::string token{};
  HttpOptions http{};
};

namespace detail {
class Session;
}

// --- data
// -----------------------------------------------------------------------------------------

struct Thread {
  std::string id{};
  std::string user_id{};
  std::string title{};                 // "" until titled
  std::optional<std::string> model{};  // set when the thread overrides the model
  Timestamp created_at{};
  Timestamp updated_at{};
  std::optional<Timestamp> deleted_at{};  // set while soft-deleted
  Json extra{};                           // fields this version does not know; null without any
};

struct Message {
  std::string id{};
  std::string thread_id{};
  std::string role{};  // "user", "agent" or "system"
  std::string content{};
  std::optional<std::string> device_id{};  // the paired device it came from
  Timestamp created_at{};
  Json metadata{};  // an object, or null: usage, model, clientMessageId
  Json extra{};
};

struct ThreadDetail {
  Thread thread{};
  std::vector<Message> messages{};  // the last 50, oldest first; older ones: threads.messages()
  bool running = false;             // an agent turn is in progress
  Json extra{};
};

// What threads.send() gives.
struct Exchange {
  Message user_message{};
  Message agent_message{};
  std::string session_id{};  // "" when the gateway made the reply itself
  Json extra{};
};

struct ThreadUsage {
  std::string thread_id{};
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
  std::int64_t message_count = 0;
  Json extra{};
};

struct SearchHit {
  std::string thread_id{};
  std::string thread_title{};
  std::string message_id{};
  std::string role{};
  std::string snippet{};  // matches stand between <mark> and </mark>
  Timestamp created_at{};
  Json extra{};
};

struct Device {
  std::string id{};
  std::string name{};
  std::string user_id{};
  Timestamp created_at{};
  Timestamp last_seen{};
  Json extra{};
};

// What pair() gives. The token is shown this once: keep it.
struct Claim {
  std::string token{};
  std::string device_id{};
  std::string device_name{};
  Json extra{};
};

struct PairingCode {
  std::string code{};  // six digits; deliver it to the device that shall claim it
  Timestamp expires_at{};
  Json extra{};
};

struct Health {
  std::string status{};  // "ok"
  std::string version{};
  double uptime_seconds = 0;
  std::int64_t sessions = 0;
  Timestamp timestamp{};
  std::string mode{};
  std::string profile{};
  Json features{};  // an object of booleans, "threads" among them; or null
  Json extra{};
};

// What the threadless message() gives.
struct OneShotReply {
  std::string response{};
  std::string session_id{};
  Json extra{};
};

// --- requests
// -------------------------------------------------------------------------------------

struct CreateThread {
  std::string title{};  // "": the server titles it after the first reply
};

struct SendMessage {
  std::string text{};               // not empty
  std::string client_message_id{};  // at most 128 bytes; echoed in user_message.metadata
};

struct PairRequest {
  std::string code{};         // exactly six digits
  std::string device_name{};  // "": the server calls it "Unnamed device"
};

// Which messages threads.messages() reads. Bookmarks are exclusive; `after` wins over `before`;
// with neither, the newest.
struct MessagePage {
  std::optional<Timestamp> after{};
  std::optional<Timestamp> before{};
  int limit = 50;  // 1 to 200
};

struct Search {
  std::string query{};  // "": no hits
  int limit = 0;        // 0: the server's default
};

// How threads.stream_reconnecting() waits between attempts: doubling from the first to the last.
struct ReconnectOptions {
  std::chrono::milliseconds delay_min{500};
  std::chrono::milliseconds delay_max{5'000};
};

}  // namespace colonnade::inline v1::fathom
