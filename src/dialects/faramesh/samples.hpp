// The sample code that an action carries (faramesh §2.1): how to submit the same again.
#pragma once

#include <string>

#include "core/governance/action.hpp"

namespace colonnade::dialects::faramesh {

// Large params and contexts are left out: limits::faramesh_sample_bytes_max.
std::string js_example(const core::ActionRequest& request);
std::string python_example(const core::ActionRequest& request);

}  // namespace colonnade::dialects::faramesh
