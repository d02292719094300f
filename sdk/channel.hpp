// A channel: base URL, credential, limits and transport of one server, shared by all dialects. It
// turns a call's description into a request (checks, headers, limits), runs it blocking or awaited,
// and sorts replies into successes and failures. The errors a user sees are the dialect's business.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/options.hpp"
#include "colonnade/task.hpp"
#include "colonnade/transport.hpp"

namespace colonnade::inline v1::detail {

// Which timeout bounds the silence of a call: Timeouts::read, ::send, or that of pair_watch().
enum class TimeoutKind { ordinary, send, watch };

// What a method does, as a value; written once and used by both clients.
struct CallSpec {
  std::string_view method{};
  std::string path{};  // follows the channel's root; encoded, with its query
  std::string body{};
  bool has_body = false;
  std::string content_type{"application/json"};  // of the body
  std::vector<Header> headers{};                 // of this call alone
  bool authenticated = true;
  TimeoutKind timeout_kind = TimeoutKind::ordinary;
  int also_accepted = 0;  // a status beside 2xx that the decoder takes
  // Whether sending it twice does no more than sending it once, for POST; GET always may.
  bool repeatable = false;
  std::string idempotency_key{};  // of this call alone; one of the scope goes before it
};

// A method and how to read its reply. `decode` gets replies of accepted statuses only.
template <class T>
struct Call {
  CallSpec spec{};
  Result<T> (*decode)(const CallSpec& spec, const TransportReply& reply) = nullptr;
};

// The transport and whether it is still open; shared by a root client and those derived from it.
class Pool {
 public:
  explicit Pool(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
  // Null once closed.
  std::shared_ptr<Transport> transport();
  // Requested by close().
  std::stop_token closing() const { return closing_.get_token(); }
  // Aborts running calls and lets go of the transport. Idempotent, any thread.
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::shared_ptr<Transport> transport_;
  std::stop_source closing_;
};

// One token that is requested when either of two is; keep this object while the token is in use.
class EitherStop {
 public:
  EitherStop(std::stop_token one, std::stop_token other);
  EitherStop(const EitherStop&) = delete;
  EitherStop& operator=(const EitherStop&) = delete;
  std::stop_token token() const { return token_; }

 private:
  struct Forward {
    std::stop_source source;
    void operator()() { source.request_stop(); }
  };
  std::stop_token token_;
  std::optional<std::stop_callback<Forward>> on_one_{};
  std::optional<std::stop_callback<Forward>> on_other_{};
};

// A request that passed all checks, and what must live while it runs.
struct Prepared {
  std::shared_ptr<Transport> transport{};
  std::shared_ptr<EitherStop> stop{};
  TransportRequest request{};
};

// How often a failed call is sent again. Only what may be repeated is: connections that could not
// be made, and for calls without effect, or with an idempotency key, also broken connections,
// timeouts and HTTP 5xx.
struct RetryPolicy {
  int retries = 0;                           // besides the first attempt
  std::chrono::milliseconds delay_min{500};  // doubles with every further attempt
};

// Callbacks around each request. What they throw is dropped.
struct RequestObserver {
  std::function<void(std::string_view method, std::string_view url)> started{};
  // `status` is 0 without a reply.
  std::function<void(std::string_view method, std::string_view url, int status,
                     std::chrono::milliseconds elapsed)>
      ended{};
};

struct Channel {
  std::shared_ptr<Pool> pool{};
  std::string root{};           // base URL without trailing slashes, then the dialect's API root
  std::string authorization{};  // value of the header; "" when the client has no credential
  Timeouts timeouts{};
  std::vector<Header> headers{};  // of every request
  std::string user_agent{};
  CallOptions scope{};
  std::string_view credentials_hint{};  // says how to get a credential
  bool credentials_optional = false;    // send what needs a credential without one, too
  RetryPolicy retry{};
  std::shared_ptr<const RequestObserver> observer{};  // may be null; call_async() alone tells it

  Result<Prepared> prepare(const CallSpec& spec, std::string_view accept) const;
  Result<TransportReply> call(const CallSpec& spec) const;
  // By value: the coroutine outlives its caller's arguments.
  // `calling` is blocking for a run() that is driven for a blocking client. Repeats failed calls as
  // `retry` says; call() never does.
  static Task<Result<TransportReply>> call_async(std::shared_ptr<const Channel> channel,
                                                 CallSpec spec,
                                                 Calling calling = Calling::background);
};

// nullopt for a status the call accepts.
std::optional<Failure> refusal(const CallSpec& spec, int status, const std::string& body);

// The first header of this name, case ignored; nullptr without one.
const std::string* find_header(const std::vector<Header>& headers, std::string_view lower_name);
// The content type of a reply that says it is no event stream.
std::optional<std::string> other_than_event_stream(const std::vector<Header>& headers);

// Trims ASCII whitespace.
std::string_view trim(std::string_view text);
// `name` from the environment, trimmed; "" when it is not set.
std::string environment(const char* name);
// The base URL without trailing slashes, or what is wrong with it. `setting` names it in the
// message.
Result<std::string> check_base_url(std::string_view url, std::string_view setting);
// Whether `text` may stand in a header.
bool fits_header(std::string_view text);
// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
std::string percent_encode(std::string_view text);

Failure usage(std::string message);
// HTTP options with the times of a dialect that has an Options::timeouts of its own. Errors: usage
// when the options have times already, or one is negative.
Result<HttpOptions> with_times(HttpOptions http, const Timeouts& times);
// A call whose client was closed, as one that was cancelled.
Failure as_canceled(Failure closed);

}  // namespace colonnade::inline v1::detail
