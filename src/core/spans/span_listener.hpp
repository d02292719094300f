// Told of what runs do as it ends, for who measures.
#pragma once

#include "core/spans/span.hpp"

namespace colonnade::core {

// Called on the runs' lanes, several at once. Must be fast and must not throw.
class SpanListener {
 public:
  virtual ~SpanListener() = default;
  virtual void span_ended(const Span& /*span*/) {}
  // A run has ended, and its end is stored.
  virtual void run_ended(const Run& /*run*/) {}
};

}  // namespace colonnade::core
