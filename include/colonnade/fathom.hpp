// The Fathom client: talks to any server of the Fathom API, whose paths start with /api/v1.
//
//   colonnade::fathom::Client client;                   // FATHOM_BASE_URL, FATHOM_TOKEN
//   auto thread = client.threads.create();
//   auto reply = client.threads.send(thread.id, "What's the weather in NYC?");
//
// Client blocks, AsyncClient has the same resources for coroutines. Both are safe to use from
// several threads at once. Nothing is retried and no redirect is followed.
//
// Errors are exceptions under fathom::Error, itself a colonnade::Error. Any call may throw
// UnauthorizedError, HttpError, PairingRequiredError, MalformedResponseError and TransportError;
// what is said at a method comes on top of that.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/task.hpp"
#include "colonnade/time.hpp"
#include "colonnade/transport.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

// --- errors
// ---------------------------------------------------------------------------------------

// The root of this dialect. Thrown itself for calls that cannot be made: no base URL, an empty id,
// a pairing code that is not six digits, a client that was closed.
class COLONNADE_API Error : public colonnade::Error {
 public:
  using colonnade::Error::Error;
  ~Error() override;
};

// HTTP 401: the token is unknown or revoked. Pair again.
class COLONNADE_API UnauthorizedError : public Error {
 public:
  using Error::Error;
  ~UnauthorizedError() override;
  int status() const noexcept { return failure().status; }
  const std::string& body() const noexcept { return failure().body; }  // raw text
};

// Any other status that is not 2xx.
class COLONNADE_API HttpError : public Error {
 public:
  using Error::Error;
  ~HttpError() override;
  int status() const noexcept { return failure().status; }
  const std::string& body() const noexcept { return failure().body; }  // raw text
};

// The client has no token and the call needs one; nothing was sent.
class COLONNADE_API PairingRequiredError : public Error {
 public:
  using Error::Error;
  ~PairingRequiredError() override;
};

// A 2xx reply that is not JSON, not an object, or lacks a required field.
class COLONNADE_API MalformedResponseError : public Error {
 public:
  using Error::Error;
  ~MalformedResponseError() override;
  const std::string& body() const noexcept { return failure().body; }
};

// No whole reply: DNS, connect, TLS, reset, timeout, cancel. kind() tells which.
class COLONNADE_API TransportError : public Error {
 public:
  using Error::Error;
  ~TransportError() override;
  TransportErrorKind kind() const noexcept { return failure().transport; }
};

// The TransportError of kind `canceled`: a stop token asked for it, or the client was closed.
class COLONNADE_API CancelledError : public TransportError {
 public:
  using TransportError::TransportError;
  ~CancelledError() override;
};

// --- data
// -----------------------------------------------------------------------------------------

using colonnade::Timestamp;
using colonnade::to_string;

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

// --- events
// ---------------------------------------------------------------------------------------

// Subscribed: events from here on arrive. There is no replay of earlier ones.
struct Ready {
  std::string thread_id{};
  Timestamp server_time{};
};
// A message was stored, from whichever device.
struct UserMessage {
  std::string thread_id{};
  Message message{};
};
// A turn starts. Carries the user's message, not agent text. Some replies come without it.
struct AgentThinking {
  std::string thread_id{};
  Message message{};
};
// The next piece of the reply. All pieces together need not equal AgentDone, which wins.
struct AgentDelta {
  std::string thread_id{};
  std::string delta{};
};
struct AgentDelegating {
  std::string thread_id{};
  std::string delta{};  // a progress label
};
struct AgentSwarm {
  std::string thread_id{};
  std::string delta{};  // a progress label
};
// The reply is stored. The stream goes on: it serves the thread, not the turn.
struct AgentDone {
  std::string thread_id{};
  Message message{};
};
// The turn failed.
struct AgentError {
  std::string thread_id{};
  std::string error{};
};
// The stream itself cannot run.
struct StreamError {
  std::string error{};
};
// Sent by a newer server.
struct OtherEvent {
  std::string type{};
  Json data{};
};

