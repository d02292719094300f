#include "dialects/tandem/summaries.hpp"

#include <stop_token>
#include <utility>

#include "base/json.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/sessions.hpp"
#include "dialects/tandem/wire.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::tandem {
namespace {

constexpr const char* wanted =
    "Summarize this conversation so far for somebody who takes it over: what was asked, what was "
    "done and decided, which files and names matter, and what is still open. Be brief.";

net::Response summary_response(std::string_view summary) {
  std::string body;
  base::JsonWriter(body).object().field("ok", true).field("summary", summary).end_object();
  return answer(std::move(body));
}

}  // namespace

base::Task<net::Reply> SummaryResource::summarize(core::Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&threads_, who, request);
  if (!thread) co_return session_error(thread.error());
  const auto view = co_await threads_.view(who, thread->id, 1);
  if (!view) co_return session_error(view.error());
  if (view->messages.empty()) co_return summary_response("");
  core::Fork whole;
  auto copy = co_await threads_.fork(who, thread->id, std::move(whole));
  if (!copy) co_return session_error(copy.error());
  auto summary = co_await summary_in(who, copy->id, std::move(request));
  const auto erased = co_await erasure_.erase_thread(std::move(who), copy->id);
  if (!summary) co_return error_response(summary.error());
  if (!erased) co_return error_response(erased.error());
  co_return summary_response(*summary);
}

base::Task<base::Result<std::string>> SummaryResource::summary_in(core::Principal who,
                                                                  std::string copy_id,
                                                                  RequestPtr request) {
  core::NewMessage message{.thread_id = std::move(copy_id),
                           .parts = {core::TextPart{.text = wanted}}};
  message.options.tool_use = core::ToolUse::none;
  message.options.trace = trace_parent_of(*request);
  const auto run = co_await runs_.start(who, std::move(message), *request->lane);
  if (!run) co_return base::fail(run.error());
  const auto finished = co_await runs_.wait(std::move(who), run->id, request->disconnected);
  if (!finished) co_return base::fail(finished.error());
  if (finished->run.state != core::RunState::succeeded || !finished->reply) {
    co_return base::fail(base::ErrorKind::upstream,
                         "no summary could be made: " + finished->run.error);
  }
  co_return core::visible_text(finished->reply->parts);
}

std::vector<net::Route> summary_routes(const Callers& in, SummaryResource& summaries) {
  return also_below_api(
      {row(net::Method::post, "/session/{id}/summarize",
           in.once(summaries, &SummaryResource::summarize), /*long_running=*/true)});
}

}  // namespace colonnade::dialects::tandem
