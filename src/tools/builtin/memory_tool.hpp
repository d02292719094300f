// What the memory tools share: they serve agents whose memory is of their kind, and work on the
// memory of whoever started the run, with the run's agent.
#pragma once

#include <memory>
#include <vector>

#include "core/memory/memories.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

class MemoryTool : public Tool {
 public:
  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return effect_; }
  bool is_for(const core::Agent& agent) const override { return agent.memory == memory_; }

 protected:
  MemoryTool(core::Memories& memories, core::AgentMemory memory, Effect effect,
             core::ToolDefinition definition)
      : memories_(memories), memory_(memory), effect_(effect), definition_(std::move(definition)) {}

  core::Memories& memories_;

 private:
  core::AgentMemory memory_;
  Effect effect_;
  core::ToolDefinition definition_;
};

core::MemoryHolder memory_holder(const ToolContext& context);
// What the model is told of a failure; a stop and a broken store are told as well, shortly.
core::ToolOutcome memory_failure(const base::Error& error);

// memory_read, memory_write, memory_delete, memory_list: for agents with AgentMemory::persistent.
std::vector<std::unique_ptr<Tool>> memory_key_tools(core::Memories& memories);
// memory_remember, memory_recall, memory_forget: for agents with AgentMemory::semantic.
std::vector<std::unique_ptr<Tool>> memory_text_tools(core::Memories& memories);

}  // namespace colonnade::tools
