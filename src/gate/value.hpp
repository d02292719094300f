// A JSON value that keeps what hashing and matching need and base::Json loses: the order of members
// as received, and integers of any size as their digits.
//
// Free of NaN and infinities by construction. Copyable, no shared state.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"

namespace colonnade::gate {

class Value {
 public:
  // "0" or an optional minus and digits without a leading zero; below 1.8e308 in size.
  struct Integer {
    std::string digits = "0";
    bool operator==(const Integer&) const = default;
  };
  struct Member;
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;  // each key once

  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  template <std::same_as<bool> B>
  Value(B flag);
  Value(std::int64_t number);
  Value(int number);
  Value(Integer number);
  // Throws std::invalid_argument unless `number` is finite.
  explicit Value(double number);
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(Array items);
  // Of equal keys the last value counts, at the place of the first.
  Value(Object members);

  // Parses untrusted text. Errors are ErrorKind::invalid and name `what`. Refuses what is not JSON
  // (NaN, Infinity), invalid UTF-8, lone surrogates, numbers beyond a double, anything behind the
  // value, nesting deeper than limits::json_depth_max.
  static base::Result<Value> parse(std::string_view text, std::string_view what);
  // Refuses NaN, infinities, binary values, invalid UTF-8 and nesting deeper than
  // limits::json_depth_max.
  static base::Result<Value> from_json(const base::Json& json, std::string_view what);
  // Sorts members; integers beyond 64 bits become doubles.
  base::Json to_json() const;

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const Integer* integer() const { return std::get_if<Integer>(&data_); }
  const double* real() const { return std::get_if<double>(&data_); }
  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  std::string* text() { return std::get_if<std::string>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }

  // The member of an object; nullptr when there is none or this is no object.
  const Value* find(std::string_view key) const;
  // "null", "true or false", "a number", "text", "a list", "an object": for messages.
  std::string_view kind() const;

  // Same kind and content, members in the same order. python.hpp has Python's equality.
  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, Integer, double, std::string, Array, Object> data_;
};

struct Value::Member {
  std::string key{};
  Value value{};
  bool operator==(const Member&) const = default;
};

// Behind Member, without which a Value has no size.
inline Value::Value() = default;
inline Value::Value(const Value&) = default;
inline Value::Value(Value&&) noexcept = default;
inline Value& Value::operator=(const Value&) = default;
inline Value& Value::operator=(Value&&) noexcept = default;
inline Value::~Value() = default;
template <std::same_as<bool> B>
Value::Value(B flag) : data_(flag) {}
inline Value::Value(std::int64_t number) : data_(Integer{std::to_string(number)}) {}
inline Value::Value(int number) : Value(std::int64_t{number}) {}
inline Value::Value(Integer number) : data_(std::move(number)) {}
inline Value::Value(std::string text) : data_(std::move(text)) {}
inline Value::Value(std::string_view text) : data_(std::string(text)) {}
inline Value::Value(const char* text) : data_(std::string(text)) {}
inline Value::Value(Array items) : data_(std::move(items)) {}

}  // namespace colonnade::gate
