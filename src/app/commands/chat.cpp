// colonnade chat
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "app/approval_notices.hpp"
#include "app/approver.hpp"
#include "app/command_line.hpp"
#include "app/conversation.hpp"
#include "app/files.hpp"
#include "app/remote.hpp"
#include "app/signals.hpp"
#include "app/turn_signals.hpp"

namespace colonnade::app {
namespace {

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Ctrl-C: the first one during a turn cancels it, a second one, or one at the prompt, leaves.
class Interrupts {
 public:
  Interrupts() : watch_({SIGINT}, [this](int) { on_interrupt(); }) {}

  // A turn begins: what the next Ctrl-C stops.
  std::stop_token begin() {
    const std::lock_guard lock(mutex_);
    turn_.emplace();
    return turn_->get_token();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    turn_.reset();
  }

 private:
  void on_interrupt() {
    {
      const std::lock_guard lock(mutex_);
      if (turn_ && turn_->request_stop()) return;
    }
    // The main thread waits for a line or for a server that does not answer; nothing that it holds
    // needs to be put away.
    put("\n");
    ::_exit(exit_ok);
  }

  std::mutex mutex_;
  std::optional<std::stop_source> turn_;
  SignalWatch watch_;
};

// A mark that turns while the agent is silent; wiped before anything else is written.
class Spinner {
 public:
  void turn() {
    constexpr std::string_view marks = "|/-\\";
    put(std::string("\r") + marks[step_++ % marks.size()] + " ");
    shown_ = true;
  }
  void wipe() {
    if (shown_) put("\r  \r");
    shown_ = false;
  }

 private:
  std::size_t step_ = 0;
  bool shown_ = false;
};

class Chat {
 public:
  struct ChatTarget {
    std::string base_url{};   // for messages
    std::string thread_id{};  // "" for a new one
    std::string flags{};      // see Remote
  };
  // Who listens to signals: one of the two. `interrupts` on a terminal, `signals` without one.
  struct Listeners {
    Interrupts* interrupts = nullptr;
    TurnSignals* signals = nullptr;
  };
  Chat(const Context& context, const fathom::Client& client, Approver approver, Listeners listeners,
       ChatTarget place)
      : context_(context),
        client_(client),
        approver_(std::move(approver)),
        interrupts_(listeners.interrupts),
        signals_(listeners.signals),
        base_url_(std::move(place.base_url)),
        thread_id_(std::move(place.thread_id)),
        flags_(std::move(place.flags)) {}

  int run() {
    const bool people = interrupts_ != nullptr;
    if (people) put("Ctrl-C cancels an answer, Ctrl-D or /quit leaves, /help says more.\n");
    while (auto line = read_message(people)) {
      if (line->empty()) continue;
      if (!people) {
        if (const int failed = answer_only(*line); failed != exit_ok) return failed;
      } else if (line->starts_with("//")) {
        turn(line->substr(1));
      } else if (line->front() == '/') {
        if (!command(*line)) return exit_ok;
      } else {
        turn(*line);
      }
    }
    if (people) put("\n");
    return exit_ok;
  }

 private:
  // A line; from people, more of them after a backslash at the end. nullopt at the end of input.
  std::optional<std::string> read_message(bool people) {
    std::string out;
    std::string line;
    if (people) put(context_.terminal.out(Colour::green, "> "));
    while (std::getline(std::cin, line)) {
      out += line;
      if (!people || !out.ends_with('\\')) return trimmed(out);
      out.back() = '\n';
      put("  ");
    }
    return std::nullopt;
  }

  // A script's line: the answer and nothing else. What waits for a human is said on standard error.
  int answer_only(const std::string& text) {
    try {
      const fathom::Client stoppable = client_.with({.stop = signals_->begin()});
      if (thread_id_.empty()) thread_id_ = stoppable.threads.create().id;
      const ApprovalNotices notices(context_, approver_.client(),
                                    {.thread_id = thread_id_, .flags = flags_});
      const fathom::Exchange exchange = stoppable.threads.send(thread_id_, text);
      signals_->end();
      put(printable(exchange.agent_message.content) + "\n");
      return exit_ok;
    } catch (const colonnade::Error& error) {
      if (const int number = signals_->received(); number != 0) {
        return print_interrupted(context_, number);
      }
      return print_error(context_, explain(error, base_url_));
    }
  }

  // False to leave.
  bool command(const std::string& line) {
    const std::size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank);
    const std::string rest = blank == std::string::npos ? "" : trimmed(line.substr(blank));
    if (name == "/quit" || name == "/exit") return false;
    try {
      if (name == "/new") {
        leave_thread();
        thread_id_.clear();
        put("Your next message starts a new thread.\n");
      } else if (name == "/threads") {
        threads(rest);
      } else if (name == "/title") {
        title(rest);
      } else if (name == "/help") {
        put("/new            begin a new thread\n"
            "/threads        list threads; /threads ID continues that one\n"
            "/title TEXT     name this thread\n"
            "/quit           leave\n"
            "A \\ at the end of a line goes on in the next; // begins a message with a slash.\n");
      } else {
        put("There is no " + printable_line(name) + "; /help lists what there is.\n");
      }
    } catch (const colonnade::Error& error) {
      print_error(context_, explain(error, base_url_));
    }
    return true;
  }

