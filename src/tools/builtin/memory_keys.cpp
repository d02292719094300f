#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "core/memory/limits.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/memory_tool.hpp"

namespace colonnade::tools {
namespace {

using core::AgentMemory;
using core::MemoryFilter;

base::Json key_schema(const char* description) {
  return {{"type", "string"},
          {"minLength", 1},
          {"maxLength", limits::memory_key_bytes_max},
          {"description", description}};
}

base::Json object_schema(base::Json properties, base::Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

core::ToolOutcome no_such_key(const std::string& key) {
  return failed("nothing is kept under the key '" + key + "'; memory_list shows the keys");
}

class MemoryRead final : public MemoryTool {
 public:
  explicit MemoryRead(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::persistent, Effect::none,
            {.name = "memory_read",
             .description = "Reads what was kept under a key by memory_write, also in earlier "
                            "conversations.",
             .input_schema = object_schema({{"key", key_schema("The exact key.")}}, {"key"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    const auto key = arguments.at("key").get<std::string>();
    const auto item = co_await memories_.read(context.scope, memory_holder(context), key);
    if (item) co_return core::ToolOutcome{.content = item->text};
    if (item.error().kind == base::ErrorKind::not_found) co_return no_such_key(key);
    co_return memory_failure(item.error());
  }
};

class MemoryWrite final : public MemoryTool {
 public:
  explicit MemoryWrite(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::persistent, Effect::own_memory,
            {.name = "memory_write",
             .description =
                 "Keeps a value under a key for later conversations, in place of what the key had. "
                 "Use it for what stays true: preferences, names, decisions, the state of work.",
             .input_schema =
                 object_schema({{"key", key_schema("A short name that will be found again, such as "
                                                   "'user/name' or 'project/deadline'.")},
                                {"value",
                                 {{"type", "string"},
                                  {"maxLength", limits::memory_value_bytes_max},
                                  {"description", "The text to keep; JSON for what has parts."}}}},
                               {"key", "value"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    core::NewMemory input{.key = arguments.at("key").get<std::string>(),
                          .text = arguments.at("value").get<std::string>(),
                          .thread_id = context.thread_id,
                          .run_id = context.run_id};
    auto holder = memory_holder(context);
    auto stored = co_await memories_.put(context.lane, context.scope, std::move(holder),
                                         std::move(input), stop);
    if (!stored) co_return memory_failure(stored.error());
    const base::Json result = {{"key", stored->item.key}, {"replaced", stored->replaced}};
    co_return core::ToolOutcome{.content = base::to_text(result)};
  }
};

class MemoryDelete final : public MemoryTool {
 public:
  explicit MemoryDelete(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::persistent, Effect::own_memory,
            {.name = "memory_delete",
             .description = "Removes what was kept under a key, for good.",
             .input_schema = object_schema({{"key", key_schema("The exact key.")}}, {"key"})}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    const auto key = arguments.at("key").get<std::string>();
    auto holder = memory_holder(context);
    auto removed = co_await memories_.remove_key(context.scope, std::move(holder), key);
    if (removed) co_return core::ToolOutcome{.content = base::to_text({{"deleted", key}})};
    if (removed.error().kind == base::ErrorKind::not_found) co_return no_such_key(key);
    co_return memory_failure(removed.error());
  }
};

class MemoryList final : public MemoryTool {
 public:
  explicit MemoryList(core::Memories& memories)
      : MemoryTool(
            memories, AgentMemory::persistent, Effect::none,
            {.name = "memory_list",
             .description = "Lists keys and the beginning of what is kept under each, in the order "
                            "of the keys.",
             .input_schema = object_schema(
                 {{"prefix",
                   {{"type", "string"},
                    {"maxLength", limits::memory_key_bytes_max},
                    {"description", "Only keys that begin with this."}}},
                  {"offset",
                   {{"type", "integer"},
                    {"minimum", 0},
                    {"maximum", limits::memory_items_max},
                    {"description", "Keys to skip, to go on after a list with \"more\": true."}}}},
                 base::Json::array())}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    MemoryFilter filter{.shape = MemoryFilter::Shape::keyed,
                        .key_prefix = arguments.value("prefix", ""),
                        .limit = limits::memory_keys_shown + 1,
                        .offset = arguments.value("offset", std::size_t{0})};
    auto items = co_await memories_.list(context.scope, memory_holder(context), filter);
    if (!items) co_return memory_failure(items.error());
    const bool more = items->size() > limits::memory_keys_shown;
    if (more) items->pop_back();
    base::Json shown = base::Json::array();
    for (const core::MemoryItem& item : *items) {
      const auto text = base::cut_utf8(item.text, limits::memory_value_bytes_shown);
      base::Json one = {{"key", item.key}, {"value", text}};
      if (text.size() < item.text.size()) one["cut"] = true;
      shown.push_back(std::move(one));
    }
    const base::Json result = {{"items", std::move(shown)}, {"more", more}};
    co_return core::ToolOutcome{.content = base::to_text(result)};
  }
};

}  // namespace

core::MemoryHolder memory_holder(const ToolContext& context) {
  return {.owner = context.user_id, .agent_id = context.agent_id};
}

core::ToolOutcome memory_failure(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::invalid:
    case base::ErrorKind::too_large:
    case base::ErrorKind::not_found:
    case base::ErrorKind::conflict: return failed(error.message);
    default: return failed("the memory cannot be reached now; go on without it");
  }
}

std::vector<std::unique_ptr<Tool>> memory_key_tools(core::Memories& memories) {
  std::vector<std::unique_ptr<Tool>> out;
  out.push_back(std::make_unique<MemoryRead>(memories));
  out.push_back(std::make_unique<MemoryWrite>(memories));
  out.push_back(std::make_unique<MemoryDelete>(memories));
  out.push_back(std::make_unique<MemoryList>(memories));
  return out;
}

}  // namespace colonnade::tools
