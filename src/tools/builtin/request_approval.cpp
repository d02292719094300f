#include "tools/builtin/request_approval.hpp"

#include "core/governance/approval_request.hpp"
#include "tools/builtin/limits.hpp"

namespace colonnade::tools {

RequestApprovalTool::RequestApprovalTool()
    : definition_{
          .name = std::string(core::approval_request_tool),
          .description =
              "Asks a human to approve something before you do it, and waits for the "
              "answer. Say in `action` what you want to do, in `details` what it means.",
          .input_schema = {
              {"type", "object"},
              {"properties",
               {{"action",
                 {{"type", "string"},
                  {"minLength", 1},
                  {"maxLength", limits::approval_action_characters_max}}},
                {"details",
                 {{"type", "string"}, {"maxLength", limits::approval_details_characters_max}}}}},
              {"required", {"action"}},
              {"additionalProperties", false}}} {}

base::Task<core::ToolOutcome> RequestApprovalTool::run(ToolContext, base::Json, std::stop_token) {
  co_return failed("approval is asked for by an agent's turn alone");
}

}  // namespace colonnade::tools
