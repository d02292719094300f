// colonnade approvals list | show | approve | deny | watch | rules
#include <cstdio>
#include <set>
#include <string>

#include "app/approver.hpp"
#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"

namespace colonnade::app {
namespace {

struct ApprovalOptions {
  std::string id{};
  std::string reason{};
  std::string params{};
  std::string answer{};
  std::string remember{"once"};
  std::string pattern{};
  bool json = false;
};
using Work = int (*)(const Context&, const Approver&, const ApprovalOptions&);

std::string text_of(const Json& object, std::string_view member) {
  const Json* value = object.find(member);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

void write_action(base::JsonWriter& json, const faramesh::Action& action) {
  json.object().field("id", action.id).field("status", action.status_text);
  json.field("agent_id", action.agent_id).field("tool", action.tool);
  json.field("operation", action.operation).key("params").raw(action.params.dump());
  json.key("context").raw(action.context.dump());
  json.field("reason", action.reason).field("reason_code", action.reason_code);
  json.field("risk_level", action.risk_level);
  json.field("created_at", faramesh::to_string(action.created_at)).end_object();
}

std::string as_json(const faramesh::Action& action) {
  std::string out;
  base::JsonWriter json(out);
  write_action(json, action);
  return out;
}

int list(const Context& context, const Approver& approver, const ApprovalOptions& options) {
  const auto pending = approver.pending();
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("approvals").array();
    for (const faramesh::Action& action : pending) write_action(json, action);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const faramesh::Action& action : pending) {
    std::fputs(describe(context.terminal, action).c_str(), stdout);
  }
  if (pending.empty() && context.terminal.output_is_terminal()) {
    print_now("Nothing waits for an answer.");
  }
  return exit_ok;
}

int show(const Context& context, const Approver& approver, const ApprovalOptions& options) {
  const faramesh::Action action = approver.client().get_action(options.id);
  if (options.json) return print_json(as_json(action));
  std::fputs(describe(context.terminal, action).c_str(), stdout);
  print_now("  state " + printable_line(action.status_text) + "; policy " +
            printable_line(action.policy_version.value_or("none")) + "; request " +
            printable_line(action.request_hash.substr(0, 12)));
  const std::string thread = text_of(action.context, "thread_id");
  if (!thread.empty()) print_now("  in thread " + printable_line(thread));
  return exit_ok;
}

int answered(const faramesh::Action& action, bool as_json_text) {
  if (as_json_text) return print_json(as_json(action));
  print_now(printable_line(action.status_text) + ": " + printable_line(action.reason));
  return exit_ok;
}

int approve(const Context& context, const Approver& approver, const ApprovalOptions& options) {
  faramesh::Approval verdict;
  verdict.reason = options.reason;
  verdict.pattern = options.pattern;
  if (options.remember == "thread") verdict.remember = faramesh::Remember::thread;
  if (options.remember == "always") verdict.remember = faramesh::Remember::always;
  if (options.remember == "everywhere") verdict.remember = faramesh::Remember::everywhere;
  if (!options.params.empty()) {
    auto params = Json::try_parse(options.params);
    if (!params || !params->is_object()) {
      return print_error(context, "--params: give a JSON object, such as {\"command\":\"ls\"}",
                         exit_usage);
    }
    verdict.params = *std::move(params);
  }
  if (!options.answer.empty()) {
    verdict.params = answered_params(approver.client().get_action(options.id), options.answer);
  }
  if (verdict.remember != faramesh::Remember::once) {
    const auto sentence = describe_remembered(approver.client().get_action(options.id), verdict);
    std::fputs((sentence + "\n").c_str(), stderr);
  }
  return answered(approver.client().approve_action(options.id, verdict), options.json);
}

int deny(const Context&, const Approver& approver, const ApprovalOptions& options) {
  faramesh::Approval verdict;
  verdict.reason = options.reason;
  return answered(approver.client().deny_action(options.id, verdict), options.json);
}

// Asks about what is open, then about each new question as it comes. Without a terminal it prints
// them, for whoever answers in another way.
int watch(const Context& context, const Approver& approver, const ApprovalOptions& options) {
  const bool people = context.terminal.input_is_terminal() && !options.json;
  std::set<std::string> seen;
  const auto look = [&] {
    for (const faramesh::Action& listed : approver.pending()) {
      if (!seen.insert(listed.id).second) continue;
      if (!people) {
        print_json(as_json(listed));
        std::fflush(stdout);
      } else if (!approver.ask(approver.client().get_action(listed.id))) {
        print_now("It stays open.");
      }
    }
  };
  // Opened first, so that nothing comes between the look and the stream.
  auto stream = approver.client().stream_events();
  look();
  if (people) print_now("Waiting for questions; Ctrl-C leaves.");
  while (const auto event = stream.next()) {
    if (event->status == faramesh::Status::pending_approval) look();
  }
  return print_error(context, "the server ended the stream");
}

int rules(const Context& context, const Approver& approver, const ApprovalOptions& options) {
  const Json answer = approver.client().request("GET", "/v1/permissions");
  if (options.json) return print_json(answer.dump());
  const auto& all = answer["permissions"].as_array();
  for (const Json& rule : all) {
    const std::string thread = text_of(rule, "thread_id");
    const std::string agent = text_of(rule, "agent_id");
    print_now(printable_line(text_of(rule, "id")) + "  " + printable_line(text_of(rule, "tool")) +
              "  " + (agent.empty() ? "every agent" : "agent " + printable_line(agent)) + "  " +
              (thread.empty() ? "everywhere" : "in thread " + printable_line(thread)) + "  " +
              printable_line(text_of(rule, "pattern")));
  }
  if (all.empty() && context.terminal.output_is_terminal()) {
    print_now("No answers are remembered.");
  }
  return exit_ok;
}

int revoke(const Context&, const Approver& approver, const ApprovalOptions& options) {
  approver.client().request("DELETE", "/v1/permissions/" + options.id);
  print_now("Revoked: such calls are asked about again.");
  return exit_ok;
}

void run_as(Command command, Work work, const std::shared_ptr<ApprovalOptions>& options,
            Invocation& invocation) {
  auto remote = add_remote_options(command);
  command.callback([work, options, remote, &invocation] {
    invocation.run = [work, options, remote](const Context& context) -> int {
      return with_client_at(
          context, *remote, [&](const fathom::Client&, const Remote& place) -> int {
            return work(context, Approver(context, governance_client(place)), *options);
          });
    };
  });
}

Command add(Command parent, const char* name, const char* help, const char* footer,
            const std::shared_ptr<ApprovalOptions>& options) {
  Command command = parent.add_subcommand(name, help);
  command.footer(footer);
  command.add_flag("--json", options->json, "JSON instead of text.");
  return command;
}

}  // namespace

void add_approvals(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("approvals", "Approve or deny tool calls that wait for a human.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade approvals list\n"
      "  colonnade approvals approve ID --reason 'looked at it'\n"
      "  colonnade approvals deny ID --reason 'not on a Friday'\n"
      "  colonnade approvals watch                  ask for each as it arrives");
  auto options = std::make_shared<ApprovalOptions>();
  run_as(add(command, "list", "List what waits for an answer, oldest first.",
             "Example:\n  colonnade approvals list --json", options),
         list, options, invocation);
  Command show_command = add(command, "show", "Show one action, with its arguments and decision.",
                             "Example:\n  colonnade approvals show ID", options);
  show_command.add_option("id", options->id, "The action.").required();
  run_as(show_command, show, options, invocation);

  Command approve_command =
      add(command, "approve", "Approve an action: the waiting run continues.",
          "Examples:\n"
          "  colonnade approvals approve ID\n"
          "  colonnade approvals approve ID --params '{\"command\":\"ls -l\"}'   run this instead\n"
          "  colonnade approvals approve ID --answer 'the blue one'            for a question\n"
          "  colonnade approvals approve ID --remember thread --pattern '*'    do not ask again",
          options);
  approve_command.add_option("id", options->id, "The action.").required();
  approve_command.add_option("--reason", options->reason, "The reason, stored with the decision.");
  Option params = approve_command.add_option(
      "--params", options->params,
      "Arguments to run with instead; the policy decides on them again.");
  approve_command.add_option("--answer", options->answer, "The answer to a tool's question.")
      .excludes(params);
  approve_command
      .add_option("--remember", options->remember,
                  "Remember the answer: once; thread, for this agent in this thread; always, "
                  "for this agent; everywhere, for every agent.")
      .one_of({"once", "thread", "always", "everywhere"});
  approve_command.add_option("--pattern", options->pattern,
                             "Pattern of the arguments to remember, as JSON text: * any number of "
                             "characters, ? one. Default: exactly these.");
  run_as(approve_command, approve, options, invocation);

  Command deny_command = add(command, "deny", "Deny an action: the agent gets the reason.",
                             "Example:\n  colonnade approvals deny ID --reason no", options);
  deny_command.add_option("id", options->id, "The action.").required();
  deny_command.add_option("--reason", options->reason, "The reason that the agent gets.");
  run_as(deny_command, deny, options, invocation);

  run_as(add(command, "watch", "Ask for each approval as it arrives.",
             "Examples:\n"
             "  colonnade approvals watch\n"
             "  colonnade approvals watch --json     print one line for each, ask nothing",
             options),
         watch, options, invocation);

  Command rules_command = command.add_subcommand("rules", "List and revoke remembered answers.");
  rules_command.require_subcommand(1);
  run_as(add(rules_command, "list", "List what is allowed without asking again.",
             "Example:\n  colonnade approvals rules list", options),
         rules, options, invocation);
  Command revoke_command =
      add(rules_command, "revoke", "Revoke a remembered answer: ask again from now on.",
          "Example:\n  colonnade approvals rules revoke ID", options);
  revoke_command.add_option("id", options->id, "The remembered answer.").required();
  run_as(revoke_command, revoke, options, invocation);
}

}  // namespace colonnade::app
