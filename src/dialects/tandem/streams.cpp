#include "dialects/tandem/streams.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include "base/ids.hpp"
#include "base/task.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/flows_wire.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

// The number of the last event that the client has; 0 for none, also when it is no number of ours.
std::int64_t last_event_id(const net::Request& request) {
  const std::string_view text = request.header("Last-Event-ID");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::max<std::int64_t>(number, 0) : 0;
}

std::string id_parameter(const net::Request& request,
                         std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto value = request.query_parameter(name); value && !value->empty()) {
      return base::plain_form(*value);
    }
  }
  return {};
}

// Where the run's events begin: the newest run of a thread is found at once, of an older one
// everything of its thread is looked through.
base::Task<base::Result<core::RunOrigin>> origin_of(core::Runs* runs, core::Principal who,
                                                    std::string run_id) {
  auto detail = co_await runs->read(who, std::move(run_id));
  if (!detail) co_return base::fail(std::move(detail.error()));
  core::RunOrigin out{.run = std::move(detail->run)};
  const auto newest = co_await runs->newest_in(std::move(who), out.run.thread_id);
  if (!newest) co_return base::fail(newest.error());
  if (*newest && (*newest)->run.id == out.run.id) out.events_after = (*newest)->events_after;
  co_return out;
}

// Everything since a cursor up to now, of one run; the newest of it.
class RunReplay final : public core::Subscriber {
 public:
  RunReplay(std::string run_id, std::int64_t since, std::size_t rows)
      : run_id_(std::move(run_id)), since_(since), rows_(rows) {}

  void deliver(const core::EventPtr& event) override {
    if (event->run_id != run_id_) return;
    std::size_t index = 0;
    for (EventText& each : run_events_.of(*event)) {
      const std::int64_t number = event_number(event->cursor, index++);
      if (number <= since_) continue;
      // The members of the object, with its number.
      each.json.insert(1, "\"seq\":" + std::to_string(number) + ",");
      events_.push_back(std::move(each.json));
      if (events_.size() > rows_) events_.pop_front();
    }
  }
  void caught_up() override { done_.complete(true); }
  void cut_off() override { done_.complete(false); }

  base::Task<bool> done() { return done_.wait(); }
  std::string text() const {
    std::string out = "[";
    for (const std::string& each : events_) {
      if (out.size() > 1) out.push_back(',');
      out.append(each);
    }
    out.push_back(']');
    return out;
  }

 private:
  std::string run_id_;
  std::int64_t since_;
  std::size_t rows_;
  RunEvents run_events_;
  std::deque<std::string> events_;
  base::Completion<bool> done_;
};

}  // namespace

net::Reply StreamResource::stream(core::Principal who, Follow follow) {
  net::StreamReply reply{.headers = {{"Cache-Control", "no-cache"}}, .keepalive = ""};
  reply.on_open = [deps = deps_, who = std::move(who),
                   follow = std::move(follow)](std::shared_ptr<net::StreamWriter> writer) mutable {
    EventStream::open({.subscriptions = deps.subscriptions,
                       .notices = deps.notices,
                       .clock = deps.clock,
                       .keepalive_interval = deps.keepalive_interval},
                      std::move(who), std::move(follow), std::move(writer));
  };
  return reply;
}

base::Task<net::Reply> StreamResource::answer_stream(core::Principal who, std::string run_id) {
  const auto origin = co_await origin_of(&deps_.runs, who, std::move(run_id));
  if (!origin) co_return error_response(origin.error(), "RUN_NOT_FOUND");
  co_return follow_run(std::move(who), StreamKind::prompt_sync, *origin);
}

net::Reply StreamResource::follow_run(core::Principal who, StreamKind kind,
                                      const core::RunOrigin& origin, std::int64_t sent_to) {
  const core::Run& run = origin.run;
  Follow follow{.kind = kind,
                .filter = {.session_id = run.thread_id, .run_id = run.id},
                .topic = core::EventTopic::of_thread(run.scope, run.thread_id),
                .after = origin.events_after,
                .sent_to = sent_to};
  return stream(std::move(who), std::move(follow));
}

