#include "sdk/channel.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "sdk/handoff.hpp"
#include "sdk/json_document.hpp"

namespace colonnade::inline v1::detail {
namespace {

// A pairing watch is held for up to 90 s (fathom §5.3); the rest allows for the network.
constexpr std::chrono::milliseconds watch_read_timeout{120'000};

std::chrono::milliseconds read_timeout(const Timeouts& timeouts, TimeoutKind timeout_kind) {
  switch (timeout_kind) {
    case TimeoutKind::ordinary: return timeouts.read;
    case TimeoutKind::send: return timeouts.send;
    case TimeoutKind::watch: return watch_read_timeout;
  }
  return timeouts.read;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string text_at(simdjson::dom::element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// One entry of a list of schema errors: {"loc": ["body", "token"], "msg": "…"}.
std::string schema_error(simdjson::dom::element entry) {
  std::string where;
  simdjson::dom::array steps;
  if (entry["loc"].get(steps) == simdjson::SUCCESS) {
    for (const simdjson::dom::element step : steps) {
      std::int64_t index = 0;
      const bool number = step.get(index) == simdjson::SUCCESS;
      where += (where.empty() ? "" : ".") + (number ? std::to_string(index) : text_at(step));
    }
  }
  simdjson::dom::element message;
  const bool said = entry["msg"].get(message) == simdjson::SUCCESS;
  return where + (said ? ": " + text_at(message) : "");
}

// The server's own words, where the body has them: {"error": "…"}, {"error": {"message": "…"}},
// {"detail": "…"} or {"detail": [schema errors]}.
std::string error_text(const std::string& body) {
  const auto document = parse_document(body);
  if (!document) return {};
  simdjson::dom::element value;
  if (document->at_key("error").get(value) == simdjson::SUCCESS) {
    if (value.is_string()) return text_at(value);
    simdjson::dom::element message;
    if (value["message"].get(message) == simdjson::SUCCESS) return text_at(message);
  }
  if (document->at_key("detail").get(value) != simdjson::SUCCESS) return {};
  simdjson::dom::array entries;
  if (value.get(entries) != simdjson::SUCCESS) return text_at(value);
  std::string out;
  for (const simdjson::dom::element entry : entries) {
    out += (out.empty() ? "" : "; ") + schema_error(entry);
  }
  return out;
}

// Calls one function of an observer, when there is one, and drops what it throws.
template <class Call, class Member>
void notify(Call&& call, const RequestObserver* observer, Member member) {
  if (observer == nullptr || !(observer->*member)) return;
  try {
    call(*observer);
  } catch (...) {
    // An observer's exception must not fail the call.
  }
}

}  // namespace

std::shared_ptr<Transport> Pool::transport() {
  const std::lock_guard lock(mutex_);
  return transport_;
}

void Pool::close() noexcept {
  std::shared_ptr<Transport> released;
  {
    const std::lock_guard lock(mutex_);
    released.swap(transport_);
  }
  closing_.request_stop();
}

EitherStop::EitherStop(std::stop_token one, std::stop_token other) {
  if (!one.stop_possible()) {
    token_ = std::move(other);
  } else if (!other.stop_possible()) {
    token_ = std::move(one);
  } else {
    const std::stop_source source;
    token_ = source.get_token();
    on_one_.emplace(std::move(one), Forward{source});
    on_other_.emplace(std::move(other), Forward{source});
  }
}

Result<Prepared> Channel::prepare(const CallSpec& spec, std::string_view accept) const {
  Prepared out;
  out.transport = pool->transport();
  if (!out.transport) return Failure{.kind = ErrorKind::closed, .message = "client closed"};
  if (spec.authenticated && authorization.empty() && !credentials_optional) {
    return Failure{.kind = ErrorKind::credentials_missing,
                   .message = std::string(credentials_hint)};
  }
  if (scope.stop.stop_requested()) {
    return Failure{.kind = ErrorKind::transport,
                   .message = "the call was stopped before it was sent",
                   .transport = TransportErrorKind::canceled};
  }
  out.stop = std::make_shared<EitherStop>(scope.stop, pool->closing());
  TransportRequest& request = out.request;
  request.method = spec.method;
  request.url = root + spec.path;
  request.body = spec.body;
  request.has_body = spec.has_body;
  request.headers = headers;
  request.headers.push_back({"User-Agent", user_agent});
  request.headers.push_back({"Accept", std::string(accept)});
  if (spec.authenticated && !authorization.empty()) {
    request.headers.push_back({"Authorization", authorization});
  }
  if (spec.has_body) request.headers.push_back({"Content-Type", spec.content_type});
  for (const Header& header : spec.headers) request.headers.push_back(header);
  const std::string& key =
      scope.idempotency_key.empty() ? spec.idempotency_key : scope.idempotency_key;
  if (spec.method == "POST" && !key.empty()) {
    request.headers.push_back({"Idempotency-Key", key});
  }
  request.connect_timeout = timeouts.connect;
  request.read_timeout = read_timeout(timeouts, spec.timeout_kind);
  if (scope.timeout.count() > 0) {
    request.total_timeout = scope.timeout;
    request.read_timeout = std::chrono::milliseconds(0);
  }
  request.stop = out.stop->token();
  return out;
}

Result<TransportReply> Channel::call(const CallSpec& spec) const {
  auto prepared = prepare(spec, "application/json");
  if (!prepared) return std::move(prepared).error();
  auto reply = wait_for<Result<TransportReply>>([&](Transport::CallHandler done) {
    prepared->transport->call(std::move(prepared->request), Calling::blocking, std::move(done));
  });
  if (!reply) return reply;
  if (auto failure = refusal(spec, reply->status, reply->body)) return *std::move(failure);
  return reply;
}

namespace {

// One attempt of call_async().
Task<Result<TransportReply>> attempt_once(std::shared_ptr<const Channel> channel, CallSpec spec,
                                          Calling calling) {
  auto prepared = channel->prepare(spec, "application/json");
  if (!prepared) co_return std::move(prepared).error();
  const std::shared_ptr<Transport> transport = prepared->transport;
  const auto request = std::make_shared<TransportRequest>(std::move(prepared->request));
  const std::string url = request->url;
  const auto began = std::chrono::steady_clock::now();
  notify([&](const RequestObserver& observer) { observer.started(spec.method, url); },
         channel->observer.get(), &RequestObserver::started);
  const auto start = [transport, request, calling](Transport::CallHandler done) {
    transport->call(std::move(*request), calling, std::move(done));
  };
  FromCallback<Result<TransportReply>> arrival(start);
  Result<TransportReply> reply = co_await arrival;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  const int status = reply ? reply->status : 0;
  notify(
      [&](const RequestObserver& observer) { observer.ended(spec.method, url, status, elapsed); },
      channel->observer.get(), &RequestObserver::ended);
  if (!reply) co_return reply;
  auto failure = refusal(spec, reply->status, reply->body);
  if (failure) co_return std::move(*failure);
  co_return reply;
}

// Whether sending the call again can neither do its work twice nor fail the same way for certain.
bool should_retry(const Channel& channel, const CallSpec& spec, const Failure& failure) {
  const bool keyed = !spec.idempotency_key.empty() || !channel.scope.idempotency_key.empty();
  const bool harmless = spec.method == "GET" || spec.repeatable || keyed;
  if (failure.kind == ErrorKind::http) return harmless && failure.status >= 500;
  if (failure.kind != ErrorKind::transport) return false;
  switch (failure.transport) {
    case TransportErrorKind::resolve:
    case TransportErrorKind::connect: return true;  // nothing was sent
    case TransportErrorKind::reset:
    case TransportErrorKind::timeout: return harmless;
    default: return false;
  }
}

}  // namespace

Task<Result<TransportReply>> Channel::call_async(std::shared_ptr<const Channel> channel,
                                                 CallSpec spec, Calling calling) {
  const auto began = std::chrono::steady_clock::now();
  const std::chrono::milliseconds whole = channel->scope.timeout;
  std::shared_ptr<const Channel> bounded = channel;
  std::chrono::milliseconds delay = channel->retry.delay_min;
  for (int left = channel->retry.retries;; --left) {
    Result<TransportReply> reply = co_await attempt_once(bounded, spec, calling);
    if (reply || left <= 0 || !should_retry(*channel, spec, reply.error())) co_return reply;
    const auto stop = std::make_shared<EitherStop>(channel->scope.stop, channel->pool->closing());
    if (whole.count() > 0) {
      // The time limit of a call covers all of its attempts.
      const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - began);
      if (used + delay >= whole) co_return reply;
      auto shorter = std::make_shared<Channel>(*channel);
      shorter->scope.timeout = whole - used - delay;
      bounded = std::move(shorter);
    }
    // A stop is noticed by the next attempt, which then fails with it.
    [[maybe_unused]] const bool slept = co_await sleep_for(delay, stop->token());
    delay *= 2;
  }
}

std::optional<Failure> refusal(const CallSpec& spec, int status, const std::string& body) {
  if (status >= 200 && status < 300) return std::nullopt;
  if (spec.also_accepted != 0 && status == spec.also_accepted) return std::nullopt;
  std::string message = std::string(spec.method) + " " + spec.path.substr(0, spec.path.find('?')) +
                        " was answered with HTTP " + std::to_string(status);
  const std::string text = error_text(body);
  if (!text.empty()) message += ": " + text;
  return Failure{.kind = status == 401 ? ErrorKind::unauthorized : ErrorKind::http,
                 .message = std::move(message),
                 .status = status,
                 .body = body};
}

const std::string* find_header(const std::vector<Header>& headers, std::string_view lower_name) {
  for (const Header& header : headers) {
    if (std::ranges::equal(header.name, lower_name, {}, &lower)) return &header.value;
  }
  return nullptr;
}

std::optional<std::string> other_than_event_stream(const std::vector<Header>& headers) {
  constexpr std::string_view wanted = "text/event-stream";
  const std::string* type = find_header(headers, "content-type");
  if (type == nullptr) return std::nullopt;
  if (std::ranges::equal(std::string_view(*type).substr(0, wanted.size()), wanted, {}, &lower)) {
    return std::nullopt;
  }
  return *type;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the SDK never calls setenv
  return value == nullptr ? std::string() : std::string(trim(value));
}

Result<std::string> check_base_url(std::string_view url, std::string_view setting) {
  const auto wrong = [&](std::string_view why) {
    return usage(std::string(setting) + " " + std::string(why) +
                 "; it looks like http://localhost:8790 or https://relay.example/c/42");
  };
  url = trim(url);
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return wrong("has no scheme");
  std::string scheme(url.substr(0, scheme_end));
  for (char& c : scheme) c = lower(c);
  if (scheme != "http" && scheme != "https") return wrong("is neither http nor https");
  if (url.find('?') != std::string_view::npos) return wrong("has a query");
  if (url.find('#') != std::string_view::npos) return wrong("has a fragment");
  for (const char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return wrong("has a space or control character");
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty() || authority.front() == ':') return wrong("has no host");
  if (authority.find('@') != std::string_view::npos) return wrong("has a user or password");
  while (!url.empty() && url.back() == '/') url.remove_suffix(1);
  return scheme + std::string(url.substr(scheme_end));
}

bool fits_header(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
  }
  return true;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

Failure usage(std::string message) {
  return Failure{.kind = ErrorKind::usage, .message = std::move(message)};
}

Result<HttpOptions> with_times(HttpOptions http, const Timeouts& times) {
  const auto all = [](const Timeouts& of) {
    return std::array{of.connect, of.read, of.send, of.stream_idle};
  };
  if (all(http.timeouts) != all(Timeouts{})) {
    return usage("Options::http.timeouts is not for this client: set Options::timeouts");
  }
  if (std::ranges::any_of(all(times), [](auto time) { return time.count() < 0; })) {
    return usage("Options::timeouts has a negative one; 0 is no limit");
  }
  http.timeouts = times;
  return http;
}

Failure as_canceled(Failure closed) {
  closed.transport = TransportErrorKind::canceled;
  return closed;
}

}  // namespace colonnade::inline v1::detail