// One event of threads.stream().
class COLONNADE_API Event {
 public:
  using Value = std::variant<Ready, UserMessage, AgentThinking, AgentDelta, AgentDelegating,
                             AgentSwarm, AgentDone, AgentError, StreamError, OtherEvent>;

  Event() = default;
  // `raw` is the JSON text it came from.
  explicit Event(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  // The name on the wire: "agent_done".
  std::string_view type() const noexcept;
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }  // for match() and std::visit
  // The whole event as it came, with `type` set. Parsed anew by each call.
  Json data() const;

 private:
  Value value_{};
  std::string raw_{};
};

// The next piece of a one-shot reply.
struct ReplyDelta {
  std::string delta{};
};
struct ReplyDone {
  std::string session_id{};
  std::string reply{};
};
struct ReplyError {
  std::string error{};
};

// One event of message_stream().
class COLONNADE_API ReplyEvent {
 public:
  using Value = std::variant<ReplyDelta, ReplyDone, ReplyError, OtherEvent>;

  ReplyEvent() = default;
  explicit ReplyEvent(Value value, std::string raw = {})
      : value_(std::move(value)), raw_(std::move(raw)) {}

  std::string_view type() const noexcept;  // "message", "done", "error" or another
  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&value_);
  }
  const Value& value() const noexcept { return value_; }
  Json data() const;

 private:
  Value value_{};
  std::string raw_{};
};

// --- options
// --------------------------------------------------------------------------------------

struct Options {
  // http or https, with or without a path; no query, fragment or user. Default: FATHOM_BASE_URL.
  std::string base_url{};
  std::string
      token{};  // default: FATHOM_TOKEN; without one, only pair(), health() and ready() work
  HttpOptions http{};
};

namespace detail {
class Session;
}

// --- the blocking client
// --------------------------------------------------------------------------

class COLONNADE_API Threads {
 public:
  // The caller's threads that are not deleted, newest first, at most 50.
  std::vector<Thread> list() const;
  // Also finds soft-deleted ones: deleted_at is set.
  ThreadDetail get(std::string_view id) const;
  Thread create(std::string_view title = {}) const;
  Thread create(const CreateThread& request) const;
  // Sends one user message and waits until the agent is done (Timeouts::send). 409 when a turn is
  // already running in the thread, 500 when the agent failed.
  Exchange send(std::string_view id, std::string_view text) const;
  Exchange send(std::string_view id, const SendMessage& message) const;
  // Soft: restore() undoes it. (`delete` is a C++ keyword.)
  void remove(std::string_view id) const;
  void restore(std::string_view id) const;
  // The title as stored.
  std::string rename(std::string_view id, std::string_view title) const;
  // Oldest first.
  std::vector<Message> messages(std::string_view id, const MessagePage& page = {}) const;
  ThreadUsage usage(std::string_view id) const;
  // Not every server has it: 404 then.
  std::vector<SearchHit> search(const Search& request) const;
  // Opens a live stream before it returns. No replay: to see a whole turn, stream, wait for Ready,
  // then send from another thread.
  Stream<Event> stream(std::string_view id) const;
  // As stream(), but an end or a broken connection is followed by a new connection. Messages missed
  // meanwhile are read from the thread and given as UserMessage and AgentDone; no message is given
  // twice. Deltas are not recovered. Ends only when stopped; throws when the server refuses (4xx).
  Stream<Event> stream_reconnecting(std::string_view id,
                                    const ReconnectOptions& options = {}) const;

