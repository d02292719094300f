#include "tools/schema_check.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace colonnade::tools {
namespace {

using base::Json;

bool has_type(const Json& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    if (value.is_number_integer()) return true;
    // 3.0 is the integer 3; beyond 2^53 a double no longer tells integers apart.
    constexpr double exact_max = 9007199254740992.0;
    if (!value.is_number_float()) return false;
    const double number = value.get<double>();
    return number >= -exact_max && number <= exact_max &&
           number == static_cast<double>(static_cast<std::int64_t>(number));
  }
  return true;  // a name that JSON Schema does not know
}

// The names of a `type`: one, or a list of them.
std::vector<std::string> type_names(const Json& schema) {
  const auto type = schema.find("type");
  if (type == schema.end()) return {};
  if (type->is_string()) return {type->get<std::string>()};
  std::vector<std::string> out;
  if (!type->is_array()) return out;
  for (const Json& name : *type) {
    if (name.is_string()) out.push_back(name.get<std::string>());
  }
  return out;
}

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : between).append(name);
  return out;
}

// A keyword that has to be a list, an object or a number; null when it is not there or is not one.
const Json* keyword(const Json& schema, const char* name, bool (Json::*is)() const noexcept) {
  const auto found = schema.find(name);
  return found != schema.end() && ((*found).*is)() ? &*found : nullptr;
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Where a schema may name members beside `properties`.
constexpr auto keywords_with_members = std::to_array<const char*>(
    {"patternProperties", "unevaluatedProperties", "propertyNames", "$ref", "$dynamicRef", "allOf",
     "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"});

class Checker {
 public:
  explicit Checker(SchemaReading reading) : reading_(reading) {}

  std::optional<std::string> check(const Json& schema, const Json& value, const std::string& path) {
    if (auto wrong = check_type(schema, value, path)) return wrong;
    if (auto wrong = check_enum(schema, value, path)) return wrong;
    if (auto wrong = check_alternatives(schema, value, path)) return wrong;
    if (value.is_object()) return check_object(schema, value, path);
    if (value.is_array()) return check_array(schema, value, path);
    if (value.is_string()) return check_string(schema, value, path);
    if (value.is_number()) return check_number(schema, value, path);
    return std::nullopt;
  }

 private:
  using Violation = std::optional<std::string>;

  static std::string named(const std::string& path) {
    return path.empty() ? "the arguments" : "'" + path + "'";
  }

  static Violation check_type(const Json& schema, const Json& value, const std::string& path) {
    const auto types = type_names(schema);
    const bool fits = types.empty() || std::ranges::any_of(types, [&](const std::string& type) {
                        return has_type(value, type);
                      });
    if (fits) return std::nullopt;
    return named(path) + " must be of type " + joined(types, " or ") + ", not " + value.type_name();
  }

  static Violation check_enum(const Json& schema, const Json& value, const std::string& path) {
    const auto only = schema.find("const");
    if (only != schema.end() && *only != value) {
      return named(path) + " must be " + base::to_text(*only);
    }
    const Json* choices = keyword(schema, "enum", &Json::is_array);
    if (choices == nullptr || std::ranges::find(*choices, value) != choices->end()) {
      return std::nullopt;
    }
    std::string all;
    for (const Json& choice : *choices) all += (all.empty() ? "" : ", ") + base::to_text(choice);
    return named(path) + " must be one of " + all;
  }

  // Of alternatives, what is wrong with the first one is said.
  Violation check_alternatives(const Json& schema, const Json& value, const std::string& path) {
    if (const Json* all = keyword(schema, "allOf", &Json::is_array)) {
      for (const Json& one : *all) {
        if (auto wrong = check_part(one, value, path)) return wrong;
      }
    }
    for (const char* name : {"anyOf", "oneOf"}) {
      const Json* any = keyword(schema, name, &Json::is_array);
      if (any == nullptr) continue;
      Violation first;
      bool fits = any->empty();
      for (const Json& one : *any) {
        auto wrong = check_part(one, value, path);
        fits = fits || !wrong;
        if (!first) first = std::move(wrong);
      }
      if (!fits) return *first + ", or fit another part of " + name;
    }
    return std::nullopt;
  }

  // A part of a schema speaks of the same value and does not list all of its members.
  Violation check_part(const Json& part, const Json& value, const std::string& path) {
    const bool listed_only = std::exchange(reading_.listed_members_only, false);
    auto wrong = check(part, value, path);
    reading_.listed_members_only = listed_only;
    return wrong;
  }

  // Whether members that `properties` does not list are refused.
  bool is_closed(const Json& schema, const std::string& path) const {
    const auto others = schema.find("additionalProperties");
    if (others != schema.end()) {
      return *others == Json(false) && !schema.contains("patternProperties");
    }
    if (!reading_.listed_members_only || !path.empty()) return false;
    if (keyword(schema, "properties", &Json::is_object) == nullptr) return false;
    return std::ranges::none_of(keywords_with_members,
                                [&](const char* name) { return schema.contains(name); });
  }

  Violation check_object(const Json& schema, const Json& value, const std::string& path) {
    static const Json none = Json::object();
    const Json* found = keyword(schema, "properties", &Json::is_object);
    const Json& properties = found == nullptr ? none : *found;
    if (const Json* required = keyword(schema, "required", &Json::is_array)) {
      for (const Json& name : *required) {
        if (!name.is_string() || value.contains(name.get_ref<const std::string&>())) continue;
        return missing(properties, name.get_ref<const std::string&>(), path);
      }
    }
    const bool closed = is_closed(schema, path);
    for (const auto& [key, element] : value.items()) {
      const auto property = properties.find(key);
      if (property != properties.end()) {
        if (auto wrong = check(*property, element, member(path, key))) return wrong;
      } else if (closed) {
        return named(member(path, key)) + " is unknown; allowed are " + keys(properties);
      }
    }
    return std::nullopt;
  }

  static Violation missing(const Json& properties, const std::string& key,
                           const std::string& path) {
    std::string text = named(member(path, key)) + " is missing";
    const auto property = properties.find(key);
    if (property == properties.end()) return text;
    const auto types = type_names(*property);
    return types.empty() ? text : text + "; give it as " + joined(types, " or ");
  }

  Violation check_array(const Json& schema, const Json& value, const std::string& path) {
    if (const Json* min = keyword(schema, "minItems", &Json::is_number);
        min != nullptr && Json(value.size()) < *min) {
      return named(path) + " needs at least " + min->dump() + " items";
    }
    if (const Json* max = keyword(schema, "maxItems", &Json::is_number);
        max != nullptr && Json(value.size()) > *max) {
      return named(path) + " has more than " + max->dump() + " items; give fewer";
    }
    const Json* items = keyword(schema, "items", &Json::is_object);
    if (items == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto wrong = check(*items, value[i], path + "[" + std::to_string(i) + "]")) return wrong;
    }
    return std::nullopt;
  }

  Violation check_string(const Json& schema, const Json& value, const std::string& path) const {
    const auto& text = value.get_ref<const std::string&>();
    const bool in_bytes = reading_.length == LengthIn::bytes;
    const Json size(in_bytes ? text.size() : characters_in(text));
    const std::string unit = in_bytes ? " bytes" : " characters";
    if (const Json* min = keyword(schema, "minLength", &Json::is_number);
        min != nullptr && size < *min) {
      return named(path) +
             (text.empty() ? " must not be empty" : " is shorter than " + min->dump() + unit);
    }
    if (const Json* max = keyword(schema, "maxLength", &Json::is_number);
        max != nullptr && size > *max) {
      return named(path) + " is longer than " + max->dump() + unit + "; shorten it";
    }
    return std::nullopt;
  }

  static Violation check_number(const Json& schema, const Json& value, const std::string& path) {
    if (const Json* min = keyword(schema, "minimum", &Json::is_number);
        min != nullptr && value < *min) {
      return named(path) + " must be at least " + min->dump();
    }
    if (const Json* max = keyword(schema, "maximum", &Json::is_number);
        max != nullptr && value > *max) {
      return named(path) + " must be at most " + max->dump();
    }
    return std::nullopt;
  }

  static std::string member(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  static std::string keys(const Json& properties) {
    std::string out;
    for (const auto& [key, property] : properties.items()) {
      out += (out.empty() ? "'" : ", '") + key + "'";
    }
    return out.empty() ? "none" : out;
  }

  SchemaReading reading_;
};

}  // namespace

std::optional<std::string> schema_violation(const Json& schema, const Json& value,
                                            SchemaReading reading) {
  return Checker(reading).check(schema, value, "");
}

Json without_left_out(const Json& schema, Json arguments) {
  const Json* properties = keyword(schema, "properties", &Json::is_object);
  if (properties == nullptr || !arguments.is_object()) return arguments;
  const Json* required = keyword(schema, "required", &Json::is_array);
  for (const auto& [name, member] : properties->items()) {
    const auto given = arguments.find(name);
    if (given == arguments.end() || !given->is_null()) continue;
    if (required != nullptr && std::ranges::find(*required, Json(name)) != required->end())
      continue;
    if (schema_violation(member, *given)) arguments.erase(given);
  }
  return arguments;
}

}  // namespace colonnade::tools
