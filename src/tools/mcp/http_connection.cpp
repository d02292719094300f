#include "tools/mcp/http_connection.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>

#include "base/log.hpp"
#include "base/sse.hpp"
#include "net/limits.hpp"
#include "net/url.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/oauth_metadata.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Result;

// The session limits its requests; a stream may be silent for as long as it likes.
constexpr std::chrono::milliseconds as_long_as_it_takes = std::chrono::hours(24);

// What the connection and its coroutines share; the lane's alone.
struct State {
  base::Lane* lane = nullptr;
  net::HttpClient* client = nullptr;
  HttpOptions options{};
  std::weak_ptr<ConnectionListener> listener{};
  std::string session_id{};
  std::string revision{};  // agreed on
  bool closing = false;
  bool held = false;  // until the server has taken notifications/initialized
  std::deque<std::move_only_function<void()>> waiting{};
  std::int64_t next_key = 1;
  std::map<std::int64_t, std::stop_source> running{};  // by key
  std::map<std::int64_t, std::int64_t> keys{};         // by the request's id
  base::Signal idle{};
};

// One stream of events: of a request, or of what the server says unasked.
struct Stream {
  std::optional<std::int64_t> id{};  // of the request whose answer it brings
  base::SseParser parser{limits::mcp_message_bytes_max};
  std::string last_event_id{};
  bool answered = false;
  bool progressed = false;  // an event came since it was last opened
};

bool is_modern(std::string_view revision) { return revision == modern_revision; }

std::shared_ptr<ConnectionListener> listener_of(const State& state) {
  return state.closing ? nullptr : state.listener.lock();
}

void fail_request(const State& state, const std::optional<std::int64_t>& id, base::Error error,
                  int status) {
  if (auto target = listener_of(state); target && id) {
    target->request_failed(*id, {.error = std::move(error), .http_status = status});
  }
}

std::string named(const State& state) { return "the MCP server '" + state.options.name + "' "; }

base::Error upstream(const State& state, const std::string& what) {
  return {.kind = ErrorKind::upstream, .message = named(state) + what, .retryable = true};
}

// Passes messages on; whether the answer to `id` was among them. An error without an id answers the
// request that it came for.
bool deliver(const State& state, std::vector<Message> messages,
             const std::optional<std::int64_t>& id) {
  bool answered = false;
  for (Message& message : messages) {
    if (auto* failure = std::get_if<RpcFailure>(&message)) {
      if (!failure->id && id) failure->id = RequestId(*id);
      answered = answered || (id && failure->id == RequestId(*id));
    } else if (const auto* result = std::get_if<RpcResult>(&message)) {
      answered = answered || (id && result->id == RequestId(*id));
    }
    if (auto target = listener_of(state)) target->received(std::move(message));
  }
  return answered;
}

net::HttpClientRequest request_to(const State& state, std::string method,
                                  const std::string& revision) {
  net::HttpClientRequest out;
  out.method = std::move(method);
  out.url = state.options.url;
  out.headers = state.options.headers;
  out.first_byte_time_max = as_long_as_it_takes;
  out.idle_time_max = as_long_as_it_takes;
  if (!revision.empty()) out.headers.push_back({"MCP-Protocol-Version", revision});
  if (!state.session_id.empty()) out.headers.push_back({"Mcp-Session-Id", state.session_id});
  return out;
}

net::HttpClientRequest post_of(const State& state, Outgoing& message) {
  net::HttpClientRequest out = request_to(state, "POST", message.revision);
  out.headers.push_back({"Content-Type", "application/json"});
  out.headers.push_back({"Accept", "application/json, text/event-stream"});
  if (is_modern(message.revision)) {
    out.headers.push_back({"Mcp-Method", message.method});
    if (!message.name.empty()) out.headers.push_back({"Mcp-Name", header_value(message.name)});
    for (const HeaderText& one : message.parameters) {
      out.headers.push_back({"Mcp-Param-" + one.name, one.value});
    }
  }
  out.body = std::move(message.text);
  return out;
}

std::string bearer(const State& state) {
  return state.options.authorization ? state.options.authorization->token() : "";
}

// The token of now: it may have changed since the request was made.
net::HttpClientRequest with_token(net::HttpClientRequest request, const std::string& token) {
  if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
  return request;
}

