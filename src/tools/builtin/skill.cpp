#include "tools/builtin/skill.hpp"

#include <nlohmann/json.hpp>

#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

std::string listing(const std::vector<core::Skill>& skills) {
  if (skills.empty()) {
    return "[there are no skills; the operator puts them into the folder that skills.folder names, "
           "or "
           "installs a pack that has some]";
  }
  std::string out;
  for (const core::Skill& one : skills) {
    out += "- " + one.name + (one.description.empty() ? "" : ": " + one.description) + "\n";
  }
  return out;
}

class SkillTool final : public Tool {
 public:
  explicit SkillTool(core::Skills& skills)
      : skills_(skills),
        definition_{
            .name = "skill",
            .description =
                "Loads a skill, which is a text that says how to do something here, by its "
                "name. Without a name, says which skills there are. Look there before a "
                "task that you have no instructions for.",
            .input_schema = {
                {"type", "object"},
                {"properties",
                 {{"name", {{"type", "string"}, {"maxLength", limits::skill_name_bytes_max}}}}},
                {"additionalProperties", false}}} {}

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::none; }

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    const core::SkillReader reader(context.scope, context.user_id);
    const std::string name = arguments.value("name", std::string());
    if (!name.empty()) {
      auto skill = co_await skills_.get(reader, name, stop);
      if (skill) co_return core::ToolOutcome{.content = std::move(skill->content)};
      if (skill.error().kind != base::ErrorKind::not_found) {
        co_return failed(skill.error().message);
      }
    }
    auto all = co_await skills_.list(reader, std::move(stop));
    if (!all) co_return failed(all.error().message);
    if (name.empty()) co_return core::ToolOutcome{.content = listing(*all)};
    co_return failed("there is no skill named '" + name + "'. There are:\n" + listing(*all));
  }

 private:
  core::Skills& skills_;
  core::ToolDefinition definition_;
};

}  // namespace

std::unique_ptr<Tool> skill_tool(core::Skills& skills) {
  return std::make_unique<SkillTool>(skills);
}

}  // namespace colonnade::tools
