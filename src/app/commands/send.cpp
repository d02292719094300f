// colonnade send
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "app/command_line.hpp"
#include "app/conversation.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"

namespace colonnade::app {
namespace {

struct SendOptions {
  std::string text{};
  std::string thread{};
  bool fresh = false;
  bool stream = false;
  bool json = false;
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
                               const SendOptions& options, std::string& shown) {
  Conversation conversation(client, thread_id);
  const auto show = [&](std::string_view delta) {
    if (delta.empty()) return;
    shown += delta;
    std::string line(delta);
    if (options.json) {
      line.clear();
      base::JsonWriter(line).object().field("delta", delta).end_object();
      line += "\n";
    } else {
      line = printable(line);
    }
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  };
  return conversation.ask(options.text, show, std::stop_token{});
}

int send(const fathom::Client& client, const SendOptions& options) {
  const std::string thread_id =
      options.thread.empty() ? client.threads.create().id : options.thread;
  std::string shown;
  const fathom::Exchange exchange = options.stream
                                        ? ask_streaming(client, thread_id, options, shown)
                                        : client.threads.send(thread_id, options.text);
  if (options.json) {
    print_exchange(thread_id, exchange);
    return exit_ok;
  }
  const std::string& answer = exchange.agent_message.content;
  // Pieces that do not add up to the answer are followed by the answer, which counts.
  if (shown != answer) {
    if (!shown.empty()) std::fputs("\n", stdout);
    std::fputs(printable(answer).c_str(), stdout);
  }
  std::fputs("\n", stdout);
  return exit_ok;
}

}  // namespace

void add_send(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("send", "Send one message and print the answer.");
  command.footer(
      "Examples:\n"
      "  colonnade send \"What is 6 * 7?\"\n"
      "  git diff | colonnade send -                   the text from standard input\n"
      "  colonnade send --json hello | jq -r .thread_id\n"
      "  colonnade send --thread ID \"And in French?\"   go on in a thread");
  auto options = std::make_shared<SendOptions>();
  command.add_option("text", options->text, "The message; - reads standard input.").required();
  Option thread =
      command.add_option("--thread", options->thread, "The thread to continue.").type_name("ID");
  command.add_flag("--new", options->fresh, "Start a new thread, which is the default.")
      .excludes(thread);
  command.add_flag("--stream", options->stream, "Print the answer piece by piece.");
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
      return with_client(context, *remote,
                         [&](const fathom::Client& client) { return send(client, *options); });
    };
  });
}

}  // namespace colonnade::app
