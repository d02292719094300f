#include "colonnade/json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "net/limits.hpp"
#include "sdk/json_document.hpp"

namespace colonnade::inline v1 {
namespace {

std::string_view name_of(Json::Type type) {
  switch (type) {
    case Json::Type::null: return "null";
    case Json::Type::boolean: return "a boolean";
    case Json::Type::int64:
    case Json::Type::uint64: return "an integer";
    case Json::Type::number: return "a number";
    case Json::Type::string: return "a string";
    case Json::Type::array: return "an array";
    case Json::Type::object: return "an object";
  }
  return "null";
}

[[noreturn]] void fail(std::string message) {
  throw JsonError(Failure{.kind = ErrorKind::malformed, .message = std::move(message)});
}

[[noreturn]] void expected(std::string_view what, const Json& found) {
  std::string shown = found.dump();
  if (shown.size() > 60) shown = std::string(name_of(found.type()));
  fail("expected " + std::string(what) + ", found " + shown);
}

// A double that is exactly an integer of type I.
template <class I>
bool whole(double number, double low, double high) {
  return number >= low && number < high && std::trunc(number) == number;
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::Type::null: out += "null"; return;
    case Json::Type::boolean: out += value.as_bool() ? "true" : "false"; return;
    case Json::Type::int64: append_number(out, value.as_int64()); return;
    case Json::Type::uint64: append_number(out, value.as_uint64()); return;
    case Json::Type::number:
      if (std::isfinite(value.as_double())) {
        append_number(out, value.as_double());
      } else {
        out += "null";
      }
      return;
    case Json::Type::string: base::append_json_string(out, value.as_string()); return;
    case Json::Type::array: {
      char separator = '[';
      for (const Json& item : value.as_array()) {
        out += separator;
        append(out, item);
        separator = ',';
      }
      out += value.size() == 0 ? "[]" : "]";
      return;
    }
    case Json::Type::object: {
      char separator = '{';
      for (const auto& [key, member] : value.as_object()) {
        out += separator;
        base::append_json_string(out, key);
        out += ':';
        append(out, member);
        separator = ',';
      }
      out += value.size() == 0 ? "{}" : "}";
      return;
    }
  }
}

// One reference token of a JSON Pointer, with ~1 and ~0 undone.
std::string unescape(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

const Json* step(const Json& from, const std::string& token) {
  if (from.is_object()) return from.find(token);
  if (!from.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc{} || end != token.data() + token.size()) return nullptr;
  return index < from.size() ? &from.as_array()[index] : nullptr;
}

template <class F>
auto at_path(std::string_view pointer, F&& convert) {
  try {
    return convert();
  } catch (const JsonError& error) {
    fail("JSON at \"" + std::string(pointer) + "\": " + error.what());
  }
}

}  // namespace

JsonError::~JsonError() = default;

Json::Json(std::initializer_list<std::pair<std::string, Json>> members) {
  Object object;
  for (const auto& [key, member] : members) object.insert_or_assign(key, member);
  value_ = std::move(object);
}

Result<Json> Json::try_parse(std::string_view text) {
  auto document = detail::parse_document(text);
  if (!document) return std::move(document).error();
  return detail::to_json(*document);
}

Json Json::parse(std::string_view text) {
  auto parsed = try_parse(text);
  if (!parsed) throw JsonError(std::move(parsed).error());
  return *std::move(parsed);
}

std::string Json::dump() const {
  std::string out;
  append(out, *this);
  return out;
}

bool Json::as_bool() const {
  if (const bool* flag = std::get_if<bool>(&value_)) return *flag;
  expected("a boolean", *this);
}

std::int64_t Json::as_int64() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return *number;
  if (const auto* number = std::get_if<double>(&value_)) {
    if (whole<std::int64_t>(*number, -0x1p63, 0x1p63)) return static_cast<std::int64_t>(*number);
  }
  expected("a signed 64-bit integer", *this);
}

std::uint64_t Json::as_uint64() const {
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* number = std::get_if<double>(&value_)) {
    if (whole<std::uint64_t>(*number, 0, 0x1p64)) return static_cast<std::uint64_t>(*number);
  }
  expected("an unsigned 64-bit integer", *this);
}

double Json::as_double() const {
  if (const auto* number = std::get_if<double>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*number);
  expected("a number", *this);
}

const std::string& Json::as_string() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  expected("a string", *this);
}

const Json::Array& Json::as_array() const {
  if (const auto* items = std::get_if<Array>(&value_)) return *items;
  expected("an array", *this);
}

Json::Array& Json::as_array() {
  if (auto* items = std::get_if<Array>(&value_)) return *items;
  expected("an array", *this);
}

const Json::Object& Json::as_object() const {
  if (const auto* members = std::get_if<Object>(&value_)) return *members;
  expected("an object", *this);
}

Json::Object& Json::as_object() {
  if (auto* members = std::get_if<Object>(&value_)) return *members;
  expected("an object", *this);
}