bool is_challenge(const net::HttpClientHead& head) {
  if (head.status == 401) return true;
  return head.status == 403 &&
         read_challenge(head.header("WWW-Authenticate")).error == "insufficient_scope";
}

struct Opened {
  Result<net::HttpClientHead> head{};
  std::shared_ptr<net::HttpExchange> exchange{};
};

// One POST, and again with a better token while the server wants one.
base::Task<Opened> open_authorized(std::shared_ptr<State> state, net::HttpClientRequest request,
                                   std::stop_token stop) {
  for (int challenges = 0;; ++challenges) {
    Challenge challenge;
    challenge.token = bearer(*state);
    Opened out;
    out.exchange = state->client->open(*state->lane, with_token(request, challenge.token), stop);
    out.head = co_await out.exchange->head();
    const bool done = !out.head || !state->options.authorization || !is_challenge(*out.head) ||
                      challenges == limits::mcp_challenges_max;
    if (done) co_return out;
    challenge.status = out.head->status;
    challenge.from_private_address = out.head->from_private_address;
    challenge.header = out.head->header("WWW-Authenticate");
    auto again = co_await state->options.authorization->challenged(std::move(challenge), stop);
    if (!again || state->closing) co_return out;
  }
}

bool is_session_id(std::string_view text) {
  return text.size() <= limits::mcp_session_id_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

ErrorKind kind_of(int status) {
  if (status == 401) return ErrorKind::unauthorized;
  if (status == 403) return ErrorKind::forbidden;
  if (status == 429) return ErrorKind::rate_limited;
  return status >= 500 ? ErrorKind::unavailable : ErrorKind::upstream;
}

base::Error refusal(const State& state, int status) {
  base::Error out;
  out.kind = kind_of(status);
  out.retryable = status == 429 || status >= 500;
  out.message =
      named(state) + (status == 401 ? "wants a credential that it was not given, or "
                                      "refuses it (HTTP status 401)"
                                    : "answered with HTTP status " + std::to_string(status));
  return out;
}

void feed(const State& state, Stream& stream, std::string_view bytes) {
  stream.parser.feed(bytes, [&](const base::SseEvent& event) {
    stream.progressed = true;
    if (!event.last_event_id.empty()) stream.last_event_id = event.last_event_id;
    if (event.data.empty()) return;
    auto messages = decode_messages(event.data);
    if (!messages) {
      base::log::warn("mcp_invalid_message",
                      {{"server", state.options.name}, {"error", messages.error().message}});
      return;
    }
    if (deliver(state, std::move(*messages), stream.id)) stream.answered = true;
  });
}

// To the end of the stream, or to the answer that it is read for.
base::Task<void> read_stream(std::shared_ptr<State> state, std::shared_ptr<Stream> stream,
                             std::shared_ptr<net::HttpExchange> exchange) {
  const std::size_t line_max = limits::mcp_message_bytes_max;
  stream->parser = base::SseParser(line_max);
  stream->progressed = false;
  while (!stream->answered && !state->closing) {
    auto piece = co_await exchange->read();
    if (!piece || piece->empty()) co_return;
    feed(*state, *stream, *piece);
    if (stream->parser.overflowed()) {
      base::log::warn("mcp_stream_overflow", {{"server", state->options.name}});
      co_return;
    }
  }
  exchange->drain();
}

// Comes back for the rest of a stream with GET until it is answered, or there is no hope. Only up
// to revision 2025-11-25 ("Resumability and Redelivery").
base::Task<void> resume(std::shared_ptr<State> state, std::shared_ptr<Stream> stream,
                        std::stop_token stop) {
  for (int vain = 0; vain < limits::mcp_resumes_max; ++vain) {
    auto delay = std::chrono::milliseconds(limits::mcp_resume_delay_default);
    if (const auto named_ms = stream->parser.retry_ms()) {
      const auto cap = std::chrono::milliseconds(limits::mcp_resume_delay_max).count();
      delay = std::chrono::milliseconds(
          std::min<std::uint64_t>(*named_ms, static_cast<std::uint64_t>(cap)));
    }
    const bool waited = co_await base::sleep_for(delay, stop);
    if (!waited || state->closing) co_return;
    net::HttpClientRequest request = request_to(*state, "GET", state->revision);
    request.headers.push_back({"Accept", "text/event-stream"});
    if (!stream->last_event_id.empty()) {
      request.headers.push_back({"Last-Event-ID", stream->last_event_id});
    }
    request = with_token(std::move(request), bearer(*state));
    std::shared_ptr<net::HttpExchange> exchange =
        state->client->open(*state->lane, std::move(request), stop);
    auto head = co_await exchange->head();
    if (!head) continue;
    if (head->status != 200) co_return;  // 405: the server has no such stream
    co_await read_stream(state, stream, exchange);
    if (stream->answered) co_return;
    if (stream->progressed) vain = 0;
  }
}

base::Task<void> read_answer(std::shared_ptr<State> state, std::optional<std::int64_t> id,
                             bool modern, std::shared_ptr<net::HttpExchange> exchange,
                             std::string type, std::stop_token stop) {
  if (type.starts_with("text/event-stream")) {
    auto stream = std::make_shared<Stream>();
    stream->id = id;
    co_await read_stream(state, stream, exchange);
    if (!stream->answered && !modern && !stream->last_event_id.empty()) {
      co_await resume(state, stream, stop);
    }
    if (!stream->answered) {
      fail_request(*state, id, upstream(*state, "ended its stream without an answer"), 0);
    }
    co_return;
  }
  auto body = co_await exchange->read_all(limits::mcp_message_bytes_max);
  if (!body) {
    fail_request(*state, id, body.error(), 0);
    co_return;
  }
  auto messages = decode_messages(*body);
  if (!messages) {
    fail_request(*state, id, upstream(*state, "answered with " + messages.error().message), 0);
  } else if (!deliver(*state, std::move(*messages), id)) {
    fail_request(*state, id, upstream(*state, "answered without an answer to the request"), 0);
  }
}

// An answer with an error's status. What JSON-RPC says in it counts more than the status.
base::Task<void> read_refusal(std::shared_ptr<State> state, std::optional<std::int64_t> id,
                              int status, std::shared_ptr<net::HttpExchange> exchange) {
  if (status == 404 && !state->session_id.empty()) {
    // 2025-11-25 "Session Management": begin anew.
    base::Error lost = upstream(*state, "has ended its session");
    if (auto target = listener_of(*state)) target->closed(std::move(lost));
    co_return;
  }
  auto body = co_await exchange->read_all(limits::upstream_error_body_bytes_max);
  auto messages = decode_messages(body ? *body : std::string());
  const bool says_why = status != 401 && messages && messages->size() == 1 &&
                        std::holds_alternative<RpcFailure>(messages->front());
  const bool told = says_why && deliver(*state, std::move(*messages), id);
  if (!told) fail_request(*state, id, refusal(*state, status), status);
}

void next_waiting(const std::shared_ptr<State>& state) {
  while (!state->held && !state->waiting.empty()) {
    auto work = std::move(state->waiting.front());
    state->waiting.pop_front();
    work();
  }
}

base::Task<void> post(std::shared_ptr<State> state, Outgoing message, std::int64_t key,
                      std::stop_token stop) {
  const std::optional<std::int64_t> id = message.id;
  const std::string method = message.method;
  const bool modern = is_modern(message.revision);
  auto opened = co_await open_authorized(state, post_of(*state, message), stop);
  const auto& head = opened.head;
  std::shared_ptr<net::HttpExchange> exchange = std::move(opened.exchange);
  if (!head) {
    fail_request(*state, id, head.error(), 0);
  } else if (head->status >= 300) {
    co_await read_refusal(state, id, head->status, exchange);
  } else if (!id) {
    exchange->drain();
  } else {
    const std::string session_id(head->header("Mcp-Session-Id"));
    if (method == "initialize" && is_session_id(session_id)) state->session_id = session_id;
    const std::string type(head->header("Content-Type"));
    co_await read_answer(state, id, modern, exchange, type, stop);
  }
  exchange.reset();
  state->running.erase(key);
  if (id) state->keys.erase(*id);
  if (method == "notifications/initialized") state->held = false;
  if (!state->closing) next_waiting(state);
  state->idle.notify();
}

// What the server says unasked; many servers have no such stream.
base::Task<void> follow(std::shared_ptr<State> state, std::int64_t key, std::stop_token stop) {
  net::HttpClientRequest request = request_to(*state, "GET", state->revision);
  request.headers.push_back({"Accept", "text/event-stream"});
  request = with_token(std::move(request), bearer(*state));
  std::shared_ptr<net::HttpExchange> exchange =
      state->client->open(*state->lane, std::move(request), stop);
  auto head = co_await exchange->head();
  if (head && head->status == 200) {
    auto stream = std::make_shared<Stream>();
    co_await read_stream(state, stream, exchange);
    exchange.reset();
    co_await resume(state, stream, stop);
  }
  exchange.reset();
  state->running.erase(key);
  state->idle.notify();
}

base::Task<void> say_goodbye(std::shared_ptr<State> state) {
  net::HttpClientRequest request = request_to(*state, "DELETE", state->revision);
  request.total_time_max = limits::mcp_goodbye_time_max;
  request = with_token(std::move(request), bearer(*state));
  const std::stop_token never;
  std::shared_ptr<net::HttpExchange> exchange =
      state->client->open(*state->lane, std::move(request), never);
  auto head = co_await exchange->head();
  if (head) exchange->drain();
}

class HttpConnection final : public Connection {
 public:
  HttpConnection(base::Lane& lane, net::HttpClient& client, HttpOptions options)
      : state_(std::make_shared<State>()) {
    state_->lane = &lane;
    state_->client = &client;
    state_->options = std::move(options);
  }
  ~HttpConnection() override { end_all(); }

  Result<void> open(std::weak_ptr<ConnectionListener> listener) override {
    auto url = net::parse_http_url(state_->options.url);
    if (!url) {
      return base::fail(ErrorKind::invalid,
                        named(*state_) + "has no usable URL: " + url.error().message, "url");
    }
    state_->options.url = url->text;
    state_->listener = std::move(listener);
    return {};
  }

  void send(Outgoing message) override {
    const bool holds = message.method == "notifications/initialized";
    auto work = [state = state_, message = std::move(message)]() mutable {
      const std::int64_t key = state->next_key++;
      const std::stop_source stop;
      state->running[key] = stop;
      if (message.id) state->keys[*message.id] = key;
      // Posted, so that nothing of it runs inside this call.
      state->lane->post([state, key, stop, message = std::move(message)]() mutable {
        state->lane->spawn("mcp_post", post(state, std::move(message), key, stop.get_token()));
      });
    };
    if (state_->held) {
      state_->waiting.push_back(std::move(work));
      return;
    }
    state_->held = holds;
    work();
  }

  void abandon(std::int64_t id) override {
    const auto found = state_->keys.find(id);
    if (found == state_->keys.end()) return;
    if (auto running = state_->running.find(found->second); running != state_->running.end()) {
      running->second.request_stop();
    }
  }

  void established(const ServerInfo& server) override {
    state_->revision = server.revision;
    if (server.modern()) return;
    auto work = [state = state_] {
      const std::int64_t key = state->next_key++;
      const std::stop_source stop;
      state->running[key] = stop;
      state->lane->post([state, key, stop] {
        state->lane->spawn("mcp_follow", follow(state, key, stop.get_token()));
      });
    };
    if (state_->held) {
      state_->waiting.emplace_back(std::move(work));
    } else {
      work();
    }
  }

  bool silence_means_old() const override { return false; }
  bool abandoning_cancels(const ServerInfo& server) const override { return server.modern(); }

  base::Task<void> close() override {
    const std::shared_ptr<State> state = state_;
    end_all();
    while (!state->running.empty()) co_await state->idle.wait();
    if (!state->session_id.empty()) co_await say_goodbye(state);
  }

 private:
  void end_all() {
    state_->closing = true;
    state_->waiting.clear();
    auto all = state_->running;  // ending one may take it out
    for (auto& [key, stop] : all) stop.request_stop();
  }

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Connection> make_http_connection(base::Lane& lane, net::HttpClient& client,
                                                 HttpOptions options) {
  return std::make_unique<HttpConnection>(lane, client, std::move(options));
}

}  // namespace colonnade::tools::mcp
