// All tools that the server offers, and the one way to run them: with a permit.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/threads/thread_store.hpp"
#include "tools/attached_tools.hpp"
#include "tools/snapshots.hpp"
#include "tools/tool.hpp"
#include "tools/workspaces.hpp"

namespace colonnade::tools {

class Catalog final : public core::ToolRunner {
 public:
  // Names must be unique. `attached`, if any, offers further tools and must outlive the catalog; of
  // two tools with one name the server's own counts. `threads` says which directory a thread is
  // bound to; without it no thread is bound to any. `snapshots` keeps what calls are about to
  // change; without it nothing is kept. Both must outlive the catalog.
  explicit Catalog(std::vector<std::unique_ptr<Tool>> tools, Workspaces workspaces = Workspaces({}),
                   AttachedTools* attached = nullptr, core::ThreadStore* threads = nullptr,
                   Snapshots* snapshots = nullptr);

  base::Task<std::vector<core::ToolDefinition>> definitions(core::Agent agent,
                                                            std::stop_token stop) override;
  bool is_idempotent(std::string_view tool) const override;
  base::Task<base::Result<base::Json>> prepare(core::ToolCaller caller, core::ToolCall call,
                                               std::optional<core::ToolDefinition> offered,
                                               core::ArgumentsFrom from) override;
  // Checks the arguments against the tool's schema again.
  base::Result<void> check_value(const base::Json& schema, const base::Json& value) const override;
  base::Task<base::Result<core::ToolOutcome>> run(base::Lane& lane, core::ToolCaller caller,
                                                  core::ExecutionPermit permit,
                                                  std::stop_token stop) override;

  // Names of the tools that change nothing anywhere, the agent's own memory and what its thread
  // holds apart.
  std::set<std::string, std::less<>> harmless() const;
  // Names of the others.
  std::set<std::string, std::less<>> harmful() const;
  // Names of those of the others whose point is a human's answer.
  std::set<std::string, std::less<>> asking() const;
  // What the tool does to the world; Effect::changes when there is no such tool.
  Effect effect_of(std::string_view name) const;

 private:
  ToolContext context_for(base::Lane* lane, const core::ToolCaller& caller,
                          const core::ToolCall& call) const;
  base::Task<base::Result<void>> give_workspace(const Tool* tool, ToolContext* context) const;
  base::Task<base::Result<core::ToolOutcome>> run_kept(Tool* tool, ToolContext context,
                                                       base::Json arguments,
                                                       std::stop_token stop) const;
  base::Task<base::Result<base::Json>> prepare_attached(ToolContext context, core::ToolCall call,
                                                        std::optional<core::ToolDefinition> offered,
                                                        core::ArgumentsFrom from) const;
  Tool* find(std::string_view name) const;
  std::vector<std::unique_ptr<Tool>> tools_;
  Workspaces workspaces_;
  AttachedTools* attached_;
  core::ThreadStore* threads_;
  Snapshots* snapshots_;
};

}  // namespace colonnade::tools
