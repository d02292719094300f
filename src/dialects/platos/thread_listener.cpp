#include "dialects/platos/thread_listener.hpp"

#include <utility>
#include <variant>

#include "dialects/platos/thread_wire.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

std::string thread_object(std::string_view type, const core::Thread& thread) {
  const ScopeNames names = names_of(thread.scope);
  std::string out;
  base::JsonWriter json(out);
  json.object().field("type", type).field("threadId", thread.id).key("title");
  thread.title.empty() ? json.null() : json.value(thread.title);
  json.field("updatedAt", wire_time(thread.updated_at));
  json.field("organizationId", names.organization).field("projectId", names.project);
  json.field("environmentId", names.environment).end_object();
  return out;
}

// One packet for all sockets of a lane that have joined the thread: the feed delivers an event to
// all of them before the next. Null for events that say nothing to them.
net::SharedBytes thread_packet(const core::EventPtr& event, const std::string& name_space) {
  struct Last {
    core::EventPtr event{};
    std::string name_space{};
    net::SharedBytes packet{};
  };
  thread_local Last last;
  if (last.event == event && last.name_space == name_space) return last.packet;
  last = {.event = event, .name_space = name_space};
  const std::string json = encode_thread_event(*event);
  if (!json.empty()) last.packet = socket_io::event_packet(name_space, "thread_event", json);
  return last.packet;
}

}  // namespace

std::string thread_renamed(const core::Thread& thread) {
  return thread_object("thread.renamed", thread);
}

void ThreadListener::open(core::Subscriptions& subscriptions) {
  subscription_ = subscriptions.subscribe(
      socket_->lane(), core::EventTopic::of_thread(thread_.scope, thread_.id), std::nullopt, *this);
}

void ThreadListener::deliver(const core::EventPtr& event) {
  const std::string_view agent =
      thread_.agent_id.empty() ? core::default_agent_id : std::string_view(thread_.agent_id);
  if (const auto* question = std::get_if<core::ApprovalRequested>(&event->body)) {
    if (!streams_(event->run_id)) {
      socket_->emit("agent_event", approval_needed_event(*event, *question, agent));
    }
  } else if (const auto* answer = std::get_if<core::ApprovalResolved>(&event->body)) {
    if (!streams_(event->run_id)) {
      socket_->emit("agent_event", approval_resolved_event(*event, *answer, agent));
    }
  } else if (const auto* job = std::get_if<core::SpawnedJobMoved>(&event->body)) {
    if (!streams_(event->run_id)) socket_->emit("agent_event", run_update_event(*event, *job));
  } else if (auto packet = thread_packet(event, socket_->name_space())) {
    socket_->send(std::move(packet));
  }
}

}  // namespace colonnade::dialects::platos
