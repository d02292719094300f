// colonnade policy simulate
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "app/commands/policy.hpp"
#include "app/files.hpp"
#include "app/json_output.hpp"
#include "app/limits.hpp"
#include "app/recorded_actions.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"
#include "colonnade/faramesh.hpp"
#include "colonnade/transport.hpp"
#include "core/governance/action_records.hpp"
#include "core/governance/judge.hpp"
#include "core/governance/limits.hpp"
#include "gate/rule_gate.hpp"

namespace colonnade::app {
namespace {

constexpr std::size_t limit_default = 1000;

struct SimulateOptions {
  RuleFiles files{};
  std::string actions{};  // "": those of the server
  std::size_t limit = limit_default;
  bool json = false;
  std::shared_ptr<RemoteOptions> remote{};
};

// Keeps the text of the last reply. The client's own value sorts members and rounds large integers;
// the matcher looks at both as they were recorded.
class ReplyKeeper final : public Transport {
 public:
  explicit ReplyKeeper(std::shared_ptr<Transport> inner) : inner_(std::move(inner)) {}

  void call(TransportRequest request, Calling calling, CallHandler done) override {
    inner_->call(std::move(request), calling,
                 [this, done = std::move(done)](colonnade::Result<TransportReply> reply) {
                   if (reply) body_ = reply->body;
                   done(std::move(reply));
                 });
  }
  void open(TransportRequest request, Calling calling, OpenHandler done) override {
    inner_->open(std::move(request), calling, std::move(done));
  }
  const std::string& body() const { return body_; }

