#include "tools/builtin/question.hpp"

#include "tools/builtin/limits.hpp"

namespace colonnade::tools {

QuestionTool::QuestionTool()
    : definition_{.name = "question",
                  .description =
                      "Asks the user something that only they can decide, and waits for "
                      "the answer. Offer options where there are clear ones.",
                  .input_schema = {{"type", "object"},
                                   {"properties",
                                    {{"question",
                                      {{"type", "string"}, {"minLength", 1}, {"maxLength", 4000}}},
                                     {"options",
                                      {{"type", "array"},
                                       {"maxItems", limits::question_options_max},
                                       {"items", {{"type", "string"}, {"maxLength", 500}}}}}}},
                                   {"required", {"question"}},
                                   {"additionalProperties", false}}},
      accepted_(definition_.input_schema) {
  accepted_["properties"]["answer"] = {{"type", "string"}};
}

base::Task<core::ToolOutcome> QuestionTool::run(ToolContext, base::Json arguments,
                                                std::stop_token) {
  const auto answer = arguments.find("answer");
  if (answer == arguments.end()) {
    co_return failed(
        "nobody answered: whoever approves this call gives the answer as its argument 'answer'");
  }
  co_return core::ToolOutcome{.content = answer->get<std::string>()};
}

}  // namespace colonnade::tools