const Json& Json::operator[](std::string_view key) const {
  if (!is_object()) expected("an object with the member \"" + std::string(key) + "\"", *this);
  if (const Json* member = find(key)) return *member;
  std::string names;
  for (const auto& [name, member] : as_object()) names += (names.empty() ? "" : ", ") + name;
  fail("no member \"" + std::string(key) + "\" in an object with " +
       (names.empty() ? "no members" : "the members " + names));
}

const Json& Json::operator[](std::size_t index) const {
  const Array& items = as_array();
  if (index < items.size()) return items[index];
  fail("no item " + std::to_string(index) + " in an array of " + std::to_string(items.size()));
}

const Json* Json::find(std::string_view key) const noexcept {
  const auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  const auto found = members->find(key);
  return found == members->end() ? nullptr : &found->second;
}

Json* Json::find(std::string_view key) noexcept {
  return const_cast<Json*>(std::as_const(*this).find(key));
}

std::size_t Json::size() const noexcept {
  if (const auto* items = std::get_if<Array>(&value_)) return items->size();
  if (const auto* members = std::get_if<Object>(&value_)) return members->size();
  return 0;
}

const Json& Json::at(std::string_view pointer) const {
  if (!pointer.empty() && pointer.front() != '/') {
    fail("the JSON Pointer \"" + std::string(pointer) + "\" does not start with \"/\"");
  }
  const Json* here = this;
  std::string_view rest = pointer;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto end = rest.find('/');
    const std::string token = unescape(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    const Json* next = step(*here, token);
    if (next == nullptr) {
      fail("JSON at \"" + std::string(pointer) + "\": there is no \"" + token + "\" in " +
           std::string(name_of(here->type())));
    }
    here = next;
  }
  return *here;
}

template <>
bool Json::get<bool>(std::string_view pointer) const {
  const Json& value = at(pointer);
  return at_path(pointer, [&] { return value.as_bool(); });
}
template <>
std::int64_t Json::get<std::int64_t>(std::string_view pointer) const {
  const Json& value = at(pointer);
  return at_path(pointer, [&] { return value.as_int64(); });
}
template <>
std::uint64_t Json::get<std::uint64_t>(std::string_view pointer) const {
  const Json& value = at(pointer);
  return at_path(pointer, [&] { return value.as_uint64(); });
}
template <>
double Json::get<double>(std::string_view pointer) const {
  const Json& value = at(pointer);
  return at_path(pointer, [&] { return value.as_double(); });
}
template <>
std::string Json::get<std::string>(std::string_view pointer) const {
  const Json& value = at(pointer);
  return at_path(pointer, [&] { return value.as_string(); });
}
template <>
Json Json::get<Json>(std::string_view pointer) const {
  return at(pointer);
}

Json& Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  as_object().insert_or_assign(std::move(key), std::move(value));
  return *this;
}

Json& Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  as_array().push_back(std::move(value));
  return *this;
}

bool operator==(const Json& a, const Json& b) noexcept {
  if (a.type() == b.type()) return a.value_ == b.value_;
  if (!a.is_number() || !b.is_number()) return false;
  // Of two integers of different type one is beyond int64, so they differ.
  if (a.is_integer() && b.is_integer()) return false;
  return a.as_double() == b.as_double();
}

namespace detail {

Result<simdjson::dom::element> parse_document(std::string_view text) {
  thread_local simdjson::dom::parser parser(limits::client_reply_bytes_max);
  if (parser.max_depth() != limits::json_depth_max) {
    [[maybe_unused]] const auto allocated = parser.allocate(4096, limits::json_depth_max);
  }
  simdjson::dom::element root;
  auto error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::NUMBER_ERROR) {
    // Integers beyond 64 bits are rare but legal: the other parser makes doubles of them.
    if (const auto tree = base::parse_json(text, "text")) {
      const std::string rewritten = base::to_text(*tree);
      error = parser.parse(rewritten.data(), rewritten.size()).get(root);
    }
  }
  if (error == simdjson::SUCCESS) return root;
  std::string why = simdjson::error_message(error);
  if (error == simdjson::EMPTY) why = "it is empty";
  if (error == simdjson::UTF8_ERROR) why = "it is not UTF-8";
  if (error == simdjson::DEPTH_ERROR) {
    why = "it is nested deeper than " + std::to_string(limits::json_depth_max) + " levels";
  }
  return Failure{.kind = ErrorKind::malformed, .message = "not valid JSON: " + why};
}

Json to_json(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::OBJECT: {
      Json::Object members;
      for (const auto [key, value] : simdjson::dom::object(element)) {
        members.insert_or_assign(std::string(key), to_json(value));
      }
      return members;
    }
    case element_type::ARRAY: {
      Json::Array items;
      for (const simdjson::dom::element value : simdjson::dom::array(element)) {
        items.push_back(to_json(value));
      }
      return items;
    }
    case element_type::STRING: return std::string_view(element);
    case element_type::INT64: return std::int64_t(element);
    case element_type::UINT64: return std::uint64_t(element);
    case element_type::DOUBLE: return double(element);
    case element_type::BOOL: return bool(element);
    case element_type::NULL_VALUE: return nullptr;
  }
  return nullptr;
}

}  // namespace detail
}  // namespace colonnade::inline v1
