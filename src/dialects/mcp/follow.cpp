#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::int64_t cursor_max = INT64_C(1) << 53;  // what JSON carries in every language

// Appends the texts of the deltas that follow directly; returns how many there are.
template <class Delta>
std::size_t join_deltas(std::span<const core::EventPtr> events, core::Event& joined) {
  auto* first = std::get_if<Delta>(&joined.body);
  if (first == nullptr) return 0;
  std::size_t count = 0;
  while (count < events.size()) {
    const auto* next = std::get_if<Delta>(&events[count]->body);
    if (next == nullptr) break;
    first->text += next->text;
    joined.cursor = events[count]->cursor;
    ++count;
  }
  return count;
}

// One row for all words that came in a row.
std::vector<std::string> rows_of(std::span<const core::EventPtr> events) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    core::Event event = *events[i];
    const auto rest = events.subspan(i + 1);
    i += join_deltas<core::TextDelta>(rest, event) + join_deltas<core::ReasoningDelta>(rest, event);
    std::string row = encode_event(event);
    if (!row.empty()) out.push_back(std::move(row));
  }
  return out;
}

// Until something happened and a moment is over, so that one answer holds more than a word.
base::Task<void> until_news(std::shared_ptr<RunWatch> watch, std::stop_token stop) {
  const auto over = [&] {
    return watch->full() || watch->finished() || watch->timed_out() || stop.stop_requested() ||
           (watch->end() != nullptr && watch->has_caught_up());
  };
  while (!over() && watch->events().empty()) co_await watch->changed(stop);
  if (!over()) co_await base::sleep_for(limits::mcp_follow_gather_time, stop);
}

}  // namespace

base::Task<Attempted> RunTools::follow(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string run_id = arguments.text("run_id");
  const std::int64_t after = arguments.whole("after", {.least = 0, .most = cursor_max}, 0);
  const seconds time(arguments.whole(
      "wait_seconds",
      {.least = 0, .most = duration_cast<seconds>(limits::mcp_follow_time_max).count()},
      duration_cast<seconds>(limits::mcp_follow_time_default).count()));
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto view = co_await deps_.runs.read(call.who, run_id);
  if (!view) co_return failed(view.error(), "start_run and ask_agent tell the id of a run");
  const std::string thread_id = view->run.thread_id;
  const auto watch = RunWatch::open(deps_.subscriptions, *call.lane, call.who.scope, thread_id,
                                    {.run_id = run_id, .after = after, .keep_events = true});
  watch->expect(deps_.runs, call.who, run_id);
  co_await RunWatch::wake_after(watch, time);
  co_await until_news(watch, call.ticket->stop_token());
  EventPage page{.run_id = run_id, .thread_id = thread_id, .cursor = watch->cursor()};
  page.events = rows_of(watch->events());
  const bool seen_all = !watch->full() && watch->has_caught_up();
  const bool finished = watch->finished();
  watch->close();
  view = co_await deps_.runs.read(call.who, run_id);
  if (!view) co_return failed(view.error());
  const RunReport report = co_await report_of(call.who, std::move(view->run));
  page.state = state_of(report);
  page.done = finished || (core::is_terminal(report.run.state) && seen_all);
  co_return answered(encode_events(page));
}

}  // namespace colonnade::dialects::mcp
