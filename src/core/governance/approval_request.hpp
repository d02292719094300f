// The tool by which an agent asks a human for approval of something of its own words: the answer is
// the call's result, and nothing runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace colonnade::core {

constexpr std::string_view approval_request_tool = "request_approval";

// The call's result: {"approved":…,"comment":…,"respondedBy":…}; without an answer in time
// {"approved":false,"reason":"timeout"}. `by` and `reason` as in ApprovalResolved.
std::string approval_answer(bool approved, std::string_view by, std::string_view reason);

}  // namespace colonnade::core
