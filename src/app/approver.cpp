#include "app/approver.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "app/files.hpp"

namespace colonnade::app {
namespace {

constexpr std::string_view question_tool = "question";

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string text_of(const Json& object, std::string_view member) {
  const Json* value = object.find(member);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace

faramesh::Client governance_client(const Remote& remote) {
  faramesh::Options options;
  options.base_url = remote.base_url;
  options.token = remote.token;
  options.http.ca_file = remote.ca_file;
  options.http.user_agent = "colonnade-cli";
  return faramesh::Client(options);
}

bool is_question(const faramesh::Action& action) { return action.tool == question_tool; }

std::string describe(const Terminal& terminal, const faramesh::Action& action) {
  std::string out = terminal.out(Colour::bold, "Agent " + printable_line(action.agent_id) +
                                                   " asks to use " + printable_line(action.tool));
  if (action.operation != "call") out += " (" + printable_line(action.operation) + ")";
  out += "\n  " + printable_line(action.params.dump()) + "\n";
  out += terminal.out(Colour::dim, "  " + printable_line(action.reason) + "; risk " +
                                       printable_line(action.risk_level) + "; id " +
                                       printable_line(action.id));
  return out + "\n";
}

std::string describe_remembered(const faramesh::Action& action, const faramesh::Approval& verdict) {
  if (verdict.remember == faramesh::Remember::once) return "Nothing will be remembered.";
  const bool everywhere = verdict.remember == faramesh::Remember::everywhere;
  const std::string thread = text_of(action.context, "thread_id");
  std::string out = "Will not be asked about again: " + printable_line(action.tool);
  if (action.operation != "call") out += " (" + printable_line(action.operation) + ")";
  out += everywhere ? " by every agent" : " by agent " + printable_line(action.agent_id);
  out += verdict.remember != faramesh::Remember::thread ? " in every thread"
         : thread.empty()                               ? " in this thread"
                                                        : " in thread " + printable_line(thread);
  if (verdict.pattern.empty()) {
    const Json& params = verdict.params.is_null() ? action.params : verdict.params;
    return out + ", with exactly " + printable_line(params.dump());
  }
  out += ", with arguments like " + printable_line(verdict.pattern);
  const bool is_command =
      action.params.find("command") != nullptr || action.params.find("cmd") != nullptr;
  if (is_command && verdict.pattern != "*") {
    out += " (each of several commands; never with $, redirections or &)";
  }
  return out;
}

Json answered_params(const faramesh::Action& action, std::string_view answer) {
  Json out = action.params;
  out.set("answer", Json(std::string(answer)));
  return out;
}

std::vector<faramesh::Action> Approver::pending(std::string_view thread_id) const {
  faramesh::ListActions filter;
  filter.limit = 100;
  filter.status = "pending_approval";
  std::vector<faramesh::Action> out = client_.list_actions(filter);
  if (!thread_id.empty()) {
    std::erase_if(out, [&](const faramesh::Action& action) {
      return text_of(action.context, "thread_id") != thread_id;
    });
  }
  std::ranges::reverse(out);
  return out;
}

std::optional<std::string> Approver::read_line(const std::string& prompt) const {
  put(prompt);
  std::string line;
  if (!std::getline(std::cin, line)) {
    put("\n");
    return std::nullopt;
  }
  return trimmed(line);
}

bool Approver::settle(const faramesh::Action& action, bool approve,
                      faramesh::Approval verdict) const {
  try {
    if (approve) {
      client_.approve_action(action.id, verdict);
    } else {
      client_.deny_action(action.id, verdict);
    }
  } catch (const faramesh::ValidationError& error) {
    print_error(context_, error.what());
    return ask(action);
  } catch (const faramesh::Error& error) {
    if (error.code() != "invalid_state") throw;
    put("It was answered elsewhere meanwhile.\n");
  }
  return true;
}

bool Approver::ask(const faramesh::Action& action) const {
  return is_question(action) ? ask_user(action) : ask_permission(action);
}

bool Approver::ask_user(const faramesh::Action& action) const {
  put(context_.terminal.out(Colour::bold, printable(text_of(action.params, "question"))) + "\n");
  std::vector<std::string> options;
  if (const Json* listed = action.params.find("options"); listed != nullptr && listed->is_array()) {
    for (const Json& option : listed->as_array()) {
      if (option.is_string()) options.emplace_back(option.as_string());
    }
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    put("  " + std::to_string(i + 1) + ") " + printable_line(options[i]) + "\n");
  }
  auto answer = read_line(options.empty() ? "Your answer: " : "Your answer, or its number: ");
  if (!answer) return false;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (*answer == std::to_string(i + 1)) *answer = options[i];
  }
  faramesh::Approval verdict;
  verdict.params = answered_params(action, *answer);
  return settle(action, true, verdict);
}

bool Approver::ask_permission(const faramesh::Action& action) const {
  put(describe(context_.terminal, action));
  for (;;) {
    const auto line = read_line(context_.terminal.out(
        Colour::yellow,
        "Allow? y yes, n no, t always in this thread, a always, w everywhere, "
        "e edit, l later: "));
    if (!line) return false;
    faramesh::Approval verdict;
    if (*line == "y" || *line == "yes") return settle(action, true, verdict);
    if (*line == "n" || *line == "no") {
      const auto reason = read_line("Why (the agent is told; may be empty): ");
      verdict.reason = reason.value_or("");
      return settle(action, false, verdict);
    }
    if (*line == "t" || *line == "a" || *line == "w") {
      verdict.remember = *line == "t"   ? faramesh::Remember::thread
                         : *line == "a" ? faramesh::Remember::always
                                        : faramesh::Remember::everywhere;
      const auto pattern =
          read_line("For which arguments (a pattern such as *; empty: exactly these): ");
      verdict.pattern = pattern.value_or("");
      put(describe_remembered(action, verdict) + "\n");
      const auto sure = read_line("Allow and remember this? y yes, n no: ");
      if (!sure) return false;
      if (*sure == "y" || *sure == "yes") return settle(action, true, verdict);
    }
    if (*line == "e") return edit(action);
    if (*line == "l") return false;
  }
}

bool Approver::edit(const faramesh::Action& action) const {
  const auto text = read_line("The arguments to run with, as JSON (empty: as they are): ");
  if (!text) return false;
  faramesh::Approval verdict;
  if (!text->empty()) {
    try {
      verdict.params = Json::parse(*text);
    } catch (const colonnade::Error& error) {
      print_error(context_, error.what());
      return edit(action);
    }
  }
  return settle(action, true, verdict);
}

}  // namespace colonnade::app
