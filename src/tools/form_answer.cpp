#include "tools/form_answer.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/schema_check.hpp"

namespace colonnade::tools {
namespace {

using base::Json;
using base::Result;

std::unexpected<base::Error> unfit(const std::string& message) {
  return base::fail(base::ErrorKind::invalid, "'answer' does not fit the form: " + message,
                    "answer");
}

const Json& form_member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

// A text as a human types it, in the type of its field.
Json typed(const std::string& text, const Json& property) {
  const Json& type = form_member(property, "type");
  if (type == "boolean") {
    if (text == "true" || text == "yes") return true;
    if (text == "false" || text == "no") return false;
  }
  if (type == "number" || type == "integer") {
    auto number = base::parse_json(text, "answer");
    if (number && number->is_number()) return *std::move(number);
  }
  return text;
}

Result<Json> content_of(const Json& answer, const Json& properties) {
  if (answer.is_object()) return answer;
  if (answer.is_null()) return Json::object();
  if (answer.is_string()) {
    auto parsed = base::parse_json(answer.get_ref<const std::string&>(), "answer");
    if (parsed && parsed->is_object()) return *std::move(parsed);
  }
  if (!properties.is_object() || properties.size() != 1) {
    return unfit("give an object with its fields");
  }
  const auto field = properties.begin();
  Json content = Json::object();
  content[field.key()] =
      answer.is_string() ? typed(answer.get_ref<const std::string&>(), field.value()) : answer;
  return content;
}

// A field that is left out is what the form says it is then.
Json with_defaults(Json content, const Json& properties) {
  if (!properties.is_object()) return content;
  for (const auto& [name, property] : properties.items()) {
    const Json& value = form_member(property, "default");
    if (!value.is_null() && !content.contains(name)) content[name] = value;
  }
  return content;
}

}  // namespace

Result<Json> form_answer(const Json& params, const Json& form) {
  const Json& properties = form_member(form, "properties");
  auto content = content_of(form_member(params, "answer"), properties);
  if (!content) return content;
  if (auto wrong = schema_violation(form, with_defaults(*content, properties), stranger_schema)) {
    return unfit(*wrong);
  }
  return content;
}

}  // namespace colonnade::tools
