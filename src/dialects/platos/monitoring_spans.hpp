// Spans as the wire has them (platos §2.5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/spans/span_store.hpp"
#include "core/threads/message.hpp"

namespace colonnade::dialects::platos {

struct WireSpan {
  std::string span_id{};
  std::string parent_id{};  // "" for none
  std::string name{};
  base::Time start{};
  std::string members{};  // of its object, without braces
};

// Of each run its root and what it did; a run that goes on ends `now`.
std::vector<WireSpan> wire_spans_of(std::span<const core::RunTraced> runs, base::Time now);

void write_span_list(base::JsonWriter& json, std::span<const WireSpan> spans);
// Those without a parent among them, each with its children.
void write_span_tree(base::JsonWriter& json, std::span<const WireSpan> spans);
// Messages and spans in order of time.
void write_timeline(base::JsonWriter& json, std::span<const core::Message> messages,
                    std::span<const WireSpan> spans);

// "completed", "error", "stopped", "running"
std::string_view run_status(core::RunState state);
// "provider:model"; what is missing is left out.
std::string model_name(std::string_view provider, std::string_view model);

}  // namespace colonnade::dialects::platos
