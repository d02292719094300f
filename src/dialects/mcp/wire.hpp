// What tools and resources answer with: core's values as JSON objects. The only place that knows
// their keys; the schemas in toolbox_schemas.cpp say the same to clients.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/agents/agent.hpp"
#include "core/events/event.hpp"
#include "core/governance/action.hpp"
#include "core/governance/policy_inspector.hpp"
#include "core/runs/run.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::dialects::mcp {

// Each is a JSON object's text.
std::string encode_agents(const core::Agent& standard, std::span<const core::Agent> others);
std::string encode_threads(std::span<const core::Thread> threads);

struct ThreadPage {
  core::Thread thread;
  std::vector<core::Message> messages{};  // oldest first
  bool running = false;
  bool more = false;  // there are older ones
};
std::string encode_thread(const ThreadPage& page);

// What became of a run that somebody asks about. `next` tells a model what it may do about it.
struct RunReport {
  core::Run run;
  std::string answer{};                 // the assistant's text, when succeeded
  std::vector<core::Action> waiting{};  // questions that a human must answer
  bool more_waiting = false;            // there are more than these
  std::string next{};
};
std::string encode_report(const RunReport& report);
// `report` is of the same run.
std::string encode_run(const core::RunDetail& view, const RunReport& report);

// The state that a report says: a run with open questions waits, whatever is left running of it.
std::string_view state_of(const RunReport& report);

struct EventPage {
  std::string run_id{};
  std::string thread_id{};
  std::string_view state{};
  std::vector<std::string> events{};  // each by encode_event
  std::int64_t cursor = 0;            // to follow on from
  bool done = false;                  // nothing will come any more
};
std::string encode_events(const EventPage& page);
// "" for what a follower of a run is not told.
std::string encode_event(const core::Event& event);

// `more`: there are others behind them.
std::string encode_actions(std::span<const core::Action> actions, bool more);
std::string encode_action(const core::Action& action);
std::string encode_decision(const core::Decision& decision);
std::string encode_policy(const core::ActivePolicy& policy);

// A text that is cut says so.
std::string cut_text(std::string_view text);

}  // namespace colonnade::dialects::mcp
