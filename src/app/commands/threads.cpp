// colonnade threads list | show | rename | remove | restore | search
#include <cstdio>
#include <string>

#include "app/command_line.hpp"
#include "app/json_output.hpp"
#include "app/remote.hpp"
#include "app/terminal.hpp"

namespace colonnade::app {
namespace {

struct ThreadsOptions {
  std::string id{};
  std::string text{};
  bool json = false;
};
using Work = int (*)(const Context&, const fathom::Client&, const ThreadsOptions&);

// "2026-05-24 05:33", which is as much as a list needs.
std::string minutes(fathom::Timestamp time) {
  std::string text = fathom::to_string(time).substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

int list(const Context& context, const fathom::Client& client, const ThreadsOptions& options) {
  const auto threads = client.threads.list();
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("threads").array();
    for (const fathom::Thread& thread : threads) write_thread(json, thread);
    json.end_array().end_object();
    return print_json(out);
  }
  for (const fathom::Thread& thread : threads) {
    const std::string title = thread.title.empty() ? "(no title)" : printable_line(thread.title);
    print_line(printable_line(thread.id) + "  " +
               context.terminal.out(Colour::dim, minutes(thread.updated_at)) + "  " + title);
  }
  if (threads.empty() && context.terminal.output_is_terminal()) {
    print_line("No threads yet. `colonnade chat` begins one.");
  }
  return exit_ok;
}

int show(const Context& context, const fathom::Client& client, const ThreadsOptions& options) {
  const fathom::ThreadDetail detail = client.threads.get(options.id);
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("thread");
    write_thread(json, detail.thread);
    json.field("running", detail.running).key("messages").array();
    for (const fathom::Message& message : detail.messages) write_message(json, message);
    json.end_array().end_object();
    return print_json(out);
  }
  const std::string title = detail.thread.title.empty() ? "(no title)" : detail.thread.title;
  print_line(context.terminal.out(Colour::bold, printable_line(title)));
  if (detail.thread.deleted_at) print_line("removed " + minutes(*detail.thread.deleted_at));
  for (const fathom::Message& message : detail.messages) {
    print_line("");
    print_line(context.terminal.out(
        Colour::dim, printable_line(message.role) + ", " + minutes(message.created_at)));
    print_line(printable(message.content));
  }
  if (detail.running) print_line("\n(the agent is working)");
  return exit_ok;
}

int rename(const Context&, const fathom::Client& client, const ThreadsOptions& options) {
  const std::string title = client.threads.rename(options.id, options.text);
  if (options.json) {
    std::string out;
    base::JsonWriter(out).object().field("id", options.id).field("title", title).end_object();
    return print_json(out);
  }
  print_line(printable_line(title));
  return exit_ok;
}

int remove(const Context&, const fathom::Client& client, const ThreadsOptions& options) {
  client.threads.remove(options.id);
  if (!options.json)
    print_line("Removed. `colonnade threads restore " + options.id + "` brings it back.");
  return exit_ok;
}

int restore(const Context&, const fathom::Client& client, const ThreadsOptions& options) {
  client.threads.restore(options.id);
  if (!options.json) print_line("Restored.");
  return exit_ok;
}

// Matches come between <mark> and </mark>; on a terminal they are bold instead.
std::string marked(const Terminal& terminal, std::string text) {
  constexpr std::string_view open = "<mark>";
  constexpr std::string_view close = "</mark>";
  std::string out;
  text = printable_line(text);
  std::string_view rest = text;
  for (;;) {
    const std::size_t begin = rest.find(open);
    const std::size_t end = begin == std::string_view::npos ? begin : rest.find(close, begin);
    if (end == std::string_view::npos) return out + std::string(rest);
    out += rest.substr(0, begin);
    const std::size_t word = begin + open.size();
    out += terminal.out(Colour::bold, rest.substr(word, end - word));
    rest.remove_prefix(end + close.size());
  }
}

int search(const Context& context, const fathom::Client& client, const ThreadsOptions& options) {
  const auto hits = client.threads.search({.query = options.text});
  if (options.json) {
    std::string out;
    base::JsonWriter json(out);
    json.object().key("hits").array();
    for (const fathom::SearchHit& hit : hits) {
      json.object().field("thread_id", hit.thread_id).field("thread_title", hit.thread_title);
      json.field("message_id", hit.message_id).field("role", hit.role);
      json.field("snippet", hit.snippet).end_object();
    }
    json.end_array().end_object();
    return print_json(out);
  }
  for (const fathom::SearchHit& hit : hits) {
    print_line(printable_line(hit.thread_id) + "  " + printable_line(hit.thread_title));
    print_line("  " + printable_line(hit.role) + ": " + marked(context.terminal, hit.snippet));
  }
  return hits.empty() ? exit_failure : exit_ok;
}

struct Row {
  const char* name;
  const char* help;
  const char* example;
  bool takes_id;
  const char* text_name;  // nullptr: takes none
  const char* text_help;
  Work work;
};

constexpr Row rows[] = {
    {"list", "List the 50 threads used last, newest first.",
     "  colonnade threads list --json | jq -r '.threads[].id'", false, nullptr, nullptr, list},
    {"show", "Show a thread and its last 50 messages.", "  colonnade threads show ID", true,
     nullptr, nullptr, show},
    {"rename", "Rename a thread.", "  colonnade threads rename ID \"Travel plans\"", true, "title",
     "The new title.", rename},
    {"remove", "Remove a thread from the list; its messages are kept.",
     "  colonnade threads remove ID", true, nullptr, nullptr, remove},
    {"restore", "Restore a removed thread.", "  colonnade threads restore ID", true, nullptr,
     nullptr, restore},
    {"search", "Search messages; exits with 1 when none match.",
     "  colonnade threads search \"night train\"", false, "query", "Words to look for.", search},
};

void add_row(Command parent, Invocation& invocation, const Row& row) {
  Command command = parent.add_subcommand(row.name, row.help);
  command.footer(std::string("Example:\n") + row.example);
  auto options = std::make_shared<ThreadsOptions>();
  if (row.takes_id) command.add_option("id", options->id, "The thread.").required();
  if (row.text_name != nullptr) {
    command.add_option(row.text_name, options->text, row.text_help).required();
  }
  command.add_flag("--json", options->json, "One JSON object.");
  auto remote = add_remote_options(command);
  command.callback([options, remote, work = row.work, &invocation] {
    invocation.run = [options, remote, work](const Context& context) -> int {
      return with_client(context, *remote, [&](const fathom::Client& client) {
        return work(context, client, *options);
      });
    };
  });
}

}  // namespace

void add_threads(Command parent, Invocation& invocation) {
  Command command =
      parent.add_subcommand("threads", "List, show, rename, remove and search threads.");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  colonnade threads list\n"
      "  colonnade threads show ID\n"
      "  colonnade threads search \"night train\"");
  for (const Row& row : rows) add_row(command, invocation, row);
}

}  // namespace colonnade::app
