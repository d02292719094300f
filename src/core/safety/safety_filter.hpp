// The safety filter: finds personal data, secrets and attempts to take the model over in a text.
//
// Linear in the text, with scanners of its own: nothing here backtracks. Pure and thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "core/safety/safety_finding.hpp"

namespace colonnade::core {

// In order of their place in the text; limits::safety_findings_max at most, the most severe first
// to be kept. Any bytes are taken.
std::vector<SafetyFinding> inspect_text(std::string_view text, SafetySide side);

}  // namespace colonnade::core
