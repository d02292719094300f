// The trace that a request is part of (W3C Trace Context), for every dialect that starts runs.
#pragma once

#include "core/spans/trace_parent.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// Of the header `traceparent`; empty without one, and for one that is not valid.
inline core::TraceParent trace_parent_of(const net::Request& request) {
  return core::trace_parent_from(request.header("traceparent"));
}

}  // namespace colonnade::dialects
