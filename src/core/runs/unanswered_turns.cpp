#include "core/runs/unanswered_turns.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/context/context_text.hpp"
#include "core/runs/limits.hpp"
#include "core/runs/run_steps.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

namespace {

constexpr std::string_view failed_note =
    "[This turn failed before it was answered. What its tool calls did stands.]";
constexpr std::string_view cancelled_note =
    "[This turn was cancelled before it was answered. What its tool calls did stands.]";
constexpr std::string_view unknown_note = "[This turn ended without an answer.]";

bool has_answer(const std::vector<Message>& history, std::size_t at) {
  return at + 1 < history.size() && history[at + 1].role != Role::user;
}

void add_result(std::vector<Part>& parts, ToolResultPart result) {
  result.content = shortened_result(result.content, limits::unanswered_result_bytes_max);
  parts.emplace_back(std::move(result));
}

// The results that were not made a step any more, from the calls' own rows. Providers reuse call
// ids between rounds; the last row of that id is the last round's.
void add_results_of_rows(std::vector<Part>& parts, const RunStep& step,
                         const std::vector<ToolCall>& rows) {
  for (const Part& part : step.parts) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    if (call == nullptr) continue;
    const auto row = std::find_if(rows.rbegin(), rows.rend(), [call](const ToolCall& one) {
      return one.call_id == call->call_id;
    });
    if (row == rows.rend()) continue;
    ToolResultPart result = result_of(*row);
    result.tool = call->tool;  // a tool that is called by name has another one
    add_result(parts, std::move(result));
  }
}

Message noted(const Message& user_message, std::vector<Part> parts, std::string_view note) {
  parts.emplace_back(TextPart{std::string(note)});
  return Message{.id = user_message.id,
                 .thread_id = user_message.thread_id,
                 .run_id = user_message.run_id,
                 .role = Role::assistant,
                 .parts = std::move(parts),
                 .created_at = user_message.created_at,
                 .reply_to = user_message.reply_to};
}

// nullopt: the run is not over, or not there.
Task<Result<std::optional<Message>>> read_turn(RunStore* runs, Scope scope, Message user_message) {
  auto run = co_await runs->run(scope, user_message.run_id);
  if (!run) co_return fail(std::move(run.error()));
  if (!*run || !is_terminal((*run)->state)) co_return std::nullopt;
  auto steps = co_await runs->steps(scope, user_message.run_id);
  if (!steps) co_return fail(std::move(steps.error()));
  auto calls = co_await runs->tool_calls(scope, user_message.run_id);
  if (!calls) co_return fail(std::move(calls.error()));
  co_return unanswered_turn(user_message, **run, *steps, *calls);
}

}  // namespace

Message unanswered_turn(const Message& user_message, const Run& run,
                        const std::vector<RunStep>& steps, const std::vector<ToolCall>& calls) {
  std::vector<Part> parts;
  for (const RunStep& step : steps) {
    for (const Part& part : step.parts) {
      if (const auto* result = std::get_if<ToolResultPart>(&part)) {
        add_result(parts, *result);
      } else {
        parts.push_back(part);
      }
    }
  }
  if (!steps.empty() && !holds_results(steps.back())) {
    add_results_of_rows(parts, steps.back(), calls);
  }
  const std::string_view note = run.state == RunState::cancelled ? cancelled_note
                                : run.state == RunState::failed  ? failed_note
                                                                 : unknown_note;
  return noted(user_message, std::move(parts), note);
}

Task<Result<std::vector<Message>>> with_unanswered_turns(RunStore* runs, Scope scope,
                                                         std::vector<Message> history,
                                                         std::string open_run_id) {
  std::vector<std::size_t> unanswered;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Message& message = history[i];
    if (message.role != Role::user || message.run_id == open_run_id) continue;
    if (!has_answer(history, i)) unanswered.push_back(i);
  }
  if (unanswered.empty()) co_return history;
  // From the newest on, so that the places of the others stay.
  std::size_t read = 0;
  for (auto at = unanswered.rbegin(); at != unanswered.rend(); ++at) {
    Result<std::optional<Message>> turn = std::nullopt;
    if (read < limits::unanswered_turns_read_max && !history[*at].run_id.empty()) {
      turn = co_await read_turn(runs, scope, history[*at]);
      if (!turn) co_return fail(std::move(turn.error()));
      ++read;
    }
    Message told = *turn ? std::move(**turn) : noted(history[*at], {}, unknown_note);
    history.insert(history.begin() + static_cast<std::ptrdiff_t>(*at) + 1, std::move(told));
  }
  co_return history;
}

}  // namespace colonnade::core
