// colonnade send
#include <atomic>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <stop_token>
#include <string>
#include <utility>

#include "app/approval_notices.hpp"
#include "app/approver.hpp"
#include "app/command_line.hpp"
#include "app/conversation.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/turn_signals.hpp"
#include "base/visible_text.hpp"

namespace colonnade::app {
namespace {

struct SendOptions {
  std::string text{};
  std::string thread{};
  bool fresh = false;
  bool stream = false;
  bool no_wait = false;
  bool json = false;
};

// What became known while a message was on its way.
struct SentTurn {
  std::string thread_id{};
  std::string shown{};             // of the answer, with --stream
  std::atomic<bool> waits{false};  // it was stopped because a tool call waits
};

void print_exchange(const std::string& thread_id, const fathom::Exchange& exchange) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("thread_id", thread_id).key("user_message");
  write_message(json, exchange.user_message);
  json.key("agent_message");
  write_message(json, exchange.agent_message);
  json.end_object();
  print_json(out);
}

// The pieces as they come: bare, or one JSON object a line.
fathom::Exchange ask_streaming(const fathom::Client& client, const std::string& thread_id,
                               const SendOptions& options, std::stop_token stop,
                               std::string& shown) {
  Conversation conversation(client, thread_id);
  const auto show = [&](std::string_view delta) {
    if (delta.empty()) return;
    shown += delta;
    std::string line(delta);
    if (options.json) {
      line.clear();
      base::JsonWriter(line).object().field("delta", delta).end_object();
      line = base::escape_hidden_in_json(line) + "\n";
    } else {
      line = printable(line);
    }
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  };
  return conversation.ask(options.text, show, std::move(stop));
}

// The turn, during which it is said what waits for a human.
fathom::Exchange ask(const Context& context, const fathom::Client& client, const Remote& place,
                     const SendOptions& options, TurnSignals& signals, SentTurn& turn) {
  const std::stop_token stop = signals.begin();
  const fathom::Client stoppable = client.with({.stop = stop});
  turn.thread_id = options.thread.empty() ? stoppable.threads.create().id : options.thread;
  ApprovalNotices::Watched watched{.thread_id = turn.thread_id, .flags = place.flags};
  if (options.no_wait) {
    watched.on_question = [&turn, &signals] {
      turn.waits = true;
      signals.stop();
    };
  }
  const faramesh::Client gate = governance_client(place);
  const ApprovalNotices notices(context, gate, std::move(watched));
  if (options.stream) return ask_streaming(client, turn.thread_id, options, stop, turn.shown);
  return stoppable.threads.send(turn.thread_id, options.text);
}

int print_answer(const SendOptions& options, const SentTurn& turn,
                 const fathom::Exchange& exchange) {
  if (options.json) {
    print_exchange(turn.thread_id, exchange);
    return exit_ok;
  }
  const std::string& answer = exchange.agent_message.content;
  // Pieces that do not add up to the answer are followed by the answer, which counts.
  if (turn.shown != answer) {
    if (!turn.shown.empty()) std::fputs("\n", stdout);
    std::fputs(printable(answer).c_str(), stdout);
  }
  std::fputs("\n", stdout);
  return exit_ok;
}

int send(const Context& context, const fathom::Client& client, const Remote& place,
         const SendOptions& options, TurnSignals& signals) {
  SentTurn turn;
  try {
    return print_answer(options, turn, ask(context, client, place, options, signals, turn));
  } catch (const fathom::CancelledError&) {
    if (!turn.shown.empty()) std::fputs("\n", stdout);
    if (const int number = signals.received(); number != 0) {
      return print_interrupted(context, number);
    }
    if (!turn.waits) throw;
    return print_error(context,
                       "a tool call needs an approval, and --no-wait was given: the turn was "
                       "cancelled; leave that out to wait, or allow the call in a policy",
                       exit_waiting);
  }
}

}  // namespace

void add_send(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("send", "Send one message and print the answer.");
  command.footer(
      "Examples:\n"
      "  colonnade send \"What is 6 * 7?\"\n"
      "  git diff | colonnade send -                   the text from standard input\n"
      "  colonnade send --json hello | jq -r .thread_id\n"
      "  colonnade send --thread ID \"And in French?\"   go on in a thread\n"
      "\n"
      "When a tool call waits for a human, standard error says which and how to answer it. With\n"
      "--no-wait the turn is cancelled then, and the exit code is 3. Ctrl-C and SIGTERM cancel "
      "the\n"
      "turn too; the exit code is 130 or 143.");
  auto options = std::make_shared<SendOptions>();
  command.add_option("text", options->text, "The message; - reads standard input.").required();
  Option thread =
      command.add_option("--thread", options->thread, "The thread to continue.").type_name("ID");
  command.add_flag("--new", options->fresh, "Start a new thread, which is the default.")
      .excludes(thread);
  command.add_flag("--stream", options->stream, "Print the answer piece by piece.");
  command.add_flag("--no-wait", options->no_wait,
                   "Do not wait for an approval: cancel the turn and exit with 3.");
  command.add_flag("--json", options->json,
                   "The thread's id and both messages as one JSON object; with --stream, one "
                   "object a line before it for each piece.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, &invocation] {
    invocation.run = [options, remote](const Context& context) -> int {
      if (options->text == "-") {
        options->text.assign(std::istreambuf_iterator<char>(std::cin), {});
      }
      if (options->text.empty()) {
        return print_error(context, "there is nothing to send: the text is empty", exit_usage);
      }
      TurnSignals signals;  // before the client's threads, which inherit what is blocked
      return with_client_at(context, *remote,
                            [&](const fathom::Client& client, const Remote& place) {
                              return send(context, client, place, *options, signals);
                            });
    };
  });
}

}  // namespace colonnade::app
