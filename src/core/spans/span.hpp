// What a run did, when, and for how long: the parts of its trace.
//
// A run is one trace, or a part of one that its request named. Its root span (`agent.turn`) is the
// run's own row; below it are the model calls, the gate's decisions, the waits for humans and the
// tools that ran, each as it ended. Spans hold names, numbers and codes, never what was said: no
// message, no argument, no result.
//
// Ids need no room: they follow from the run's id and from what a span is of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "core/models/usage.hpp"

namespace colonnade::core {

struct Run;

// One call of a model, that failed or gave a reply.
struct ModelCallSpan {
  std::string provider{};
  std::string model_asked{};
  std::string model{};  // as the provider reported it; "" when it did not
  Usage usage{};
  std::int64_t cost_micros = 0;
  std::string stop_reason{};                          // core's word; "" without a reply
  int tool_calls = 0;                                 // that it asks for
  std::optional<std::int64_t> first_output_micros{};  // from the start; none when there was none
  bool of_summary = false;                            // of older turns, not the run's own answer
};

// One execution of a tool.
struct ToolSpan {
  std::string tool{};
  std::string call_id{};  // the tool call's own id, not the provider's
  std::string state{};    // how the call ended: core's word
};

// One decision about a call.
struct GateSpan {
  std::string tool{};
  std::string call_id{};
  std::string outcome{};  // core's word
  std::string reason_code{};
};

// From a question to a human until the answer.
struct WaitSpan {
  std::string tool{};
  std::string call_id{};
  std::string answer{};  // "approved", "denied" or "expired"
};

using SpanOf = std::variant<ModelCallSpan, ToolSpan, GateSpan, WaitSpan>;

struct Span {
  base::Time start{};
  base::Time end{};
  // "" when it went well; else a code: an error's kind, a tool call's state.
  std::string error{};
  SpanOf of{};
};

// What a run adds to its trace with a change of its row.
struct RunTrace {
  std::string provider{};     // who was asked; "" leaves what is stored
  std::string model{};        // that answered last; "" leaves what is stored
  std::vector<Span> spans{};  // behind those that are stored
};

// The trace that a run belongs to.
std::string trace_id_of(const Run& run);
// Of a run's root span, and of one below it: 16 lower-case hex characters, not all zero.
std::string root_span_id(std::string_view run_id);
std::string span_id(std::string_view run_id, const Span& span);
// Of the span that a tool call will have, and that a model call which began then will have: for
// what is asked meanwhile.
std::string tool_span_id(std::string_view run_id, std::string_view call_id);
std::string model_span_id(std::string_view run_id, base::Time start);

// A name or a code as a span keeps it: cut at limits::span_text_bytes_max.
std::string span_text(std::string_view text);

}  // namespace colonnade::core
