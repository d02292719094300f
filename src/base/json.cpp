#include "base/json.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace colonnade::base {
namespace {

Json to_tree(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::OBJECT: {
      Json out = Json::object();
      for (const auto [key, value] : simdjson::dom::object(element)) {
        out[std::string(key)] = to_tree(value);
      }
      return out;
    }
    case element_type::ARRAY: {
      Json out = Json::array();
      for (const simdjson::dom::element value : simdjson::dom::array(element)) {
        out.push_back(to_tree(value));
      }
      return out;
    }
    case element_type::STRING: return std::string(std::string_view(element));
    case element_type::INT64: return std::int64_t(element);
    case element_type::UINT64: return std::uint64_t(element);
    case element_type::DOUBLE: return double(element);
    case element_type::BOOL: return bool(element);
    case element_type::NULL_VALUE: return nullptr;
  }
  return nullptr;
}

// simdjson refuses integers that fit no 64-bit type; JSON allows them. Rare, so the slower parser
// may have them.
bool has_big_integer(simdjson::error_code code) { return code == simdjson::NUMBER_ERROR; }

// Whether brackets outside strings nest deeper than the limit. simdjson stops at the first error,
// so after one nobody has looked at what follows, and the slower parser has no limit of its own.
bool is_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limits::json_depth_max) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
  const auto invalid = [&](std::string_view why) {
    return fail(ErrorKind::invalid, std::string(what) + " is not valid JSON: " + std::string(why),
                std::string(what));
  };
  // Parsers take one behind a value for the end of the input.
  if (text.contains('\0')) return invalid("it holds a NUL character");
  thread_local simdjson::dom::parser parser(64 * limits::MiB);
  if (parser.max_depth() != limits::json_depth_max) {
    [[maybe_unused]] const auto allocated = parser.allocate(4096, limits::json_depth_max);
  }
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::SUCCESS) return to_tree(root);
  if (error == simdjson::DEPTH_ERROR || (has_big_integer(error) && is_too_deep(text))) {
    return invalid("nested deeper than " + std::to_string(limits::json_depth_max) + " levels");
  }
  if (has_big_integer(error)) {
    Json tree = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!tree.is_discarded()) return tree;
  }
  if (error == simdjson::EMPTY) return invalid("it is empty");
  if (error == simdjson::UTF8_ERROR) return invalid("it is not UTF-8");
  return invalid(simdjson::error_message(error));
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string member_path(std::string_view path, std::string_view name) {
  std::string out(path);
  if (!out.empty()) out += '.';
  out += name.empty() ? std::string_view(R"("")") : name;
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string repaired;
  out.push_back('"');
  std::size_t clean = 0;  // start of the run that needs no escape
  bool ascii = true;
  for (const char c : text) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  if (!ascii && !is_valid_utf8(text)) {
    repaired = replace_invalid_utf8(text);
    text = repaired;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(clean, i - clean));
    clean = i + 1;
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      default:
        out.append("\\u00");
        out.push_back(hex[c >> 4]);
        out.push_back(hex[c & 15]);
    }
  }
  out.append(text.substr(clean));
  out.push_back('"');
}

void JsonWriter::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) { return raw(flag ? "true" : "false"); }

JsonWriter& JsonWriter::value(std::int64_t number) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number).ptr;
  return raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number).ptr;
  return raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number).ptr;
  return raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::value(const Json& tree) { return raw(to_text(tree)); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace colonnade::base
