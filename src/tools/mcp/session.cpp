#include "tools/mcp/session.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/secret_text.hpp"

namespace colonnade::tools::mcp {

using base::ErrorKind;
using base::Json;
using base::Result;
using SteadyClock = std::chrono::steady_clock;

Session::Session(base::Lane& lane, SessionOptions options, Connect connect)
    : lane_(lane), options_(std::move(options)), connect_(std::move(connect)) {
  accepted_ = options_.accepted;
}

std::shared_ptr<Session> Session::start(base::Lane& lane, SessionOptions options, Connect connect) {
  auto self = std::make_shared<Session>(lane, std::move(options), std::move(connect));
  lane.spawn("mcp_session", supervise(self));
  return self;
}

base::Task<void> Session::stop(std::shared_ptr<Session> self) {
  self->lane_.post([self] {
    self->stop_.request_stop();
    self->wake_.notify();
  });
  co_await self->stopped_.wait();
}

ServerStatus Session::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::shared_ptr<const std::vector<RemoteTool>> Session::tools() const {
  const std::lock_guard lock(mutex_);
  return offered_;
}

void Session::retry() {
  {
    // Whoever waits until it has settled waits for what comes of this.
    const std::lock_guard lock(mutex_);
    if (status_.state == ServerState::failed || status_.state == ServerState::needs_auth) {
      status_.state = ServerState::starting;
    }
  }
  lane_.post([self = shared_from_this()] {
    self->retry_ = true;
    self->wake_.notify();
  });
}

Result<void> Session::accept(const std::string& set) {
  ToolPins pins;
  ServerStatus now;
  {
    const std::lock_guard lock(mutex_);
    if (set.empty() || set != status_.held_back_set) {
      return base::fail(ErrorKind::conflict,
                        "the MCP server '" + options_.name +
                            "' does not hold back that set of tools (any more); look again",
                        "set");
    }
    accepted_ = pins_of(found_);
    offered_ = std::make_shared<const std::vector<RemoteTool>>(found_);
    status_.held_back_set.clear();
    if (status_.state == ServerState::held_back) {
      status_.state = ServerState::ready;
      status_.reason.clear();
    }
    pins = *accepted_;
    now = status_;
  }
  if (options_.on_pinned) options_.on_pinned(pins);
  lane_.post([self = shared_from_this(), now = std::move(now)] {
    if (self->options_.on_status) self->options_.on_status(now);
  });
  return {};
}

std::string Session::without_secrets(std::string text) const {
  return options_.secrets ? base::hide_values(std::move(text), options_.secrets()) : text;
}

void Session::set_state(ServerState state, std::string reason, int failures) {
  reason = without_secrets(std::move(reason));
  ServerStatus now;
  {
    const std::lock_guard lock(mutex_);
    status_.state = state;
    // Why it failed stays known while it is tried again.
    const bool again = state == ServerState::starting && failures > 0;
    if (!again) status_.reason = std::move(reason);
    status_.failures = failures;
    status_.server = server_;
    // A server that is away offers nothing. What was held back is judged anew when it is back.
    if (state != ServerState::ready && state != ServerState::held_back) {
      offered_ = std::make_shared<const std::vector<RemoteTool>>();
      found_.clear();
      status_.held_back_set.clear();
    }
    now = status_;
  }
  base::log::info("mcp_state",
                  {{"server", options_.name}, {"state", to_string(state)}, {"reason", now.reason}});
  if (options_.on_status) options_.on_status(now);
}

base::Task<void> Session::supervise(std::shared_ptr<Session> self) {
  int failures = 0;
  while (!self->stop_.stop_requested()) {
    self->retry_ = false;
    self->set_state(ServerState::starting, "", failures);
    auto attached = co_await self->attach();
    base::Error why;
    if (attached) {
      const auto since = SteadyClock::now();
      why = co_await self->serve();
      if (SteadyClock::now() - since >= self->options_.times.steady) failures = 0;
    } else {
      why = attached.error();
    }
    co_await self->detach(why);
    if (self->stop_.stop_requested()) break;
    ++failures;
    const bool auth = why.kind == ErrorKind::unauthorized;
    self->set_state(auth ? ServerState::needs_auth : ServerState::failed, why.message, failures);
    const int doublings = std::min(failures - 1, 16);
    const auto delay = std::min(self->options_.times.restart_min * (1 << doublings),
                                self->options_.times.restart_max);
    const auto time = auth ? std::chrono::milliseconds::max() : delay;
    co_await self->pause(time);
  }
  self->set_state(ServerState::stopped, "", failures);
  self->stopped_.complete(true);
}

// Until the time is over, somebody wants a retry, or a stop.
base::Task<void> Session::pause(std::chrono::milliseconds time) {
  auto over = std::make_shared<bool>(false);
  std::unique_ptr<base::Alarm> alarm;
  if (time != std::chrono::milliseconds::max()) {
    auto ring = [self = shared_from_this(), over] {
      *over = true;
      self->wake_.notify();
    };
    alarm = co_await base::call_after(time, std::move(ring));
  }
  while (!*over && !retry_ && !stop_.stop_requested()) co_await wake_.wait();
}

base::Task<Result<void>> Session::attach() {
  closed_.reset();
  attached_ = false;
  list_changed_ = false;
  reopen_listener_ = false;
  listening_ = 0;
  server_ = {};
  ++generation_;
  connection_ = connect_();
  auto opened = connection_->open(weak_from_this());
  if (!opened) co_return base::fail(opened.error());
  const bool remembered = needs_initialize_;
  auto agreed = co_await perform_handshake();
  if (!agreed) {
    // What was remembered may be wrong by now. A process that the probe killed is asked the old
    // way next time.
    needs_initialize_ = !remembered && closed_ && connection_->silence_means_old();
    co_return base::fail(closed_ ? *closed_ : agreed.error());
  }
  attached_ = true;
  connection_->established(server_);
  listen();
  list_changed_ = false;
  auto listed = co_await list_tools();
  if (!listed) co_return base::fail(closed_ ? *closed_ : listed.error());
  co_return Result<void>{};
}

base::Task<Result<void>> Session::perform_handshake() {
  constexpr int probes_max = 2;  // a server may refuse the first and name what was asked for
  for (int probes = 0; !needs_initialize_; ++probes) {
    const bool silence = connection_->silence_means_old();
    Exchange probe;
    probe.method = "server/discover";
    probe.params = with_meta(Json::object(), client_info());
    probe.handshake = true;
    probe.options.time_max = silence ? options_.times.probe_max : options_.times.handshake_max;
    probe.options.stop = stop_.get_token();
    server_.revision = modern_revision;  // what the probe itself speaks
    auto answer = co_await exchange(shared_from_this(), std::move(probe));
    server_ = {};
    if (closed_) co_return base::fail(*closed_);
    const auto* failure = std::get_if<TransportFailure>(&answer);
    const bool silent = failure != nullptr && failure->error.kind == ErrorKind::timeout;
    if (silent && !silence) co_return base::fail(failure->error);
    auto verdict = classify_probe(answer);
    if (const auto* hopeless = std::get_if<HandshakeFailed>(&verdict))
      co_return base::fail(hopeless->error);
    if (auto* modern = std::get_if<UseModern>(&verdict)) {
      server_ = std::move(modern->server);
      co_return Result<void>{};
    }
    if (!std::holds_alternative<RetryDiscover>(verdict)) break;
    if (probes + 1 == probes_max) {
      co_return base::fail(ErrorKind::upstream,
                           "the MCP server refuses the revision 2026-07-28 and names it");
    }
  }
  auto agreed = co_await initialize();
  co_return agreed;
}

base::Task<Result<void>> Session::initialize() {
  Exchange first;
  first.method = "initialize";
  first.params = initialize_params(client_info());
  first.handshake = true;
  first.options.time_max = options_.times.handshake_max;
  first.options.stop = stop_.get_token();
  auto answer = co_await exchange(shared_from_this(), std::move(first));
  if (closed_) co_return base::fail(*closed_);
  auto result = result_from("initialize", std::move(answer));
  if (!result) co_return base::fail(result.error());
  auto server = read_initialize(*result);
  if (!server) co_return base::fail(server.error());
  server_ = std::move(*server);
  needs_initialize_ = true;
  Outgoing done;
  done.text = encode_notification("notifications/initialized", nullptr);
  done.method = "notifications/initialized";
  send(std::move(done));
  co_return Result<void>{};
}

// Until the connection ends or somebody stops the session.
base::Task<base::Error> Session::serve() {
  auto next_list = SteadyClock::now() + options_.times.relist_min;
  std::unique_ptr<base::Alarm> alarm;
  for (;;) {
    if (stop_.stop_requested()) {
      co_return base::Error{.kind = ErrorKind::cancelled, .message = "the MCP server was stopped"};
    }
    if (closed_) co_return *closed_;
    if (reopen_listener_) {
      reopen_listener_ = false;
      listen();
    }
    const auto now = SteadyClock::now();
    if (list_changed_ && now >= next_list) {
      list_changed_ = false;
      next_list = now + options_.times.relist_min;
      auto listed = co_await list_tools();
      if (!listed && !closed_) {
        base::log::warn("mcp_list_failed",
                        {{"server", options_.name}, {"error", listed.error().message}});
      }
      continue;
    }
    if (list_changed_) {
      auto wake = [self = shared_from_this()] { self->wake_.notify(); };
      const auto left = std::chrono::ceil<std::chrono::microseconds>(next_list - now);
      alarm = co_await base::call_after(left, std::move(wake));
    }
    co_await wake_.wait();
  }
}

base::Task<void> Session::detach(base::Error why) {
  attached_ = false;
  fail_all(why);
  for (auto& [id, one] : incoming_requests_) one.stop.request_stop();
  incoming_requests_.clear();
  if (!connection_) co_return;
  co_await connection_->close();
  // Not closed any earlier: until now the connection may have told us something.
  connection_.reset();
}

// Newer servers speak unasked only to who listens (2026-07-28 basic/patterns/subscriptions).
void Session::listen() {
  if (!server_.modern() || !server_.tools_list_changed || listening_ != 0) return;
  Exchange what;
  what.id = next_id_++;
  what.method = "subscriptions/listen";
  what.params = {{"notifications", {{"toolsListChanged", true}}}};
  listening_ = what.id;
  begin(std::move(what), nullptr);
}

base::Task<Result<void>> Session::list_tools() {
  std::vector<RemoteTool> found;
  std::vector<std::string> refused;
  std::set<std::string> names;
  std::string cursor;
  std::size_t pages = server_.tools ? 0 : limits::mcp_pages_max;
  bool more = server_.tools;
  for (; more && pages < limits::mcp_pages_max; ++pages) {
    Exchange page;
    page.method = "tools/list";
    if (!cursor.empty()) page.params["cursor"] = cursor;
    page.options.time_max = options_.times.list_max;
    page.options.stop = stop_.get_token();
    auto answer = co_await exchange(shared_from_this(), std::move(page));
    auto result = result_from("tools/list", std::move(answer));
    if (!result) co_return base::fail(result.error());
    auto read = read_tool_page(*result);
    if (!read) co_return base::fail(read.error());
    for (RemoteTool& tool : read->tools) {
      if (names.insert(tool.name).second) {
        found.push_back(std::move(tool));
      } else {
        refused.push_back(tool.name + ": it is offered twice");
      }
    }
    std::ranges::move(read->refused, std::back_inserter(refused));
    if (found.size() + refused.size() > limits::mcp_tools_max) {
      co_return base::fail(
          ErrorKind::too_large,
          "the MCP server offers more than " + std::to_string(limits::mcp_tools_max) + " tools");
    }
    more = !read->next_cursor.empty();
    cursor = std::move(read->next_cursor);
  }
  if (more) {
    co_return base::fail(ErrorKind::too_large, "the MCP server's list of tools has no end");
  }
  check_tools(std::move(found), std::move(refused));
  co_return Result<void>{};
}

void Session::check_tools(std::vector<RemoteTool> found, std::vector<std::string> refused) {
  for (const std::string& one : refused) {
    base::log::warn("mcp_tool_refused", {{"server", options_.name}, {"tool", one}});
  }
  name_tools(options_.name, found);
  std::optional<ToolPins> first;
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    found_ = found;
    PinVerdict verdict = check_pins(accepted_, std::move(found));
    if (!accepted_) first = accepted_ = verdict.found;
    offered_ = std::make_shared<const std::vector<RemoteTool>>(std::move(verdict.offered));
    status_.refused = std::move(refused);
    status_.held_back_set = verdict.held_back() ? fingerprint_of(verdict.found) : "";
    if (verdict.held_back()) reason = "its tools have changed: " + to_text(verdict);
  }
  if (first && options_.on_pinned) options_.on_pinned(*first);
  set_state(reason.empty() ? ServerState::ready : ServerState::held_back, reason, 0);
}

}  // namespace colonnade::tools::mcp
