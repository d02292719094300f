#include "dialects/tandem/questions_wire.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "base/utf8.hpp"
#include "dialects/tandem/limits.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string label_of(const Json& option) {
  if (option.is_string()) return option.get<std::string>();
  return option.is_object() ? text_of(option, "label") : base::to_text(option);
}

void write_option(JsonWriter& json, const Json& option) {
  json.object().field("label", label_of(option));
  json.field("description", option.is_object() ? text_of(option, "description") : std::string());
  json.end_object();
}

void write_question(JsonWriter& json, const Json& question) {
  const std::string text = text_of(question, "question");
  std::string header = text_of(question, "header");
  if (header.empty()) {
    header = std::string(base::first_characters(text, limits::tandem_question_header_chars_max));
  }
  json.object().field("header", header).field("question", text).key("options").array();
  const auto options = question.find("options");
  if (options != question.end() && options->is_array()) {
    for (const Json& each : *options) write_option(json, each);
  }
  json.end_array().field("custom", true).end_object();
}

const Json* several_of(const Json& arguments) {
  const auto several = arguments.find("questions");
  const bool is_list = several != arguments.end() && several->is_array() && !several->empty();
  return is_list ? &*several : nullptr;
}

}  // namespace

bool is_question(std::string_view tool) { return tool == "question"; }

void write_questions(JsonWriter& json, const Json& arguments) {
  json.array();
  if (const Json* several = several_of(arguments)) {
    for (const Json& each : *several) {
      if (each.is_object()) write_question(json, each);
    }
  } else {
    write_question(json, arguments);
  }
  json.end_array();
}

std::string question_text(const Json& arguments) {
  if (const Json* several = several_of(arguments)) {
    return several->front().is_object() ? text_of(several->front(), "question") : std::string();
  }
  return text_of(arguments, "question");
}

std::vector<std::string> choices_of(const Json& arguments) {
  const Json* several = several_of(arguments);
  const Json& question = several != nullptr ? several->front() : arguments;
  std::vector<std::string> out;
  const auto options = question.find("options");
  if (options == question.end() || !options->is_array()) return out;
  for (const Json& each : *options) out.push_back(label_of(each));
  return out;
}

}  // namespace colonnade::dialects::tandem
