#include "tools/builtin/question.hpp"

#include "tools/builtin/limits.hpp"
#include "tools/form_answer.hpp"

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
  // What a server asks is bounded elsewhere, and its answer depends on the form.
  base::Json& properties = accepted_["properties"];
  properties["question"] = {{"type", "string"}};
  properties["options"] = {{"type", "array"}};
  properties["form"] = {{"type", "object"}};
  properties["server"] = {{"type", "string"}};
  properties["answer"] = base::Json::object();
}

base::Result<base::Json> QuestionTool::canonical(const ToolContext& /*context*/,
                                                 base::Json arguments,
                                                 core::ArgumentsFrom from) const {
  if (from != core::ArgumentsFrom::approver) return arguments;
  if (const auto form = arguments.find("form"); form != arguments.end()) {
    if (auto content = form_answer(arguments, *form); !content) {
      return base::fail(std::move(content.error()));
    }
    return arguments;
  }
  const auto answer = arguments.find("answer");
  if (answer != arguments.end() && answer->is_string()) return arguments;
  return base::fail(base::ErrorKind::invalid,
                    "'answer' is missing; approve the question with its answer as that argument, a "
                    "string",
                    "answer");
}

base::Task<core::ToolOutcome> QuestionTool::run(ToolContext, base::Json arguments,
                                                std::stop_token) {
  const auto answer = arguments.find("answer");
  if (answer == arguments.end()) {
    co_return failed(
        "nobody answered: whoever approves this call gives the answer as its argument 'answer'");
  }
  co_return core::ToolOutcome{.content = answer->is_string() ? answer->get<std::string>()
                                                             : base::to_text(*answer)};
}

}  // namespace colonnade::tools
