// The server's tools: one visible table, and the way to call one by its name.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/answer_once.hpp"
#include "dialects/mcp/tool.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {

// Thread-safe.
class Toolbox {
 public:
  struct Dependencies {
    core::Agents& agents;
    core::Threads& threads;
    core::Runs& runs;
    core::Actions& actions;
    core::PolicyInspector& policies;
    core::Subscriptions& subscriptions;
    AnswerOnce& answer_once;
    std::function<base::Result<void>()> readiness{};  // Options::readiness
  };
  explicit Toolbox(Dependencies deps);

  // nullptr when there is none of that name.
  const Tool* find(std::string_view name) const;
  // The members of the result of tools/list.
  const std::string& listing() const { return listing_; }
  std::string names() const;  // for an error that a model reads

  // The members of the result. With an argument `idempotency_key`, where the tool takes one, it has
  // its effect once.
  base::Task<std::string> call(const Tool* tool, Call call);

  ThreadTools& threads() { return threads_; }

 private:
  std::vector<Tool> table();

  RunTools runs_;
  ThreadTools threads_;
  ApprovalTools approvals_;
  GateTools gate_;
  AnswerOnce& answer_once_;
  std::vector<Tool> tools_;
  std::string listing_{};
};

}  // namespace colonnade::dialects::mcp
