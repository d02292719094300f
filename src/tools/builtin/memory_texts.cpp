#include <cmath>
#include <nlohmann/json.hpp>

#include "core/memory/limits.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/memory_tool.hpp"

namespace colonnade::tools {
namespace {

using core::AgentMemory;

class MemoryRemember final : public MemoryTool {
 public:
  explicit MemoryRemember(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::semantic, Effect::own_memory,
            {.name = "memory_remember",
             .description =
                 "Remembers a text for later conversations. One fact at a time, in a full sentence "
                 "that can be understood alone: who, what, when. The same text again is kept once.",
             .input_schema = {{"type", "object"},
                              {"properties",
                               {{"text",
                                 {{"type", "string"},
                                  {"minLength", 1},
                                  {"maxLength", limits::memory_text_bytes_max},
                                  {"description", "What to remember."}}}}},
                              {"required", {"text"}},
                              {"additionalProperties", false}}}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    core::NewMemory input{.text = arguments.at("text").get<std::string>(),
                          .thread_id = context.thread_id,
                          .run_id = context.run_id};
    auto holder = memory_holder(context);
    auto stored = co_await memories_.put(context.lane, context.scope, std::move(holder),
                                         std::move(input), stop);
    if (!stored) co_return memory_failure(stored.error());
    const base::Json result = {{"id", stored->item.id}, {"known_before", stored->replaced}};
    co_return core::ToolOutcome{.content = base::to_text(result)};
  }
};

class MemoryRecall final : public MemoryTool {
 public:
  explicit MemoryRecall(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::semantic, Effect::none,
            {.name = "memory_recall",
             .description =
                 "Finds what was remembered about something, best first, also from earlier "
                 "conversations. Ask before you say that you do not know something about the user.",
             .input_schema = {{"type", "object"},
                              {"properties",
                               {{"query",
                                 {{"type", "string"},
                                  {"minLength", 1},
                                  {"maxLength", limits::memory_query_bytes_max},
                                  {"description", "A question or a few telling words."}}},
                                {"limit",
                                 {{"type", "integer"},
                                  {"minimum", 1},
                                  {"maximum", limits::memories_shown_max},
                                  {"description", "How many to give, 5 when absent."}}}}},
                              {"required", {"query"}},
                              {"additionalProperties", false}}}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    core::MemorySearch search{.text = arguments.at("query").get<std::string>(),
                              .limit = arguments.value("limit", limits::memories_recalled_default)};
    auto holder = memory_holder(context);
    auto found = co_await memories_.search(context.lane, context.scope, std::move(holder),
                                           std::move(search), stop);
    if (!found) co_return memory_failure(found.error());
    base::Json memories = base::Json::array();
    for (const core::RankedMemory& one : *found) {
      memories.push_back({{"id", one.item.id},
                          {"text", one.item.text},
                          {"score", std::round(one.score * 1000) / 1000},
                          {"remembered_at", base::to_rfc3339(one.item.updated_at)}});
    }
    co_return core::ToolOutcome{.content = base::to_text({{"memories", std::move(memories)}})};
  }
};

class MemoryForget final : public MemoryTool {
 public:
  explicit MemoryForget(core::Memories& memories)
      : MemoryTool(memories, AgentMemory::semantic, Effect::own_memory,
                   {.name = "memory_forget",
                    .description = "Forgets one memory, for good. Recall it first for its id.",
                    .input_schema = {{"type", "object"},
                                     {"properties",
                                      {{"id",
                                        {{"type", "string"},
                                         {"minLength", 1},
                                         {"maxLength", 64},
                                         {"description", "The id that memory_recall gave."}}}}},
                                     {"required", {"id"}},
                                     {"additionalProperties", false}}}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    const auto id = arguments.at("id").get<std::string>();
    auto holder = memory_holder(context);
    auto removed = co_await memories_.remove(context.scope, std::move(holder), id);
    if (removed) co_return core::ToolOutcome{.content = base::to_text({{"forgotten", id}})};
    if (removed.error().kind == base::ErrorKind::not_found) {
      co_return failed("there is no memory with the id '" + id + "'; memory_recall gives ids");
    }
    co_return memory_failure(removed.error());
  }
};

}  // namespace

std::vector<std::unique_ptr<Tool>> memory_text_tools(core::Memories& memories) {
  std::vector<std::unique_ptr<Tool>> out;
  out.push_back(std::make_unique<MemoryRemember>(memories));
  out.push_back(std::make_unique<MemoryRecall>(memories));
  out.push_back(std::make_unique<MemoryForget>(memories));
  return out;
}

}  // namespace colonnade::tools
