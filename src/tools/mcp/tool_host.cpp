#include "tools/mcp/tool_host.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/share.hpp"
#include "core/access/account.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/schema_check.hpp"

namespace colonnade::tools::mcp {

using base::ErrorKind;
using base::Json;
using base::Result;

namespace {

// The run bounds its tool calls; this is only the last resort.
constexpr std::chrono::milliseconds call_time_max = std::chrono::hours(24);
// A server takes limits::mcp_outstanding_max at once: one account does not take them all.
constexpr base::ShareBounds call_bounds{.what = "calls of MCP servers' tools under way",
                                        .per_account = limits::mcp_tool_calls_per_account,
                                        .total = limits::mcp_tool_calls_max};

core::ToolServerConnection connection_of(ServerReport report) {
  ServerStatus& status = report.status;
  return {.id = std::move(report.id),
          .name = std::move(report.name),
          .state = status.state,
          .reason = std::move(status.reason),
          .failures = status.failures,
          .revision = std::move(status.server.revision),
          .server_name = std::move(status.server.name),
          .server_version = std::move(status.server.version),
          .tools = std::move(report.offered),
          .refused = std::move(status.refused),
          .held_back_set = std::move(status.held_back_set),
          .authorization_url = std::move(report.authorization_url)};
}

}  // namespace

struct ToolHost::State {
  const base::SecretBox* box = nullptr;
  ToolHostOptions options{};

  // What is kept of one server.
  struct StoredPins {
    core::Scope scope;
    Json pins{};  // null: nothing is accepted yet
    std::string sealed{};
    core::ToolServerState state = core::ToolServerState::starting;
  };

  struct Caller {
    ToolContext context;
    int calls = 0;
  };

  mutable std::mutex mutex{};  // guards what follows
  std::map<std::string, StoredPins> kept{};
  std::map<std::string, Caller> callers{};  // with calls under way, by their runs
  base::Share calls{call_bounds};
  std::vector<std::shared_ptr<base::Completion<bool>>> waiting{};  // for any change of state

