// How runs, and what went wrong in them, are called (tandem §3.5, §4.1).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/runs/run.hpp"

namespace colonnade::dialects::tandem {

inline std::int64_t seconds_of(base::Time time) { return time.micros / 1'000'000; }
inline std::int64_t milliseconds_of(base::Time time) { return time.micros / 1'000; }

// How the failure of a run begins whose provider or model is not there (tandem §4.1).
constexpr std::string_view no_model_selected = "MODEL_SELECTION_REQUIRED:";

// What clients are told of why a run failed: its error, with no_model_selected in front of one that
// says that its provider does not have the model.
std::string failure_text(std::string_view error);

// Of a run that has ended: "completed", "error", "timeout", "cancelled".
std::string_view status_of(core::RunState state, std::string_view error);

// The engine's code of a failure (ENGINE_TIMEOUT, RATE_LIMIT_EXCEEDED, …), by what its text says.
std::string_view failure_code(std::string_view error);

// Where a client follows the run.
std::string event_path(std::string_view session_id, std::string_view run_id);

// {"os","arch","shell_family","path_style"}
void write_environment(base::JsonWriter& json);

}  // namespace colonnade::dialects::tandem
