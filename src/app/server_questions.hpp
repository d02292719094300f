// Questions that MCP servers ask within a tool call, put to a human as approvals of the tool
// `question`, which any dialect and any command can answer.
#pragma once

#include <optional>
#include <string>

#include "base/share.hpp"
#include "core/governance/actions.hpp"
#include "core/governance/audit_feed.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/tool_host.hpp"

namespace colonnade::app {

// Each waits for a human, and is a pending approval meanwhile.
constexpr base::ShareBounds question_bounds{.what = "open questions of MCP servers",
                                            .per_account = limits::mcp_questions_per_account,
                                            .total = limits::mcp_questions_max};

class ServerQuestions {
 public:
  // `servers_lane` is where older servers' questions arrive. All must outlive the questions.
  ServerQuestions(core::Actions& actions, core::AuditFeed& feed, base::Lane& servers_lane)
      : actions_(actions), feed_(feed), servers_lane_(servers_lane) {}

  // Waits for the answer, the action's expiry, or the stop, which withdraws the question. What the
  // policy denies, or allows without a human, is declined. Beyond question_bounds nobody is asked,
  // and the answer is a cancellation. Called on the run's or the servers'
  // lane.
  base::Task<tools::mcp::ElicitationAnswer> ask(tools::ToolContext context,
                                                tools::mcp::Elicitation question,
                                                std::stop_token stop);

 private:
  base::Task<void> wait(base::Lane* lane, std::int64_t after, std::string action_id,
                        std::stop_token stop);

  core::Actions& actions_;
  core::AuditFeed& feed_;
  base::Lane& servers_lane_;
  base::Share open_{question_bounds};
};

// What the human approves: the server's words and the form it wants.
base::Json question_params(const tools::mcp::Elicitation& question);
// The form's content from approved params: `answer` is an object, or the text for the form's only
// field, or such an object as JSON. nullopt when that does not answer the form.
std::optional<base::Json> answered_content(const base::Json& params, const base::Json& schema);

}  // namespace colonnade::app