  static std::string purpose(const StoredPins& of, const std::string& id) {
    return "MCP authorization " + of.scope.key() + " " + id;
  }
  void read(const std::string& id, const core::OpenedToolServer& server, ServerRecord& record);
  void keep(const std::string& id, const std::function<void(StoredPins&)>& change);
  void note(const std::string& id, core::ToolServerState now);
  void wake();
  void enter(const ToolContext& context);
  void leave(const ToolContext& context);
  base::Task<ElicitationAnswer> ask(Elicitation question, std::stop_token stop);
};

void ToolHost::State::read(const std::string& id, const core::OpenedToolServer& server,
                           ServerRecord& record) {
  StoredPins found{.scope = server.server.scope};
  const auto text = base::parse_json(server.pins.empty() ? "{}" : server.pins, "pins");
  if (text) {
    found.pins = member(*text, "tools");
    found.sealed = text_member(*text, "sealed");
  }
  if (found.pins.is_object()) {
    ToolPins pins;
    for (const auto& [name, fingerprint] : found.pins.items()) {
      if (fingerprint.is_string()) pins.tools.emplace(name, fingerprint.get<std::string>());
    }
    record.accepted = std::move(pins);
  }
  if (!found.sealed.empty()) {
    auto opened = box->open(found.sealed, purpose(found, id));
    if (opened) {
      record.kept = std::move(*opened);
    } else {  // the key has changed: the human is asked again
      base::log::warn("mcp_oauth_unreadable", {{"server", record.name}});
    }
  }
  const std::lock_guard lock(mutex);
  kept.insert_or_assign(id, std::move(found));
}

void ToolHost::State::keep(const std::string& id, const std::function<void(StoredPins&)>& change) {
  std::optional<StoredPins> changed;
  {
    const std::lock_guard lock(mutex);
    const auto found = kept.find(id);
    if (found == kept.end()) return;  // removed meanwhile
    change(found->second);
    changed = found->second;
  }
  if (!options.keep) return;
  const StoredPins& now = *changed;
  Json text = Json::object();
  if (now.pins.is_object()) text["tools"] = now.pins;
  if (!now.sealed.empty()) text["sealed"] = now.sealed;
  options.keep(now.scope, id, base::to_text(text));
}

// A server that goes on failing is told of once.
void ToolHost::State::note(const std::string& id, core::ToolServerState now) {
  using enum core::ToolServerState;
  if (now == starting || !options.changed) return;
  std::optional<core::Scope> scope;
  {
    const std::lock_guard lock(mutex);
    const auto found = kept.find(id);
    if (found == kept.end() || found->second.state == now) return;
    found->second.state = now;
    scope = found->second.scope;
  }
  options.changed(*scope, id);
}

void ToolHost::State::wake() {
  std::vector<std::shared_ptr<base::Completion<bool>>> all;
  {
    const std::lock_guard lock(mutex);
    all.swap(waiting);
  }
  for (const auto& one : all) one->complete(true);
}

void ToolHost::State::enter(const ToolContext& context) {
  const std::lock_guard lock(mutex);
  Caller& caller = callers.try_emplace(context.run_id, Caller{.context = context}).first->second;
  caller.context = context;
  ++caller.calls;
}

void ToolHost::State::leave(const ToolContext& context) {
  const std::lock_guard lock(mutex);
  const auto found = callers.find(context.run_id);
  if (found != callers.end() && --found->second.calls == 0) callers.erase(found);
}

// A question that belongs to no call that is under way is nobody's to answer.
base::Task<ElicitationAnswer> ToolHost::State::ask(Elicitation question, std::stop_token stop) {
  std::optional<ToolContext> context;
  {
    const std::lock_guard lock(mutex);
    const auto found = callers.find(question.caller);
    if (found != callers.end()) context = found->second.context;
  }
  if (!context) {
    base::log::warn("mcp_question_declined", {{"server", question.server}});
    co_return ElicitationAnswer{};
  }
  auto answer = co_await options.ask(std::move(*context), std::move(question), std::move(stop));
  co_return answer;
}

ServersOptions ToolHost::servers_options(const std::shared_ptr<State>& state) {
  ServersOptions out;
  out.client_version = state->options.client_version;
  out.times = state->options.times;
  out.wait_for_begin = state->options.wait_for_begin;
  out.redirect_url = state->options.redirect_url;
  if (state->options.ask) {
    out.elicit = [state](Elicitation question, std::stop_token stop) {
      return state->ask(std::move(question), std::move(stop));
    };
  }
  out.on_pinned = [state](const std::string& id, const ToolPins& pins) {
    state->keep(id, [&](State::StoredPins& kept) { kept.pins = Json(pins.tools); });
  };
  out.on_stored = [state](const std::string& id, const std::string& secret) {
    state->keep(id, [&](State::StoredPins& kept) {
      kept.sealed = state->box->seal(secret, State::purpose(kept, id));
    });
  };
  out.on_status = [state](const std::string& id, const ServerStatus& status) {
    state->note(id, status.state);
    state->wake();
  };
  return out;
}

ToolHost::ToolHost(base::Lane& lane, net::HttpClient& client, const base::SecretBox& box,
                   ToolHostOptions options)
    : lane_(lane), state_(std::make_shared<State>()), servers_(lane, client, [&] {
        state_->box = &box;
        state_->options = std::move(options);
        return servers_options(state_);
      }()) {}

ToolHost::~ToolHost() = default;

void ToolHost::added(core::OpenedToolServer server) {
  const core::ToolServer& about = server.server;
  ServerRecord record;
  record.id = about.id;
  record.name = about.name;
  if (about.transport == core::ToolServerTransport::http) {
    record.url = about.url;
    for (const auto& [name, value] : server.secrets.headers) {
      record.headers.push_back({name, value});
    }
  } else if (!about.command.empty()) {
    record.command.program = about.command.front();
    record.command.arguments.assign(about.command.begin() + 1, about.command.end());
    record.command.environment = server.secrets.environment;
    record.command.inherited = state_->options.inherited;
    if (const auto found = state_->options.sandboxes.find(about.name);
        about.configured && found != state_->options.sandboxes.end()) {
      record.command.sandbox = found->second;
    }
  }
  if (const auto found = state_->options.oauth.find(about.name);
      about.configured && found != state_->options.oauth.end()) {
    record.oauth = found->second;
  }
  state_->read(about.id, server, record);
  if (auto started = servers_.set(std::move(record)); !started) {
    base::log::error("mcp_server_not_started",
                     {{"server", about.name}, {"error", started.error().message}});
  }
}

void ToolHost::removed(const core::Scope&, const std::string& id) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->kept.erase(id);
  }
  servers_.remove(id);
}

std::vector<core::ToolServerConnection> ToolHost::connections() const {
  std::vector<core::ToolServerConnection> out;
  for (ServerReport& report : servers_.list()) out.push_back(connection_of(std::move(report)));
  return out;
}

std::optional<core::ToolServerConnection> ToolHost::connection(const std::string& id) const {
  auto report = servers_.find(id);
  if (!report) return std::nullopt;
  return connection_of(std::move(*report));
}

std::vector<core::ServedTool> ToolHost::tools(const std::string& id) const {
  std::vector<core::ServedTool> out;
  for (ServerTool& one : servers_.tools({id})) {
    out.push_back({.name = std::move(one.tool),
                   .model_name = std::move(one.definition.name),
                   .description = std::move(one.definition.description),
                   .input_schema = one.definition.input_schema.get()});
  }
  std::ranges::sort(out, {}, &core::ServedTool::model_name);
  return out;
}