 private:
  friend class Client;
  explicit Threads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Devices {
 public:
  std::vector<Device> list() const;  // newest first
  // The device's token stops working at once.
  void revoke(std::string_view id) const;

 private:
  friend class Client;
  explicit Devices(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// A client that was constructed is the root of its connection pool; those made by with() and
// with_token() are derived from it and share the pool. Closing or destroying the root closes idle
// connections and aborts running calls and streams with CancelledError; the derived clients then
// throw fathom::Error("client closed"). Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  Client();
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Threads threads;
  Devices devices;

  // Runs a pairing code into a token; sends no Authorization. HttpError 404: unknown code, 409:
  // used, 410: expired, 429: too many attempts.
  Claim pair(const PairRequest& request) const;
  // Issues a code for another device of the same user; it lives 60 s.
  PairingCode pair_start() const;
  // Waits up to 90 s for a claim of `code`; nothing when none came yet: call again. 410: expired.
  std::optional<Device> pair_watch(std::string_view code) const;

  Health health() const;  // needs no token
  bool ready() const;     // needs no token; false when the server answers 503

  // One prompt without a thread, and its answer; servers need not offer it.
  OneShotReply message(std::string_view text) const;
  Stream<ReplyEvent> message_stream(std::string_view text) const;

  // Any other route: `path` follows /api/v1 and is sent as it is; `body` null is no body. The
  // reply's object.
  Json request(std::string_view method, std::string_view path, const Json& body = {}) const;

  // A derived client for calls with a time limit, a stop token or an idempotency key.
  Client with(const CallOptions& options) const;
  // A derived client with another token; makes no request. "" has no token at all.
  Client with_token(std::string_view token) const;
  void close() noexcept;  // idempotent

 private:
  explicit Client(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// --- the client for coroutines
// --------------------------------------------------------------------

// Each method reads its arguments before it returns, so they need not outlive the call. The work
// starts when the Task is awaited, and so do errors come from there. Requests are taken by name
// only: a braced temporary inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncThreads {
 public:
  Task<std::vector<Thread>> list() const;
  Task<ThreadDetail> get(std::string_view id) const;
  Task<Thread> create(std::string_view title = {}) const;
  Task<Thread> create(const CreateThread& request) const;
  Task<Thread> create(CreateThread&&) const = delete;
  Task<Exchange> send(std::string_view id, std::string_view text) const;
  Task<Exchange> send(std::string_view id, const SendMessage& message) const;
  Task<Exchange> send(std::string_view id, SendMessage&&) const = delete;
  Task<void> remove(std::string_view id) const;
  Task<void> restore(std::string_view id) const;
  Task<std::string> rename(std::string_view id, std::string_view title) const;
  Task<std::vector<Message>> messages(std::string_view id) const;
  Task<std::vector<Message>> messages(std::string_view id, const MessagePage& page) const;
  Task<std::vector<Message>> messages(std::string_view id, MessagePage&&) const = delete;
  Task<ThreadUsage> usage(std::string_view id) const;
  Task<std::vector<SearchHit>> search(const Search& request) const;
  Task<std::vector<SearchHit>> search(Search&&) const = delete;
  AsyncStream<Event> stream(std::string_view id) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id,
                                         const ReconnectOptions& options) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id, ReconnectOptions&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncThreads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncDevices {
 public:
  Task<std::vector<Device>> list() const;
  Task<void> revoke(std::string_view id) const;

 private:
  friend class AsyncClient;
  explicit AsyncDevices(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Root and derived clients: as Client.
class COLONNADE_API AsyncClient {
 public:
  AsyncClient();
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  AsyncThreads threads;
  AsyncDevices devices;

  Task<Claim> pair(const PairRequest& request) const;
  Task<Claim> pair(PairRequest&&) const = delete;
  Task<PairingCode> pair_start() const;
  Task<std::optional<Device>> pair_watch(std::string_view code) const;
  Task<Health> health() const;
  Task<bool> ready() const;
  Task<OneShotReply> message(std::string_view text) const;
  AsyncStream<ReplyEvent> message_stream(std::string_view text) const;
  Task<Json> request(std::string_view method, std::string_view path) const;
  Task<Json> request(std::string_view method, std::string_view path, const Json& body) const;

  AsyncClient with(const CallOptions& options) const;
  AsyncClient with(CallOptions&&) const = delete;
  AsyncClient with_token(std::string_view token) const;
  // Does not wait: running calls end with CancelledError soon after.
  void close() noexcept;

 private:
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::fathom
