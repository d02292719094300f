#include "app/wiring_tools.hpp"

#include "app/workspace_check.hpp"
#include "tools/builtin/apply_patch.hpp"
#include "tools/builtin/artifact_tools.hpp"
#include "tools/builtin/background_tools.hpp"
#include "tools/builtin/batch.hpp"
#include "tools/builtin/calculator.hpp"
#include "tools/builtin/clock.hpp"
#include "tools/builtin/codesearch.hpp"
#include "tools/builtin/edit.hpp"
#include "tools/builtin/fetch.hpp"
#include "tools/builtin/glob.hpp"
#include "tools/builtin/grep.hpp"
#include "tools/builtin/memory_tool.hpp"
#include "tools/builtin/question.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/request_approval.hpp"
#include "tools/builtin/shell.hpp"
#include "tools/builtin/skill.hpp"
#include "tools/builtin/sub_agent.hpp"
#include "tools/builtin/todo_write.hpp"
#include "tools/builtin/websearch.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::app {

tools::WorkspacesOptions workspaces_options(const Settings& settings) {
  return {.root = workspaces_root(settings),
          .fixed = settings.tools.workspace,
          .rules = directory_rules(settings)};
}

namespace {

tools::SandboxOptions sandbox_options(const Settings& settings) {
  return {.mode = settings.tools.sandbox == Sandboxing::off ? tools::SandboxMode::off
                                                            : tools::SandboxMode::required,
          .hidden_folders = {settings.data_dir},
          .own_workspaces = settings.tools.workspace.empty() ? workspaces_root(settings) : ""};
}

tools::WebsearchOptions websearch_options(const WebSearchSettings& settings) {
  using enum tools::SearchService;
  return {.service = settings.provider == WebSearch::searxng ? searxng
                     : settings.provider == WebSearch::brave ? brave
                                                             : none,
          .url = settings.url,
          .api_key = settings.api_key};
}

}  // namespace

std::string skills_folder(const Settings& settings) {
  return settings.skills.folder.empty() ? settings.data_dir + "/skills" : settings.skills.folder;
}

std::vector<std::unique_ptr<tools::Tool>> built_in_tools(
    const Settings& settings, base::Clock& clock, base::Workers& workers,
    net::HttpClient& http_client, core::Memories& memories, core::Artifacts& artifacts,
    core::SubAgents& sub_agents, core::SpawnedRuns& spawned_runs, core::Skills& skills) {
  std::vector<std::unique_ptr<tools::Tool>> out;
  out.push_back(std::make_unique<tools::ClockTool>(clock));
  out.push_back(std::make_unique<tools::CalculatorTool>());
  out.push_back(tools::read_tool(workers));
  out.push_back(tools::write_tool(workers));
  out.push_back(tools::edit_tool(workers));
  out.push_back(tools::apply_patch_tool(workers));
  out.push_back(tools::glob_tool(workers));
  out.push_back(tools::grep_tool(workers));
  out.push_back(tools::codesearch_tool(workers));
  out.push_back(std::make_unique<tools::TodoWriteTool>());
  out.push_back(std::make_unique<tools::ShellTool>(workers, sandbox_options(settings)));
  out.push_back(std::make_unique<tools::FetchTool>(
      http_client, tools::FetchOptions{.private_hosts = settings.tools.private_hosts}));
  out.push_back(tools::websearch_tool(http_client, websearch_options(settings.websearch)));
  out.push_back(std::make_unique<tools::QuestionTool>());
  out.push_back(std::make_unique<tools::RequestApprovalTool>());
  for (auto& tool : tools::memory_key_tools(memories)) out.push_back(std::move(tool));
  for (auto& tool : tools::memory_text_tools(memories)) out.push_back(std::move(tool));
  for (auto& tool : tools::artifact_tools(artifacts)) out.push_back(std::move(tool));
  out.push_back(tools::sub_agent_tool(sub_agents));
  out.push_back(tools::task_tool(sub_agents));
  for (auto& tool : tools::background_tools(spawned_runs)) out.push_back(std::move(tool));
  out.push_back(tools::skill_tool(skills));
  out.push_back(tools::batch_tool());
  return out;
}

}  // namespace colonnade::app