base::Task<void> ToolHost::settled(std::string id, std::stop_token stop) {
  auto there = [this, id = std::move(id)] {
    const auto report = servers_.find(id);
    return !report || report->status.state != core::ToolServerState::starting;
  };
  co_await await_until(std::move(there), std::move(stop));
}

std::string ToolHost::without_authorization(std::string pins) const {
  auto tree = base::parse_json(pins, "pins");
  if (!tree || !tree->is_object()) return "";
  tree->erase("sealed");
  return base::to_text(*tree);
}

Result<void> ToolHost::accept(const std::string& id, const std::string& set) {
  return servers_.accept(id, set);
}

Result<void> ToolHost::retry(const std::string& id) { return servers_.retry(id); }

base::Task<Result<void>> ToolHost::complete_authorization(std::string id, std::string query) {
  return servers_.complete_authorization(std::move(id), std::move(query));
}

base::Task<std::vector<core::ToolDefinition>> ToolHost::definitions(core::Agent agent,
                                                                    std::stop_token stop) {
  std::vector<core::ToolDefinition> out;
  if (agent.tool_servers.empty()) co_return out;
  auto there = [this, ids = agent.tool_servers] { return !servers_.is_first_start(ids); };
  co_await await_until(std::move(there), std::move(stop));
  for (ServerTool& tool : servers_.tools(agent.tool_servers)) {
    out.push_back(std::move(tool.definition));
  }
  // In one order whatever the servers' is today: a vendor's cache keeps what begins alike.
  std::ranges::sort(out, {}, &core::ToolDefinition::name);
  co_return out;
}

bool ToolHost::may_be(std::string_view tool) const {
  const std::size_t end = tool.find("__");
  return end != std::string_view::npos && servers_.has_name(tool.substr(0, end));
}

// Returns also when the time is over or somebody stops it.
base::Task<void> ToolHost::await_until(std::function<bool()> there, std::stop_token stop) {
  if (there()) co_return;
  const std::shared_ptr<State> state = state_;
  auto late = std::make_shared<bool>(false);
  auto ring = [late, state] {
    *late = true;
    state->wake();
  };
  auto alarm = co_await base::call_after(state->options.start_wait_max, std::move(ring));
  for (;;) {
    auto changed = std::make_shared<base::Completion<bool>>();
    {
      const std::lock_guard lock(state->mutex);
      state->waiting.push_back(changed);
    }
    // Looked at only now: it may have come before anybody waited for the change.
    if (there() || *late || stop.stop_requested()) co_return;
    co_await changed->wait(stop);
  }
}

base::Task<std::optional<core::ToolDefinition>> ToolHost::definition(ToolContext context,
                                                                     std::string tool) {
  const auto ids = co_await state_->options.servers_of(context.scope, context.agent_id);
  auto found = servers_.tool(ids, tool);
  if (!found) co_return std::nullopt;
  co_return std::move(found->definition);
}

// A failure of a server that waits for a human says where the human has to go.
core::ToolOutcome ToolHost::failure_at(const std::string& server_id, std::string message) const {
  core::ToolOutcome out = failed(std::move(message));
  if (auto report = servers_.find(server_id)) {
    out.authorization_url = std::move(report->authorization_url);
  }
  return out;
}

base::Task<Result<core::ToolOutcome>> ToolHost::run(ToolContext context, core::ToolCall call,
                                                    std::stop_token stop) {
  const std::shared_ptr<State> state = state_;
  const auto ids = co_await state->options.servers_of(context.scope, context.agent_id);
  auto there = [this, ids, name = call.tool] {
    return servers_.tool(ids, name) || !servers_.is_starting(ids, name);
  };
  co_await await_until(std::move(there), stop);
  const auto tool = servers_.tool(ids, call.tool);
  if (stop.stop_requested()) co_return base::fail(ErrorKind::cancelled, "the tool was stopped");
  if (!tool) {
    co_return failure_at(
        servers_.server_of(ids, call.tool),
        "the tool '" + call.tool + "' is not offered now: " + servers_.why_not(ids, call.tool));
  }
  // Its server may have changed it since the call was prepared.
  if (auto wrong =
          schema_violation(tool->definition.input_schema, call.arguments, stranger_schema)) {
    co_return failed(call.tool + ": " + *wrong);
  }
  RequestOptions options;
  options.time_max = call_time_max;
  options.stop = stop;
  options.caller = context.run_id;
  const auto place = state->calls.take(core::account_of(context.scope, context.user_id));
  if (!place) co_return failed(place.error().message);
  state->enter(context);
  auto outcome = co_await servers_.call(tool->server_id, tool->tool, std::move(call.arguments),
                                        std::move(options));
  state->leave(context);
  if (!outcome && outcome.error().kind != ErrorKind::cancelled) {
    co_return failure_at(tool->server_id, outcome.error().message);
  }
  if (outcome && outcome->is_error) {
    co_return failure_at(tool->server_id, std::move(outcome->content));
  }
  co_return outcome;
}

}  // namespace colonnade::tools::mcp
