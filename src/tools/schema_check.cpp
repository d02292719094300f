#include "tools/schema_check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

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
  return false;
}

std::string type_names(const Json& type) {
  if (type.is_string()) return type.get<std::string>();
  std::string out;
  for (const Json& name : type) {
    if (!out.empty()) out += " or ";
    out += name.get<std::string>();
  }
  return out;
}

class Checker {
 public:
  std::optional<std::string> check(const Json& schema, const Json& value, const std::string& path) {
    if (auto wrong = check_type(schema, value, path)) return wrong;
    if (auto wrong = check_enum(schema, value, path)) return wrong;
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
    const auto type = schema.find("type");
    if (type == schema.end()) return std::nullopt;
    const bool fits = type->is_string()
                          ? has_type(value, type->get_ref<const std::string&>())
                          : std::ranges::any_of(*type, [&value](const Json& name) {
                              return has_type(value, name.get_ref<const std::string&>());
                            });
    if (fits) return std::nullopt;
    return named(path) + " must be of type " + type_names(*type) + ", not " + value.type_name();
  }

  static Violation check_enum(const Json& schema, const Json& value, const std::string& path) {
    const auto choices = schema.find("enum");
    if (choices == schema.end() || std::ranges::find(*choices, value) != choices->end()) {
      return std::nullopt;
    }
    std::string all;
    for (const Json& choice : *choices) all += (all.empty() ? "" : ", ") + base::to_text(choice);
    return named(path) + " must be one of " + all;
  }

  Violation check_object(const Json& schema, const Json& value, const std::string& path) {
    static const Json none = Json::object();
    const auto found = schema.find("properties");
    const Json& properties = found == schema.end() ? none : *found;
    if (const auto required = schema.find("required"); required != schema.end()) {
      for (const Json& name : *required) {
        const auto& key = name.get_ref<const std::string&>();
        if (value.contains(key)) continue;
        std::string text = named(member(path, key)) + " is missing";
        if (const auto property = properties.find(key);
            property != properties.end() && property->contains("type")) {
          text += "; give it as " + type_names(property->at("type"));
        }
        return text;
      }
    }
    const bool closed =
        schema.contains("additionalProperties") && schema.at("additionalProperties") == Json(false);
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

  Violation check_array(const Json& schema, const Json& value, const std::string& path) {
    if (const auto min = schema.find("minItems");
        min != schema.end() && value.size() < min->get<std::size_t>()) {
      return named(path) + " needs at least " + min->dump() + " items";
    }
    if (const auto max = schema.find("maxItems");
        max != schema.end() && value.size() > max->get<std::size_t>()) {
      return named(path) + " has more than " + max->dump() + " items; give fewer";
    }
    const auto items = schema.find("items");
    if (items == schema.end()) return std::nullopt;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto wrong = check(*items, value[i], path + "[" + std::to_string(i) + "]")) return wrong;
    }
    return std::nullopt;
  }

  static Violation check_string(const Json& schema, const Json& value, const std::string& path) {
    const std::size_t size = value.get_ref<const std::string&>().size();
    if (const auto min = schema.find("minLength");
        min != schema.end() && size < min->get<std::size_t>()) {
      return named(path) +
             (size == 0 ? " must not be empty" : " is shorter than " + min->dump() + " bytes");
    }
    if (const auto max = schema.find("maxLength");
        max != schema.end() && size > max->get<std::size_t>()) {
      return named(path) + " is longer than " + max->dump() + " bytes; shorten it";
    }
    return std::nullopt;
  }

  static Violation check_number(const Json& schema, const Json& value, const std::string& path) {
    if (const auto min = schema.find("minimum"); min != schema.end() && value < *min) {
      return named(path) + " must be at least " + min->dump();
    }
    if (const auto max = schema.find("maximum"); max != schema.end() && value > *max) {
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
};

}  // namespace

std::optional<std::string> schema_violation(const Json& schema, const Json& value) {
  return Checker().check(schema, value, "");
}

}  // namespace colonnade::tools
