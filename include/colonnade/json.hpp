// Json: a small value type for JSON of no fixed shape. Plain value semantics: copies are deep,
// equal values compare equal, const access is safe from several threads.
//
//   Json params{{"cmd", "ls -la"}, {"limit", 3}, {"tags", Json::array({"a", "b"})}};
//   params["cmd"].as_string();
//   params.get<std::int64_t>("/limit");
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

// Text that is not JSON, or a value that is not what the program took it for.
class COLONNADE_API JsonError : public Error {
 public:
  using Error::Error;
  ~JsonError() override;
};

class COLONNADE_API Json {
 public:
  using Array = std::vector<Json>;
  // Keys are sorted, so the same value always has the same text.
  using Object = std::map<std::string, Json, std::less<>>;

  enum class Type { null, boolean, int64, uint64, number, string, array, object };

  Json() = default;
  Json(std::nullptr_t) {}
  template <std::same_as<bool> B>
  Json(B flag) : value_(flag) {}
  // Signed integers are kept as int64; unsigned ones too unless they need the 64th bit.
  template <std::integral I>
    requires(!std::same_as<I, bool> && !std::same_as<I, char>)
  Json(I number) {
    if constexpr (std::unsigned_integral<I>) {
      constexpr auto int64_max =
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (static_cast<std::uint64_t>(number) > int64_max) {
        value_ = static_cast<std::uint64_t>(number);
        return;
      }
    }
    value_ = static_cast<std::int64_t>(number);
  }
  // NaN and the infinities have no JSON text; dump() writes null for them.
  Json(double number) : value_(number) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array items) : value_(std::move(items)) {}
  Json(Object members) : value_(std::move(members)) {}
  // An object from pairs of key and value. A later pair replaces an earlier one of the same key.
  Json(std::initializer_list<std::pair<std::string, Json>> members);

  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }
  static Json array(std::initializer_list<Json> items) { return Json(Array(items)); }

  // Refuses text behind the value, invalid UTF-8 and nesting deeper than 256: throws JsonError.
  // Integers beyond 64 bits become doubles; of repeated keys the last one counts.
  static Json parse(std::string_view text);
  static Result<Json> try_parse(std::string_view text);
  // Compact text. Invalid UTF-8 inside strings becomes U+FFFD.
  std::string dump() const;

  Type type() const noexcept { return static_cast<Type>(value_.index()); }
  bool is_null() const noexcept { return type() == Type::null; }
  bool is_bool() const noexcept { return type() == Type::boolean; }
  bool is_integer() const noexcept { return type() == Type::int64 || type() == Type::uint64; }
  bool is_number() const noexcept { return is_integer() || type() == Type::number; }
  bool is_string() const noexcept { return type() == Type::string; }
  bool is_array() const noexcept { return type() == Type::array; }
  bool is_object() const noexcept { return type() == Type::object; }

  // Each throws JsonError when the value is of another type or does not fit. Whole doubles count as
  // integers.
  bool as_bool() const;
  std::int64_t as_int64() const;
  std::uint64_t as_uint64() const;
  double as_double() const;  // any number
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  // The member or item; JsonError naming it when it is absent.
  const Json& operator[](std::string_view key) const;
  const Json& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  const Json& operator[](std::size_t index) const;
  const Json& operator[](int index) const { return (*this)[static_cast<std::size_t>(index)]; }
  // The member, or nullptr when it is absent or this is no object.
  const Json* find(std::string_view key) const noexcept;
  Json* find(std::string_view key) noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  // Number of members, items or 0.
  std::size_t size() const noexcept;

  // The value at a JSON Pointer (RFC 6901, "/message/metadata/model", "" is the value itself).
  // JsonError names the whole path and the step that failed.
  const Json& at(std::string_view pointer) const;
  // at(), converted: T is bool, std::int64_t, std::uint64_t, double, std::string or Json. The error
  // names the path.
  template <class T>
  T get(std::string_view pointer) const;

  // Adds or replaces a member; null becomes an object first. Returns this value, for chains.
  Json& set(std::string key, Json value);
  // Appends an item; null becomes an array first.
  Json& push_back(Json value);

  // Numbers compare by value: 1 equals 1.0.
  COLONNADE_API friend bool operator==(const Json& a, const Json& b) noexcept;

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_{};
};

template <>
COLONNADE_API bool Json::get<bool>(std::string_view pointer) const;
template <>
COLONNADE_API std::int64_t Json::get<std::int64_t>(std::string_view pointer) const;
template <>
COLONNADE_API std::uint64_t Json::get<std::uint64_t>(std::string_view pointer) const;
template <>
COLONNADE_API double Json::get<double>(std::string_view pointer) const;
template <>
COLONNADE_API std::string Json::get<std::string>(std::string_view pointer) const;
template <>
COLONNADE_API Json Json::get<Json>(std::string_view pointer) const;

}  // namespace colonnade::inline v1
