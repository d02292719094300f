#include "gate/value.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace colonnade::gate {
namespace {

constexpr std::size_t members_compared_max = 16;  // beyond, a table finds equal keys faster

void keep_last_of_equal_keys(Value::Object& members) {
  std::unordered_map<std::string, std::size_t> seen;
  const bool use_table = members.size() > members_compared_max;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::size_t first = kept;
    if (use_table) {
      first = seen.try_emplace(members[i].key, kept).first->second;
    } else {
      first = 0;
      while (first < kept && members[first].key != members[i].key) ++first;
    }
    if (first < kept) {
      members[first].value = std::move(members[i].value);
      continue;
    }
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(kept), members.end());
}

// Builds a Value from nlohmann's events. A container under construction waits on a stack.
class Builder {
 public:
  using number_integer_t = base::Json::number_integer_t;
  using number_unsigned_t = base::Json::number_unsigned_t;
  using number_float_t = base::Json::number_float_t;
  using string_t = base::Json::string_t;
  using binary_t = base::Json::binary_t;

  // NOLINTBEGIN(readability-identifier-naming): the parser prescribes the names.
  bool null() { return add({}); }
  bool boolean(bool flag) { return add(flag); }
  bool number_integer(number_integer_t number) { return add(std::int64_t{number}); }
  bool number_unsigned(number_unsigned_t number) {
    return add(Value::Integer{std::to_string(number)});
  }
  bool number_float(number_float_t number, const string_t& token) {
    if (token.find_first_of(".eE") == std::string::npos) return add(Value::Integer{token});
    return add(Value(number));
  }
  bool string(string_t& text) { return add(std::move(text)); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(true); }
  bool key(string_t& name) {
    open_.back().members.push_back({.key = std::move(name), .value = {}});
    return true;
  }
  bool end_object() {
    Value::Object members = std::move(open_.back().members);
    open_.pop_back();
    return add(std::move(members));
  }
  bool start_array(std::size_t) { return open(false); }
  bool end_array() {
    Value::Array items = std::move(open_.back().items);
    open_.pop_back();
    return add(std::move(items));
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) {
    constexpr int out_of_range = 406;
    problem_ = e.id == out_of_range ? "a number is too large" : "there is a syntax error";
    problem_ += " near byte " + std::to_string(position);
    return false;
  }
  // NOLINTEND(readability-identifier-naming)

  Value take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

 private:
  struct Open {
    bool is_object;
    Value::Object members{};
    Value::Array items{};
  };

  bool open(bool is_object) {
    if (open_.size() == limits::json_depth_max) {
      problem_ = "nested deeper than " + std::to_string(limits::json_depth_max) + " levels";
      return false;
    }
    open_.push_back({.is_object = is_object});
    return true;
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.back().value = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Open> open_;
  Value root_;
  std::string problem_;
};

// Throws the reason as text; from_json turns it into an Error.
Value copy_of(const base::Json& json, std::size_t depth) {
  using Kind = base::Json::value_t;
  const auto text_of = [](const std::string& text) {
    if (!base::is_valid_utf8(text)) throw std::invalid_argument("text that is not UTF-8");
    return text;
  };
  if (depth > limits::json_depth_max) throw std::invalid_argument("too many nested levels");
  switch (json.type()) {
    case Kind::null: return {};
    case Kind::boolean: return json.get<bool>();
    case Kind::number_integer: return json.get<std::int64_t>();
    case Kind::number_unsigned: return Value::Integer{std::to_string(json.get<std::uint64_t>())};
    case Kind::number_float: return Value(json.get<double>());
    case Kind::string: return text_of(json.get_ref<const std::string&>());
    case Kind::array: {
      Value::Array items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(copy_of(item, depth + 1));
      return items;
    }
    case Kind::object: {
      Value::Object members;
      members.reserve(json.size());
      for (const auto& [key, item] : json.items()) {
        members.push_back({.key = text_of(key), .value = copy_of(item, depth + 1)});
      }
      return members;
    }
    case Kind::binary:
    case Kind::discarded: break;
  }
  throw std::invalid_argument("a value that JSON does not have");
}

base::Json integer_of(const std::string& digits) {
  const char* end = digits.data() + digits.size();
  std::int64_t number = 0;
  if (std::from_chars(digits.data(), end, number).ec == std::errc()) return number;
  std::uint64_t large = 0;
  if (digits.front() != '-' && std::from_chars(digits.data(), end, large).ec == std::errc()) {
    return large;
  }
  double real = 0;
  std::from_chars(digits.data(), end, real);
  return real;
}

}  // namespace

Value::Value(double number) : data_(number) {
  if (!std::isfinite(number)) throw std::invalid_argument("a number that is not finite");
}

Value::Value(Object members) : data_(std::move(members)) { keep_last_of_equal_keys(*object()); }

base::Result<Value> Value::parse(std::string_view text, std::string_view what) {
  Builder builder;
  if (base::Json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  return base::fail(base::ErrorKind::invalid,
                    std::string(what) + " is not valid JSON: " + builder.problem(),
                    std::string(what));
}

base::Result<Value> Value::from_json(const base::Json& json, std::string_view what) {
  try {
    return copy_of(json, 0);
  } catch (const std::invalid_argument& reason) {
    return base::fail(base::ErrorKind::invalid,
                      std::string(what) + " is not usable: it holds " + reason.what(),
                      std::string(what));
  }
}

base::Json Value::to_json() const {
  if (const auto* flag = boolean()) return *flag;
  if (const auto* whole = integer()) return integer_of(whole->digits);
  if (const auto* number = real()) return *number;
  if (const auto* string = text()) return *string;
  if (const auto* items = array()) {
    base::Json out = base::Json::array();
    for (const Value& item : *items) out.push_back(item.to_json());
    return out;
  }
  if (const auto* members = object()) {
    base::Json out = base::Json::object();
    for (const Member& member : *members) out[member.key] = member.value.to_json();
    return out;
  }
  return nullptr;
}

const Value* Value::find(std::string_view key) const {
  if (const auto* members = object()) {
    for (const Member& member : *members) {
      if (member.key == key) return &member.value;
    }
  }
  return nullptr;
}

std::string_view Value::kind() const {
  if (boolean() != nullptr) return "true or false";
  if (integer() != nullptr || real() != nullptr) return "a number";
  if (text() != nullptr) return "text";
  if (array() != nullptr) return "a list";
  if (object() != nullptr) return "an object";
  return "null";
}

bool Value::operator==(const Value& other) const { return data_ == other.data_; }

}  // namespace colonnade::gate
