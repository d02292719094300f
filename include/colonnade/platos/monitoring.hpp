// Data and requests of monitoring. Include colonnade/platos.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/platos/types.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

// A turn. A real server knows threads instead: then each is one, and `id` its newest trace or "".
struct TurnRun {
  std::string id{};  // of its trace, too
  std::string agent_id{};
  std::string thread_id{};
  std::string status{};  // running, completed, error, stopped
  double cost_cents = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t tool_call_count = 0;
  double duration_ms = 0;  // 0 while it is running
  Timestamp created_at{};
  Json extra{};
};

// Of turns, or of threads.
struct ListRuns {
  std::string agent_id{};
  std::string thread_id{};
  std::string status{};
  std::int64_t limit = 0;  // 0: the server's own
};

struct TraceRow {
  std::string trace_id{};  // the newest of the thread; "" from a real server
  std::string thread_id{};
  std::string agent_id{};
  std::optional<std::string> title{};
  std::string status{};  // of the thread: active, completed, archived
  std::int64_t turn_count = 0;
  std::int64_t message_count = 0;
  std::int64_t tool_call_count = 0;
  double total_cost_cents = 0;
  std::int64_t total_input_tokens = 0;
  std::int64_t total_output_tokens = 0;
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

struct Span {
  std::string trace_id{};
  std::string span_id{};
  std::optional<std::string> parent_span_id{};  // nothing at the root
  std::string name{};                           // agent.turn, llm.inference, a tool …
  std::string kind{};                           // internal, client, server
  std::string status{};                         // ok, error
  std::optional<std::string> error_message{};
  Timestamp start_time{};
  Timestamp end_time{};
  double duration_ms = 0;
  Json attributes{};  // platos.agent.id, platos.model, platos.cost_cents …
  Json events{};
  Json extra{};
};

struct TraceTotals {
  std::int64_t messages = 0;
  std::int64_t spans = 0;
  double cost_cents = 0;
  double usd = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t tool_call_count = 0;
  std::optional<Timestamp> first_message_at{};
  std::optional<Timestamp> last_message_at{};
  Json extra{};
};

// All that is known of a thread's turns. The same spans as a tree, and a time line, are in `extra`:
// spanTree, timeline.
struct ThreadTrace {
  std::string thread_id{};
  Thread thread{};
  std::vector<Message> messages{};
  std::vector<Span> spans{};
  TraceTotals totals{};
  Json extra{};
};

struct AgentCost {
  std::string agent_id{};
  std::string agent_name{};
  double cost_cents = 0;
  double cost_with_cache_cents = 0;  // at the prices of cached input
  double usd = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t threads = 0;
  std::int64_t runs = 0;
  Json extra{};
};

struct ModelCost {
  std::string provider{};
  std::string model{};
  double cost_cents = 0;
  double cost_with_cache_cents = 0;
  double usd = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t threads = 0;
  std::int64_t runs = 0;
  Json extra{};
};

struct UserCost {
  std::string user_id{};  // "" of turns that nobody in particular asked for
  double cost_cents = 0;
  double cost_with_cache_cents = 0;
  double usd = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t threads = 0;
  std::int64_t runs = 0;
  Json extra{};
};

// What was refused, flagged or hidden, and by what.
struct SafetyEvent {
  std::string id{};
  std::string agent_id{};
  std::string thread_id{};  // "" for none, as the next two
  std::string message_id{};
  std::string user_id{};
  std::string detector{};  // pii, injection, grounded, exfiltration, tool_param, rate_limit, budget
  std::string action{};    // flag, redact, block, warn
  std::string severity{};  // low, medium, high
  std::string detail{};
  std::string tool_name{};     // of a call; else ""
  std::string tool_call_id{};  // of a turn's call; else ""
  Json meta{};
  Timestamp created_at{};
  Json extra{};
};

// Empty members leave everything in.
struct ListSafetyEvents {
  std::string detector{};
  std::string action{};
  std::string severity{};
  std::string agent_id{};
  std::string thread_id{};
  std::string user_id{};
  std::int64_t since_days = 0;  // 0: the server's own, as of `limit`
  std::int64_t limit = 0;
  std::int64_t offset = 0;
};

struct DayCost {
  std::string day{};  // YYYY-MM-DD, UTC
  double cost_cents = 0;
  double usd = 0;
  std::int64_t runs = 0;  // 0 from a real server, which does not say
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Json extra{};
};

}  // namespace colonnade::inline v1::platos
