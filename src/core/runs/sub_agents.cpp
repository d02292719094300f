#include "core/runs/sub_agents.hpp"

#include <utility>

#include "base/log.hpp"
#include "core/access/principal.hpp"
#include "core/runs/runs.hpp"
#include "core/spans/span.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;

namespace {

// What the sub-agent's run takes over from the one that hands on.
NewMessage first_message(const Run& from, const std::string& thread_id, HandedOn handed_on) {
  NewMessage out{.thread_id = thread_id, .parts = {TextPart{std::move(handed_on.task)}}};
  out.options.trace = {.trace_id = trace_id_of(from),
                       .span_id = handed_on.tool_call_id.empty()
                                      ? root_span_id(from.id)
                                      : tool_span_id(from.id, handed_on.tool_call_id)};
  out.settings.counts_tool_calls = from.settings.counts_tool_calls;
  out.settings.run_seconds_max = from.settings.run_seconds_max;
  out.settings.approval_seconds_max = from.settings.approval_seconds_max;
  out.options.as_sub_agent = true;
  out.options.handed_on_by = RunPlace{.thread_id = from.thread_id, .run_id = from.id};
  out.options.context = from.options.context;
  out.options.tools = from.options.tools;
  out.options.tools_left_out = from.options.tools_left_out;
  out.options.allowance = from.options.allowance;
  out.options.grant = from.options.grant;
  out.options.tool_seconds_max = from.options.tool_seconds_max;
  out.options.asks_nobody = from.options.asks_nobody;
  // What it spends is spent by whatever the other one works for.
  out.options.key_id = from.options.key_id;
  out.options.automation_id = from.options.automation_id;
  return out;
}

Result<std::string> answer_of(const FinishedRun& finished) {
  if (finished.run.state != RunState::succeeded) {
    return fail(ErrorKind::upstream, "the sub-agent gave no answer: " + finished.run.error);
  }
  return finished.reply ? visible_text(finished.reply->parts) : std::string();
}

}  // namespace

Task<Result<std::string>> SubAgents::work(HandedOn handed_on, base::Lane* lane,
                                          std::stop_token stop) {
  const Principal who(handed_on.scope, handed_on.user_id, UserRole::member);
  auto from = co_await deps_.runs().read(who, handed_on.run_id);
  if (!from) co_return fail(std::move(from.error()));
  const std::string& about = handed_on.title.empty() ? handed_on.task : handed_on.title;
  NewThread input{.title = tidy_title("Sub-agent: " + tidy_title(about)),
                  .agent_id = from->run.agent_id,
                  .version_id = from->run.version.id};
  auto thread = co_await deps_.threads.create_below(who, from->run.thread_id, std::move(input));
  if (!thread) co_return fail(std::move(thread.error()));
  const std::string thread_id = thread->id;
  auto answer = co_await run_in(who, std::move(*thread), std::move(handed_on), lane, stop);
  // It would stand among the user's own.
  const auto removed = co_await deps_.threads.remove(who, thread_id);
  if (!removed) {
    base::log::warn("sub_agent_thread_left",
                    {{"thread", thread_id}, {"error", removed.error().message}});
  }
  co_return answer;
}

Task<Result<std::string>> SubAgents::run_in(Principal who, Thread thread, HandedOn handed_on,
                                            base::Lane* lane, std::stop_token stop) {
  Runs& runs = deps_.runs();
  auto from = co_await runs.read(who, handed_on.run_id);
  if (!from) co_return fail(std::move(from.error()));
  auto run =
      co_await runs.start(who, first_message(from->run, thread.id, std::move(handed_on)), *lane);
  if (!run) co_return fail(std::move(run.error()));
  auto finished = co_await runs.wait(who, run->id, stop);
  if (finished) co_return answer_of(*finished);
  if (stop.stop_requested()) {
    // not_found: it has just ended by itself
    [[maybe_unused]] const auto asked = co_await runs.cancel(who, run->id);
    std::stop_token never;
    [[maybe_unused]] const auto ended = co_await runs.wait(who, run->id, std::move(never));
    co_return fail(ErrorKind::cancelled, "stopped");
  }
  co_return fail(std::move(finished.error()));
}

}  // namespace colonnade::core