 private:
  std::shared_ptr<Transport> inner_;
  std::string body_{};
};

using Actions = base::Result<RecordedActions>;

// The newest ones. Actions that come in meanwhile push others onto the next page, so some are seen
// twice.
Actions read_from_server(const Remote& remote, std::size_t limit) {
  faramesh::Options options{.base_url = remote.base_url, .token = remote.token};
  options.http = remote.options().http;
  auto keeper = std::make_shared<ReplyKeeper>(make_http_transport(options.http));
  options.http.transport = keeper;
  const faramesh::Client client(options);
  RecordedActions out;
  std::set<std::string> seen;
  for (std::size_t offset = 0; offset < limit;) {
    const std::size_t wanted = std::min(limit - offset, limits::actions_listed_max);
    const auto page = client.list_actions(
        {.limit = static_cast<int>(wanted), .offset = static_cast<int>(offset)});
    if (page.empty()) break;
    auto actions = parse_actions(keeper->body(), remote.base_url + "/v1/actions");
    if (!actions) return base::fail(actions.error());
    for (RecordedAction& action : actions->actions) {
      if (seen.insert(action.id).second) out.actions.push_back(std::move(action));
    }
    out.left_out.insert(out.left_out.end(), actions->left_out.begin(), actions->left_out.end());
    offset += page.size();
    if (page.size() < wanted) break;
  }
  return out;
}

Actions read_from_file(const std::string& path, std::size_t limit) {
  const auto text = read_small_file(path, limits::recorded_actions_bytes_max);
  if (!text) return base::fail(base::ErrorKind::invalid, "--actions: " + text.error().message);
  auto out = parse_actions(*text, path);
  if (out && out->actions.size() > limit) {
    const auto end = out->actions.begin() + static_cast<std::ptrdiff_t>(limit);
    out->actions.erase(end, out->actions.end());
  }
  return out;
}

// --- deciding again -----------------------------------------------------------------------------

struct OtherOutcome {
  const RecordedAction* action = nullptr;
  gate::Explanation now{};
};

struct Simulation {
  std::size_t actions = 0;
  std::vector<OtherOutcome> changed{};
  std::map<std::pair<gate::Outcome, gate::Outcome>, std::size_t> kinds{};
  std::size_t unknown = 0;  // without a recorded outcome
  std::size_t altered = 0;  // whose params are not those that were decided on
  std::vector<std::string> left_out{};
};

// What the server says besides its policy stays as it is: it denies arguments that do not fit their
// tool, and a tool or an agent that asks a human does so where the policy allows it.
gate::Explanation judged_again(const gate::Engine& engine, const RecordedAction& action) {
  gate::Explanation now = engine.explain(action.request);
  const bool unfit = core::is_refusal_of_run(action.reason_code);
  const bool asks = (action.reason_code == gate::reason_code::tool_asks ||
                     action.reason_code == core::agent_requires_approval) &&
                    now.decision.outcome == gate::Outcome::execute;
  if ((unfit && now.decision.outcome != gate::Outcome::halt) || asks) {
    now.decision.outcome = *action.outcome;
    now.decision.reason_code = action.reason_code;
    now.decided_by.reset();
  }
  return now;
}

Simulation simulate_all(const gate::Engine& engine, const RecordedActions& recorded) {
  Simulation out{.actions = recorded.actions.size(), .left_out = recorded.left_out};
  for (const RecordedAction& action : recorded.actions) {
    if (action.is_altered) ++out.altered;
    if (!action.outcome) {
      ++out.unknown;
      continue;
    }
    gate::Explanation now = judged_again(engine, action);
    if (now.decision.outcome == *action.outcome) continue;
    ++out.kinds[{*action.outcome, now.decision.outcome}];
    out.changed.push_back({.action = &action, .now = std::move(now)});
  }
  return out;
}

std::string as_json(const Simulation& simulation) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("actions", static_cast<std::uint64_t>(simulation.actions));
  json.field("params", "as recorded").key("changed").array();
  for (const OtherOutcome& one : simulation.changed) {
    const gate::ActionRequest& request = one.action->request;
    json.object().field("id", one.action->id).field("agent_id", request.agent_id());
    json.field("tool", request.tool()).field("operation", request.operation());
    json.field("old_outcome", gate::to_string(*one.action->outcome));
    json.field("altered", one.action->is_altered);
    write_decision(json, one.now);
    json.end_object();
  }
  json.end_array().key("kinds").array();
  for (const auto& [kind, count] : simulation.kinds) {
    json.object().field("from", gate::to_string(kind.first));
    json.field("to", gate::to_string(kind.second));
    json.field("count", static_cast<std::uint64_t>(count)).end_object();
  }
  json.end_array().field("unknown", static_cast<std::uint64_t>(simulation.unknown));
  json.field("altered", static_cast<std::uint64_t>(simulation.altered));
  json.key("left_out").array();
  for (const std::string& one : simulation.left_out) json.value(one);
  json.end_array().end_object();
  return out;
}

std::string arrow(gate::Outcome from, gate::Outcome to) {
  return std::string(gate::to_string(from)) + " -> " + std::string(gate::to_string(to));
}

void print_text(const Simulation& simulation, const RuleFiles& files) {
  for (const OtherOutcome& one : simulation.changed) {
    const gate::ActionRequest& request = one.action->request;
    print_line(arrow(*one.action->outcome, one.now.decision.outcome) + "  " +
               on_one_line(request.tool()) + " " + on_one_line(request.operation()) + "  " +
               on_one_line(one.action->id) + "  by " + decided_by(one.now, files) + ": " +
               on_one_line(one.now.decision.reason));
  }
  print_line(counted(simulation.actions, "action") + ", " +
             std::to_string(simulation.changed.size()) + " would be decided differently" +
             (simulation.kinds.empty() ? "" : ":"));
  for (const auto& [kind, count] : simulation.kinds) {
    print_line("  " + std::to_string(count) + "  " + arrow(kind.first, kind.second));
  }
  for (const std::string& one : simulation.left_out) print_line("left out: " + on_one_line(one));
  if (simulation.unknown > 0) {
    print_line(counted(simulation.unknown, "action") + " left out: no outcome is recorded");
  }
  print_line(
      "Params and context are compared as recorded, with the gate's outcome of then, which "
      "no human's verdict changes.");
  if (simulation.altered > 0) {
    print_line("Of " + counted(simulation.altered, "action") +
               " the record is not what the gate saw (request_hash differs); take its line with "
               "care.");
  }
}

// Nothing, a complaint and the exit code when they cannot be had.
std::optional<RecordedActions> read_actions(const Context& context, const SimulateOptions& options,
                                            int& code) {
  if (!options.actions.empty()) {
    auto actions = read_from_file(options.actions, options.limit);
    if (actions) return *std::move(actions);
    code = print_error(context, actions.error().message, exit_usage);
    return std::nullopt;
  }
  code = exit_usage;
  const auto config = options.remote->config->load(context);
  if (!config) return std::nullopt;
  const auto remote = find_remote(*options.remote, *config, context.environment);
  if (!remote) {
    print_error(context, remote.error().message);
    return std::nullopt;
  }
  code = exit_failure;
  try {
    auto actions = read_from_server(*remote, options.limit);
    if (actions) return *std::move(actions);
    print_error(context, actions.error().message);
  } catch (const faramesh::NotFoundError&) {
    print_error(context,
                remote->base_url +
                    " keeps no actions to ask for (GET /v1/actions gives 404); name a file "
                    "of them with --actions");
  } catch (const colonnade::Error& error) {
    print_error(context, explain(error, remote->base_url));
  }
  return std::nullopt;
}

int simulate(const Context& context, const SimulateOptions& options) {
  const auto engine = load_engine(options.files);
  if (!engine) return print_error(context, engine.error().message, exit_usage);
  int code = exit_ok;
  const auto actions = read_actions(context, options, code);
  if (!actions) return code;
  const Simulation simulation = simulate_all(*engine, *actions);
  if (options.json) return print_json(as_json(simulation));
  print_text(simulation, options.files);
  return exit_ok;
}

}  // namespace

void add_policy_simulate(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand(
      "simulate", "Decide recorded actions again with another policy and show the differences.");
  command.footer(
      "Examples:\n"
      "  colonnade policy simulate new-policy.yaml --limit 5000\n"
      "  colonnade policy simulate new-policy.yaml --actions actions.jsonl --json\n"
      "\n"
      "Nothing is run and nothing recorded. Params are compared as they were recorded.\n"
      "Exits with 0 whatever would change.");
  auto options = std::make_shared<SimulateOptions>();
  command.add_option("file", options->files.policy_path, "The policy file to try.").required();
  add_profile_option(command, options->files.profile_path);
  command
      .add_option("--actions", options->actions,
                  "Recorded actions: a JSON array, or one object a line. Default: the server's.")
      .type_name("FILE");
  command
      .add_option("--limit", options->limit,
                  "The number of actions: the first ones of a file, the newest of a server.")
      .between(1, limits::recorded_actions_max)
      .capture_default_str()
      .type_name("N");
  command.add_flag("--json", options->json, "One JSON object.");
  options->remote = add_remote_options(command);
  command.callback([options, &invocation] {
    invocation.run = [options](const Context& context) -> int {
      return simulate(context, *options);
    };
  });
}

}  // namespace colonnade::app
