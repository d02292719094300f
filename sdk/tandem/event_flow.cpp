#include "sdk/tandem/event_flow.hpp"

#include <algorithm>
#include <utility>

#include "sdk/limits.hpp"

namespace colonnade::inline v1::tandem::detail {
namespace {

constexpr std::string_view last_of_a_run = "session.run.finished";

// "ENGINE_ERROR: <CODE>: <text>" is how an engine stores that a run failed (tandem §4.1).
constexpr std::string_view stored_error = "ENGINE_ERROR: ";

bool has_ended(std::string_view state) {
  return state == "completed" || state == "failed" || state == "denied";
}

Event tool_call(const Event& like, const Part& part) {
  const Json properties{{"tool", part.tool}, {"args", part.args}, {"toolCallID", part.id}};
  return wire::made_event("session.tool_call",
                          ToolCall{.tool = part.tool, .args = part.args, .call_id = part.id}, like,
                          properties);
}

Event tool_result(const Event& like, const Part& part) {
  ToolResult result{.tool = part.tool, .error = part.error, .call_id = part.id};
  if (!part.result.is_null()) {
    result.output = part.result.is_string() ? part.result.as_string() : part.result.dump();
  }
  if (part.state != "completed" && !result.error) result.error = part.state;
  Json properties{{"tool", result.tool}, {"output", result.output}, {"toolCallID", part.id}};
  if (result.error) properties.set("error", *result.error);
  return wire::made_event("session.tool_result", std::move(result), like, properties);
}

Event permission_request(const Event& like, const PermissionAsked& asked) {
  const Json properties{{"id", asked.id},           {"requestID", asked.id}, {"tool", asked.tool},
                        {"permission", asked.tool}, {"pattern", asked.tool}, {"args", asked.args},
                        {"status", "pending"}};
  return wire::made_event("permission.request",
                          PermissionRequest{.id = asked.id,
                                            .permission = asked.tool,
                                            .pattern = asked.tool,
                                            .tool = asked.tool,
                                            .args = asked.args,
                                            .query = asked.query},
                          like, properties);
}

Event response(const Event& like, std::string text) {
  const Json properties{{"delta", text}};
  return wire::made_event("session.response", SessionResponse{std::move(text)}, like, properties);
}

}  // namespace

EventFlow::EventFlow(calls::StreamPlan plan)
    : plan_(std::move(plan)),
      text_is_known_(!plan_.last_event_id.empty()),
      run_state_known_(!plan_.filter_here || plan_.run_id.empty()) {}

EventFlow::Need EventFlow::need() const {
  if (held_ || missed_) return Need::messages;
  return run_state_known_ ? Need::input : Need::run_state;
}

// The rules of the server's own filter, but that what is of no session comes through when it is
// about the stream.
bool EventFlow::passes(const Event& event) const {
  if (!plan_.filter_here) return true;
  if (!plan_.routine_id.empty()) return event.routine_id() == plan_.routine_id;
  if (event.type().starts_with("server.") || event.type().starts_with("engine.")) return true;
  if (event.session_id() != plan_.session_id) return false;
  return plan_.run_id.empty() || event.run_id().empty() || event.run_id() == plan_.run_id;
}

void EventFlow::accept(wire::Incoming incoming) {
  Event& event = incoming.event;
  if (over_ || !passes(event)) return;
  if (event.as<RunStarted>() != nullptr) text_is_known_ = false;
  if (event.as<SessionResponse>() != nullptr) text_is_known_ = true;
  if (answer_is_missing(event)) {
    text_is_known_ = true;
    held_ = std::move(event);
    return;
  }
  const bool of_engine = incoming.of_engine;
  const Event copy = of_engine ? event : Event();
  give(std::move(event));
  if (of_engine) complete(copy);
}

bool EventFlow::answer_is_missing(const Event& event) const {
  const auto* finished = event.as<RunFinished>();
  return finished != nullptr && finished->status == "completed" && !text_is_known_ &&
         !plan_.session_id.empty();
}

void EventFlow::give(Event event) {
  const bool mine = event.run_id().empty() || event.run_id() == plan_.run_id;
  if (!plan_.run_id.empty() && mine && event.type() == last_of_a_run) over_ = true;
  queue_.push_back(std::move(event));
}

void EventFlow::complete(const Event& event) {
  if (const auto* update = event.as<PartUpdated>()) complete_part(event, *update);
  if (const auto* asked = event.as<PermissionAsked>()) give(permission_request(event, *asked));
}

void EventFlow::complete_part(const Event& event, const PartUpdated& update) {
  const Part& part = update.part;
  if (part.type == "text" && update.delta && update.agent.empty()) {
    text_is_known_ = true;
    give(response(event, *update.delta));
  }
  if (part.type != "tool") return;
  const auto running = std::ranges::find(running_tools_, part.id);
  if (part.state == "running" && update.tool_call_delta.is_null()) {
    if (running != running_tools_.end()) return;
    if (running_tools_.size() == limits::tandem_running_tools_max) {
      running_tools_.erase(running_tools_.begin());
    }
    running_tools_.push_back(part.id);
    give(tool_call(event, part));
  } else if (has_ended(part.state)) {
    if (running != running_tools_.end()) running_tools_.erase(running);
    give(tool_result(event, part));
  }
}

void EventFlow::set_run_state(const std::optional<SessionRunState>& state) {
  run_state_known_ = true;
  if (!state) return;
  missed_ = !state->active || state->active->run_id != plan_.run_id;
}

void EventFlow::set_messages(const std::optional<std::vector<Message>>& messages) {
  const auto answer = messages ? wire::answer_in(*messages) : std::nullopt;
  if (missed_) {
    give_missed_end(answer);
    return;
  }
  Event end = *std::exchange(held_, std::nullopt);
  if (answer) give(response(end, *answer));
  give(std::move(end));
}

void EventFlow::give_missed_end(const std::optional<std::string>& answer) {
  missed_ = false;
  EventHead head{.session_id = plan_.session_id, .run_id = plan_.run_id};
  const Event like(OtherEvent{}, std::move(head));
  RunFinished finished;
  if (answer && answer->starts_with(stored_error)) {
    finished.status = "error";
    finished.error = answer->substr(stored_error.size());
  } else if (answer) {
    finished.status = "completed";
    give(response(like, *answer));
  }
  Json properties{{"status", finished.status}};
  if (finished.error) properties.set("error", *finished.error);
  give(wire::made_event(last_of_a_run, std::move(finished), like, properties));
}

std::optional<Event> EventFlow::take() {
  if (queue_.empty()) return std::nullopt;
  std::optional<Event> event(std::move(queue_.front()));
  queue_.pop_front();
  return event;
}

}  // namespace colonnade::inline v1::tandem::detail
