// The context that the gate is given with a run's tool call.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace colonnade::core {

// {"thread_id":…,"run_id":…}. Where what is judged differs from what was asked for (a path that was
// written in a roundabout way), also "asked": the members of the arguments that are others than in
// `judged`, as they were asked for.
std::string call_context(std::string_view thread_id, std::string_view run_id,
                         const base::Json& asked, const base::Json& judged);

}  // namespace colonnade::core
