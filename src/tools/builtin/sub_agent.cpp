#include "tools/builtin/sub_agent.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tools/builtin/limits.hpp"

namespace colonnade::tools {
namespace {

class SubAgentTool final : public Tool {
 public:
  explicit SubAgentTool(core::SubAgents& sub_agents)
      : sub_agents_(sub_agents),
        definition_{
            .name = std::string(core::sub_agent_tool),
            .description =
                "Hands a task on to your sub-agent, which has your tools and knows nothing of this "
                "conversation, and answers with what it says. Put everything that it needs into "
                "the task.",
            .input_schema = {{"type", "object"},
                             {"properties",
                              {{"task",
                                {{"type", "string"},
                                 {"minLength", 1},
                                 {"maxLength", limits::sub_agent_task_characters_max}}}}},
                             {"required", {"task"}},
                             {"additionalProperties", false}}} {}

  const core::ToolDefinition& definition() const override { return definition_; }
  // What the sub-agent does is judged call by call.
  Effect effect() const override { return Effect::own_thread; }
  bool hands_on_work() const override { return true; }
  bool is_for(const core::Agent& agent) const override {
    return agent.profile.tool_mode == core::ToolMode::sub_agent;
  }

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    core::HandedOn handed_on{.scope = std::move(context.scope),
                             .user_id = std::move(context.user_id),
                             .run_id = std::move(context.run_id),
                             .tool_call_id = std::move(context.tool_call_id),
                             .task = arguments.at("task").get<std::string>()};
    auto answer = co_await sub_agents_.work(std::move(handed_on), context.lane, std::move(stop));
    if (!answer) co_return failed(answer.error().message);
    co_return core::ToolOutcome{.content = std::move(*answer)};
  }

 private:
  core::SubAgents& sub_agents_;
  core::ToolDefinition definition_;
};

class TaskTool final : public Tool {
 public:
  explicit TaskTool(core::SubAgents& sub_agents)
      : sub_agents_(sub_agents),
        definition_{
            .name = std::string(core::task_tool),
            .description =
                "Hands a task on to a sub-agent with your tools and a conversation of its own, and "
                "answers with what it says. It knows nothing of this conversation: put everything "
                "that it needs into the prompt.",
            .input_schema = {
                {"type", "object"},
                {"properties",
                 {{"prompt",
                   {{"type", "string"},
                    {"minLength", 1},
                    {"maxLength", limits::sub_agent_task_characters_max}}},
                  {"description",
                   {{"type", "string"},
                    {"maxLength", limits::task_title_bytes_max},
                    {"description", "The task in a few words"}}},
                  {"subagent_type",
                   {{"type", "string"},
                    {"maxLength", limits::task_title_bytes_max},
                    {"description", "There is one kind: an agent that works as you do"}}}}},
                {"required", {"prompt"}},
                {"additionalProperties", false}}} {}

  const core::ToolDefinition& definition() const override { return definition_; }
  // What the sub-agent does is judged call by call.
  Effect effect() const override { return Effect::own_thread; }
  bool hands_on_work() const override { return true; }
  bool is_for(const core::Agent& agent) const override {
    return agent.profile.tool_mode != core::ToolMode::sub_agent;
  }

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    if (context.run_id.empty()) {
      co_return failed("a task is handed on by an agent within a run; send it a message instead");
    }
    core::HandedOn handed_on{.scope = std::move(context.scope),
                             .user_id = std::move(context.user_id),
                             .run_id = std::move(context.run_id),
                             .tool_call_id = std::move(context.tool_call_id),
                             .task = arguments.at("prompt").get<std::string>(),
                             .title = arguments.value("description", std::string())};
    auto answer = co_await sub_agents_.work(std::move(handed_on), context.lane, std::move(stop));
    if (!answer) co_return failed(answer.error().message);
    co_return core::ToolOutcome{.content = std::move(*answer)};
  }

 private:
  core::SubAgents& sub_agents_;
  core::ToolDefinition definition_;
};

}  // namespace

std::unique_ptr<Tool> task_tool(core::SubAgents& sub_agents) {
  return std::make_unique<TaskTool>(sub_agents);
}

std::unique_ptr<Tool> sub_agent_tool(core::SubAgents& sub_agents) {
  return std::make_unique<SubAgentTool>(sub_agents);
}

}  // namespace colonnade::tools
