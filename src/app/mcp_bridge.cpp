#include "app/mcp_bridge.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "app/limits.hpp"
#include "base/base64.hpp"
#include "base/json_rpc.hpp"
#include "base/sse.hpp"
#include "net/http.hpp"
#include "net/limits.hpp"

namespace colonnade::app {
namespace {

using base::Json;

constexpr std::chrono::milliseconds connect_time_max{10'000};
constexpr std::chrono::milliseconds drain_time_max{1'500};  // hosts end us soon after our input
constexpr std::chrono::milliseconds goodbye_time_max{1'500};

using base::json_rpc::member;
using base::json_rpc::text_member;

// 2026-07-28 basic/transports/streamable-http, "Value Encoding".
std::string header_value(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  return plain && !text.starts_with("=?base64?") ? text
                                                 : "=?base64?" + base::to_base64(text) + "?=";
}

std::string_view header_of(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (net::same_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace

// A line of the host's, looked into as far as HTTP wants to know.
struct McpBridge::Message {
  std::string text{};
  std::string method{};
  Json id{};  // null for what is no request
  Json params{};
  std::string modern_revision{};  // "" in the older era
};

// One tool call. Its thread is joined before it goes.
struct McpBridge::Call {
  Json id{};
  std::stop_source stop{};
  bool opened = false;  // the server has it
  bool done = false;
  std::string cancellation{};  // to be sent once the server has it
  std::jthread thread{};
};

struct McpBridge::Reply {
  std::optional<std::string> failure{};  // nothing came back
  int status = 0;
  bool answered = false;  // a message went to the host
  std::string session_id{};
  std::string body{};  // of what is no stream
};

McpBridge::McpBridge(Endpoint endpoint, std::function<void(const std::string&)> write)
    : endpoint_(std::move(endpoint)), write_(std::move(write)) {
  HttpOptions options;
  options.ca_file = endpoint_.ca_file;
  options.user_agent = "colonnade-mcp";
  transport_ = make_http_transport(options);
}

McpBridge::~McpBridge() {
  std::list<std::unique_ptr<Call>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (const auto& call : calls) call->stop.request_stop();
}

void McpBridge::take(const std::string& line) {
  reap();
  Message message{.text = line};
  const auto tree = base::parse_json(line, "the line");
  if (tree && tree->is_object()) {
    message.method = text_member(*tree, "method");
    message.id = member(*tree, "id");
    message.params = member(*tree, "params");
    const Json& meta = member(message.params, "_meta");
    message.modern_revision = text_member(meta, "io.modelcontextprotocol/protocolVersion");
  }
  if (message.method == "tools/call" && !message.id.is_null()) {
    start_call(std::move(message));
  } else if (message.method == "notifications/cancelled") {
    cancel(message);
  } else {
    exchange(message, nullptr);
  }
}

void McpBridge::end() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, drain_time_max,
                    [this] { return std::ranges::all_of(calls_, &Call::done); });
  for (const auto& call : calls_) call->stop.request_stop();
  const std::string session_id = session_id_;
  lock.unlock();
  if (session_id.empty()) return;
  TransportRequest goodbye = request_of({}, {});
  goodbye.method = "DELETE";
  goodbye.has_body = false;
  goodbye.total_timeout = goodbye_time_max;
  transport_->call(std::move(goodbye), Calling::blocking, [](const Result<TransportReply>&) {});
}

// --- tool calls ---------------------------------------------------------------------------------

void McpBridge::start_call(Message message) {
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= limits::mcp_bridge_requests_max) {
    fail(message, "too many calls are under way: wait for an answer first");
    return;
  }
  calls_.push_back(std::make_unique<Call>());
  Call* call = calls_.back().get();
  call->id = message.id;
  call->thread = std::jthread([this, call, message = std::move(message)] {
    exchange(message, call);
    const std::lock_guard done_lock(mutex_);
    call->done = true;
    changed_.notify_all();
  });
}

// The newer era cancels by closing the connection, the older one by saying so, which must not come
// before the call itself.
void McpBridge::cancel(const Message& message) {
  const Json& id = member(message.params, "requestId");
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        calls_, [&](const auto& call) { return !call->done && call->id == id; });
    if (found == calls_.end()) return;
    if (session_id_.empty()) {
      (*found)->stop.request_stop();
      return;
    }
    if (!(*found)->opened) {
      (*found)->cancellation = message.text;
      return;
    }
  }
  exchange(message, nullptr);
}

void McpBridge::reap() {
  std::list<std::unique_ptr<Call>> over;
  const std::lock_guard lock(mutex_);
  for (auto it = calls_.begin(); it != calls_.end();) {
    const auto next = std::next(it);
    if ((*it)->done) over.splice(over.end(), calls_, it);
    it = next;
  }
}

// --- to the server and back ---------------------------------------------------------------------

void McpBridge::exchange(const Message& message, Call* call) {
  const std::stop_token stop = call != nullptr ? call->stop.get_token() : std::stop_token();
  Reply reply = send(message, call, stop);
  const bool lost = reply.status == 404 && message.modern_revision.empty() && !reply.answered;
  if (lost && message.method != "initialize" && begin_anew()) reply = send(message, call, stop);
  remember(message, reply);
  const bool notification = message.id.is_null() && !message.method.empty();
  const bool taken = reply.status == 202 || reply.status == 204;
  if (reply.answered || taken || notification || stop.stop_requested()) return;
  if (reply.failure) {
    fail(message, "the server at " + endpoint_.url + " cannot be asked: " + *reply.failure);
  } else if (reply.status == 401) {
    fail(message, "the server at " + endpoint_.url +
                      " does not know this token: give one with --token-file or $FATHOM_TOKEN");
  } else if (!reply.body.empty() && reply.body.front() == '{') {
    const std::lock_guard lock(write_mutex_);
    write_(reply.body);
  } else {
    fail(message, "the server at " + endpoint_.url + " answered with HTTP status " +
                      std::to_string(reply.status) + " and without an answer");
  }
}

McpBridge::Reply McpBridge::send(const Message& message, Call* call, std::stop_token stop) {
  Reply out;
  std::unique_ptr<TransportStream> body;
  bool streams = false;
  const auto opened = [&](Result<TransportOpened> result) {
    if (!result) {
      out.failure = result.error().message;
      return;
    }
    out.status = result->status;
    out.session_id = header_of(result->headers, "Mcp-Session-Id");
    streams = header_of(result->headers, "Content-Type").starts_with("text/event-stream");
    body = std::move(result->body);
  };
  transport_->open(request_of(message, stop), Calling::blocking, opened);
  if (!body) return out;
  std::string cancellation;
  if (call != nullptr) {
    const std::lock_guard lock(mutex_);
    call->opened = true;
    cancellation = std::exchange(call->cancellation, {});
  }
  if (!cancellation.empty()) exchange({.text = std::move(cancellation)}, nullptr);
  base::SseParser parser;
  for (bool more = true; more;) {
    body->read([&](Result<std::string> bytes) {
      more = bytes && !bytes->empty();
      if (!more) return;
      if (streams) {
        parser.feed(*bytes, [&](const base::SseEvent& event) { pass_on(event.data, out); });
      } else if (out.body.size() < limits::client_reply_bytes_max) {
        out.body += *bytes;
      }
    });
  }
  if (!streams && out.status < 300 && !out.body.empty()) pass_on(out.body, out);
  return out;
}

void McpBridge::pass_on(std::string_view text, Reply& reply) {
  if (text.empty()) return;
  reply.answered = true;
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');  // a message is one line
  const std::lock_guard lock(write_mutex_);
  write_(line);
  reply.body = std::move(line);
}

TransportRequest McpBridge::request_of(const Message& message, std::stop_token stop) {
  TransportRequest out{
      .method = "POST", .url = endpoint_.url, .body = message.text, .has_body = true};
  out.connect_timeout = connect_time_max;
  out.stop = std::move(stop);
  out.headers = {{"Content-Type", "application/json"},
                 {"Accept", "application/json, text/event-stream"}};
  if (!endpoint_.token.empty())
    out.headers.push_back({"Authorization", "Bearer " + endpoint_.token});
  if (!message.modern_revision.empty()) {
    out.headers.push_back({"MCP-Protocol-Version", header_value(message.modern_revision)});
    out.headers.push_back({"Mcp-Method", header_value(message.method)});
    const std::string name =
        text_member(message.params, message.method == "resources/read" ? "uri" : "name");
    if (!name.empty()) out.headers.push_back({"Mcp-Name", header_value(name)});
    return out;
  }
  if (message.method == "initialize") return out;
  const std::lock_guard lock(mutex_);
  if (!revision_.empty()) out.headers.push_back({"MCP-Protocol-Version", revision_});
  if (!session_id_.empty()) out.headers.push_back({"Mcp-Session-Id", session_id_});
  return out;
}

void McpBridge::remember(const Message& message, const Reply& reply) {
  if (message.method != "initialize" || reply.session_id.empty()) return;
  const auto answer = base::parse_json(reply.body, "answer");
  const std::lock_guard lock(mutex_);
  initialize_ = message.text;
  session_id_ = reply.session_id;
  revision_ = answer ? text_member(member(*answer, "result"), "protocolVersion") : "";
}

// The server was started anew and knows no sessions of before. The host need not notice.
bool McpBridge::begin_anew() {
  std::unique_lock lock(mutex_);
  const std::string before = session_id_;
  Message again{.text = initialize_, .method = "initialize"};
  lock.unlock();
  if (again.text.empty()) return false;
  const std::lock_guard renewing(renewal_mutex_);
  lock.lock();
  const bool renewed = session_id_ != before;
  lock.unlock();
  if (renewed) return true;
  Reply reply;
  transport_->call(request_of(again, {}), Calling::blocking, [&](Result<TransportReply> result) {
    if (!result) return;
    reply.session_id = header_of(result->headers, "Mcp-Session-Id");
    reply.body = std::move(result->body);
  });
  if (reply.session_id.empty()) return false;
  remember(again, reply);
  const Message ready{.text = base::json_rpc::encode_notification("notifications/initialized", "")};
  transport_->call(request_of(ready, {}), Calling::blocking, [](const Result<TransportReply>&) {});
  return true;
}

void McpBridge::fail(const Message& message, const std::string& why) {
  if (message.id.is_null()) return;
  namespace rpc = base::json_rpc;
  const std::string out = rpc::encode_fault(
      rpc::read_id(message.id), {.code = rpc::error_code::server_error, .message = why});
  const std::lock_guard lock(write_mutex_);
  write_(out);
}

}  // namespace colonnade::app
