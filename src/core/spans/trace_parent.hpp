// Which trace a run belongs to: the one that its request named (W3C Trace Context), or one of its
// own.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::core {

// Of a request: what it is part of. Both are empty when it said nothing.
struct TraceParent {
  std::string trace_id{};  // 32 lower-case hex characters, not all zero
  std::string span_id{};   // 16, likewise

  bool empty() const { return trace_id.empty(); }
  bool operator==(const TraceParent&) const = default;
};

// From a `traceparent` header: version, trace id, span id and flags, with dashes. What is not valid
// counts as nothing: a trace begins anew, as the standard says.
TraceParent trace_parent_from(std::string_view header);

// The header for a request that is made within a span. The flag says that the trace is recorded.
std::string traceparent_text(std::string_view trace_id, std::string_view span_id);

bool is_trace_id(std::string_view text);  // 32 lower-case hex characters, not all zero

}  // namespace colonnade::core