base::Task<net::Reply> StreamResource::events(core::Principal who, RequestPtr request) {
  EventFilter filter{.session_id = id_parameter(*request, {"sessionID", "sessionId", "session_id"}),
                     .run_id = id_parameter(*request, {"runID", "runId", "run_id"})};
  const std::int64_t sent_to = last_event_id(*request);
  Follow follow{.filter = filter, .topic = core::EventTopic::visible_to(who), .sent_to = sent_to};
  if (sent_to > 0) follow.after = std::max<std::int64_t>(cursor_of(sent_to) - 1, 0);
  if (!filter.session_id.empty()) {
    const auto thread = co_await deps_.threads.get(who, filter.session_id);
    if (!thread) co_return error_response(thread.error(), "SESSION_NOT_FOUND");
    if (thread->deleted_at) co_return error_response(404, "no such session", "SESSION_NOT_FOUND");
    follow.topic = core::EventTopic::of_thread(who.scope, filter.session_id);
  }
  if (!filter.run_id.empty()) {
    const auto origin = co_await origin_of(&deps_.runs, who, filter.run_id);
    if (!origin) co_return error_response(origin.error(), "RUN_NOT_FOUND");
    follow.topic = core::EventTopic::of_thread(who.scope, origin->run.thread_id);
    follow.after = origin->events_after;
  }
  co_return stream(std::move(who), std::move(follow));
}

// The filter is the engine's.
base::Task<net::Reply> StreamResource::resource_events(core::Principal who, RequestPtr request) {
  Follow follow{.kind = StreamKind::resources,
                .resource_prefix = request->query_parameter("prefix").value_or("")};
  co_return stream(std::move(who), std::move(follow));
}

base::Task<net::Reply> StreamResource::routine_events(core::Principal who, RequestPtr request) {
  Follow follow{.kind = StreamKind::routines,
                .routine_id = request->query_parameter("routine_id").value_or("")};
  co_return stream(std::move(who), std::move(follow));
}

base::Task<net::Reply> StreamResource::automation_events(core::Principal who, RequestPtr request) {
  Follow follow{.kind = StreamKind::automations,
                .routine_id = request->query_parameter("automation_id").value_or(""),
                .routine_run_id = run_id_from(request->query_parameter("run_id").value_or(""))};
  co_return stream(std::move(who), std::move(follow));
}

base::Task<net::Reply> StreamResource::flow_events(core::Principal who, RequestPtr request) {
  Follow follow{.kind = StreamKind::flows};
  for (const char* name : {"automation_id", "automationID"}) {
    if (follow.flow_id.empty()) follow.flow_id = request->query_parameter(name).value_or("");
  }
  for (const char* name : {"run_id", "runID"}) {
    if (!follow.flow_run_id.empty()) continue;
    follow.flow_run_id = flow_run_id_from(request->query_parameter(name).value_or(""));
  }
  co_return stream(std::move(who), std::move(follow));
}

base::Task<net::Reply> StreamResource::run_events(core::Principal who, RequestPtr request) {
  const auto since = number_parameter(*request, "since_seq");
  if (!since) co_return error_response(since.error());
  const auto tail = number_parameter(*request, "tail");
  if (!tail) co_return error_response(tail.error());
  const std::string run_id = base::plain_form(request->path_parameters.front());
  const auto origin = co_await origin_of(&deps_.runs, who, run_id);
  if (!origin) co_return error_response(origin.error(), "RUN_NOT_FOUND");
  const std::int64_t after = std::max(since->value_or(0), last_event_id(*request));
  if (request->header("Accept").contains("text/event-stream")) {
    co_return follow_run(std::move(who), StreamKind::run, *origin, after);
  }
  const auto most = static_cast<std::int64_t>(limits::tandem_run_events_max);
  const auto rows =
      static_cast<std::size_t>(std::clamp<std::int64_t>(tail->value_or(most), 0, most));
  RunReplay replay(run_id, after, rows);
  const auto subscription = deps_.subscriptions.subscribe(
      *request->lane, core::EventTopic::of_thread(who.scope, origin->run.thread_id),
      origin->events_after, replay);
  if (!subscription->caught_up()) {
    const bool whole = co_await replay.done();
    if (!whole) co_return error_response(503, "the events cannot be read just now", "UNAVAILABLE");
  }
  co_return answer(replay.text());
}

std::vector<net::Route> stream_routes(const Callers& in, StreamResource& streams) {
  using enum net::Method;
  using S = StreamResource;
  std::vector<net::Route> out =
      also_below_api({row(get, "/run/{id}/events", in(streams, &S::run_events))});
  out.push_back(row(get, "/event", in(streams, &S::events)));
  out.push_back(row(get, "/global/event", in(streams, &S::events)));
  out.push_back(row(get, "/resource/events", in(streams, &S::resource_events)));
  out.push_back(row(get, "/routines/events", in(streams, &S::routine_events)));
  out.push_back(row(get, "/automations/events", in(streams, &S::automation_events)));
  out.push_back(row(get, "/automations/v2/events", in(streams, &S::flow_events)));
  return out;
}

}  // namespace colonnade::dialects::tandem
