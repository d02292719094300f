#include "tools/builtin/todo_write.hpp"

#include <nlohmann/json.hpp>

#include "tools/builtin/limits.hpp"

namespace colonnade::tools {

TodoWriteTool::TodoWriteTool()
    : definition_{
          .name = "todo_write",
          .description =
              "Writes down the plan of a longer task, whole each time. At most one item "
              "is in_progress.",
          .input_schema = {
              {"type", "object"},
              {"properties",
               {{"todos",
                 {{"type", "array"},
                  {"maxItems", limits::todo_items_max},
                  {"items",
                   {{"type", "object"},
                    {"properties",
                     {{"id", {{"type", "string"}, {"maxLength", limits::todo_word_bytes_max}}},
                      {"content", {{"type", "string"}, {"minLength", 1}, {"maxLength", 2000}}},
                      {"status",
                       {{"type", "string"},
                        {"maxLength", limits::todo_word_bytes_max},
                        {"description", "pending, in_progress, completed or cancelled"}}},
                      {"priority", {{"type", "string"}, {"enum", {"high", "medium", "low"}}}}}},
                    {"required", {"content", "status"}},
                    {"additionalProperties", false}}}}}}},
              {"required", {"todos"}},
              {"additionalProperties", false}}} {}

base::Task<core::ToolOutcome> TodoWriteTool::run(ToolContext, base::Json arguments,
                                                 std::stop_token) {
  int in_progress = 0;
  for (const base::Json& item : arguments.at("todos")) {
    if (item.at("status") == base::Json("in_progress")) ++in_progress;
  }
  if (in_progress > 1) {
    co_return failed("'todos' has " + std::to_string(in_progress) +
                     " items in_progress; leave one, the others are pending");
  }
  co_return core::ToolOutcome{.content = base::to_text(arguments.at("todos"))};
}

}  // namespace colonnade::tools
