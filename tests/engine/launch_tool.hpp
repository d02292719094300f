// A tool with an effect, which a test can count.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/tool.hpp"

namespace colonnade::tests {

// What a launch tool did.
struct Launches {
  std::mutex mutex{};
  std::vector<std::string> targets{};

  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex);
    return targets;
  }
};

// `launch {"target": "moon"}`: changes something, so it needs a human's approval.
class LaunchTool final : public tools::Tool {
 public:
  explicit LaunchTool(std::shared_ptr<Launches> launches, std::string name = "launch")
      : launches_(std::move(launches)),
        definition_{.name = std::move(name),
                    .description = "Launches.",
                    .input_schema = {{"type", "object"},
                                     {"properties", {{"target", {{"type", "string"}}}}},
                                     {"required", {"target"}},
                                     {"additionalProperties", false}}} {}
  const core::ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::changes; }
  base::Task<core::ToolOutcome> run(tools::ToolContext, base::Json arguments,
                                    std::stop_token) override {
    const auto target = arguments.at("target").get<std::string>();
    const std::lock_guard lock(launches_->mutex);
    launches_->targets.push_back(target);
    co_return core::ToolOutcome{.content = "launched " + target};
  }

 private:
  std::shared_ptr<Launches> launches_;
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tests