  void threads(const std::string& id) {
    if (!id.empty()) {
      const fathom::ThreadDetail detail = client_.threads.get(id);
      leave_thread();
      thread_id_ = detail.thread.id;
      put("In \"" + printable_line(detail.thread.title) + "\" now.\n");
      return;
    }
    for (const fathom::Thread& thread : client_.threads.list()) {
      put((thread.id == thread_id_ ? "* " : "  ") + thread.id + "  " +
          printable_line(thread.title) + "\n");
    }
  }

  void title(const std::string& text) {
    if (thread_id_.empty()) {
      put("Your next message starts this thread; name it then.\n");
    } else {
      put(printable_line(client_.threads.rename(thread_id_, text)) + "\n");
    }
  }

  void turn(const std::string& text) {
    const std::stop_token stop = interrupts_->begin();
    Spinner spinner;
    std::string shown;
    try {
      if (thread_id_.empty()) thread_id_ = client_.threads.create().id;
      if (!conversation_) conversation_ = std::make_unique<Conversation>(client_, thread_id_);
      const auto on_delta = [&](std::string_view delta) {
        if (delta.empty()) {
          if (shown.empty()) spinner.turn();
          return answer_questions(spinner);
        }
        spinner.wipe();
        shown += delta;
        put(printable(delta));
      };
      const fathom::Exchange exchange = conversation_->ask(text, on_delta, stop);
      spinner.wipe();
      const std::string& answer = exchange.agent_message.content;
      // Pieces that do not add up to the answer are followed by the answer, which counts.
      if (shown != answer) put((shown.empty() ? "" : "\n") + printable(answer));
      put("\n");
    } catch (const fathom::CancelledError&) {
      spinner.wipe();
      put(context_.terminal.out(Colour::yellow, shown.empty() ? "(cancelled)" : "\n(cancelled)") +
          "\n");
    } catch (const colonnade::Error& error) {
      spinner.wipe();
      if (!shown.empty()) put("\n");
      print_error(context_, explain(error, base_url_));
      leave_thread();  // its stream may be gone; the next turn subscribes again
    }
    interrupts_->end();
  }

  // Called about ten times a second while the agent is silent; looks every second.
  void answer_questions(Spinner& spinner) {
    constexpr int ticks_between_looks = 10;
    if (++silent_ticks_ % ticks_between_looks != 0) return;
    for (const faramesh::Action& action : approver_.pending(thread_id_)) {
      if (!postponed_.insert(action.id).second) continue;
      spinner.wipe();
      put("\n");
      if (!approver_.ask(approver_.client().get_action(action.id))) {
        put("It stays open; `colonnade approvals` answers it.\n");
      }
    }
  }

  void leave_thread() { conversation_.reset(); }

  const Context& context_;
  const fathom::Client& client_;
  Approver approver_;
  Interrupts* interrupts_;
  TurnSignals* signals_;
  int silent_ticks_ = 0;
  std::set<std::string> postponed_{};  // questions that were shown already
  std::string base_url_;
  std::string thread_id_;  // "" until the first turn
  std::string flags_;
  std::unique_ptr<Conversation> conversation_{};
};

}  // namespace

void add_chat(Command parent, Invocation& invocation) {
  Command command = parent.add_subcommand("chat", "Chat with the agent.");
  command.footer(
      "Examples:\n"
      "  colonnade chat                              with the server on this machine\n"
      "  colonnade chat --thread ID                  continue a thread\n"
      "  colonnade chat --url https://host:8790 --token-file token\n"
      "  printf 'hello\\nand you?\\n' | colonnade chat   one answer for each line, nothing else\n"
      "\n"
      "Ctrl-C cancels the answer that is being written; a second one leaves. Commands within:\n"
      "/new /threads /title /quit /help.\n"
      "Without a terminal nobody is asked: when a tool call waits for a human, standard error "
      "says\n"
      "which and how to answer it. Ctrl-C and SIGTERM cancel the turn then; the exit code is 130 "
      "or\n"
      "143.");
  auto thread = std::make_shared<std::string>();
  command.add_option("--thread", *thread, "The thread to continue.").type_name("ID");
  auto remote = add_remote_options(command);
  command.callback([thread, remote, &invocation] {
    invocation.run = [thread, remote](const Context& context) -> int {
      // Before the client's threads, which inherit what is blocked.
      std::unique_ptr<Interrupts> interrupts;
      std::unique_ptr<TurnSignals> signals;
      if (context.terminal.input_is_terminal()) {
        interrupts = std::make_unique<Interrupts>();
      } else {
        signals = std::make_unique<TurnSignals>();
      }
      const auto work = [&](const fathom::Client& client, const Remote& place) {
        if (!thread->empty()) client.threads.get(*thread);  // a wrong id fails here, not later
        return Chat(context, client, Approver(context, governance_client(place)),
                    {interrupts.get(), signals.get()}, {place.base_url, *thread, place.flags})
            .run();
      };
      return with_client_at(context, *remote, work);
    };
  });
}

}  // namespace colonnade::app
