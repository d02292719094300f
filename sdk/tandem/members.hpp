// Members of objects in the spellings that servers use. For .cpp files of sdk/tandem/ only.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "colonnade/tandem.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::tandem {

using colonnade::detail::Element;
using colonnade::detail::Field;
using colonnade::detail::read;
using colonnade::detail::read_object;
using ElementArray = simdjson::dom::array;
using ElementObject = simdjson::dom::object;

// A moment as a number of milliseconds or seconds, or as RFC 3339 text, which an engine writes
// where the contract has seconds.
struct Moment {
  Timestamp& at;
  std::int64_t nanos_per_unit;
};
inline constexpr std::int64_t nanos_per_second = 1'000'000'000;
inline constexpr std::int64_t nanos_per_millisecond = 1'000'000;

inline void read(Element value, Moment& out) {
  if (value.is_string()) {
    read(value, out.at);
    return;
  }
  std::int64_t units = 0;
  if (value.get(units) != simdjson::SUCCESS) return;
  const std::int64_t units_max = std::numeric_limits<std::int64_t>::max() / out.nanos_per_unit;
  if (units > units_max || units < -units_max) return;
  out.at = Timestamp(std::chrono::nanoseconds(units * out.nanos_per_unit));
}

// A value that is always text: any other than text stands there as JSON.
struct ResultText {
  std::string& text;
};
inline void read(Element value, ResultText& out) {
  if (value.is_string()) {
    read(value, out.text);
  } else if (!value.is_null()) {
    out.text = colonnade::detail::to_json(value).dump();
  }
}

// The text of an error: text itself, or the `message` of an object.
struct ErrorText {
  std::optional<std::string>& text;
};
inline void read(Element value, ErrorText& out) {
  if (value.is_null()) return;
  ElementObject members;
  Element message;
  if (value.get(members) == simdjson::SUCCESS &&
      members.at_key("message").get(message) == simdjson::SUCCESS && message.is_string()) {
    read(message, out.text);
    return;
  }
  ResultText text{out.text.emplace()};
  read(value, text);
}

// The member, or nothing when there is none or `object` is no object.
inline std::optional<Element> member(Element object, std::string_view name) {
  ElementObject members;
  Element value;
  if (object.get(members) != simdjson::SUCCESS) return std::nullopt;
  if (members.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

// The first of the members that is text, "" without one.
inline std::string text_member(Element object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    std::string_view text;
    if (auto value = member(object, name); value && value->get(text) == simdjson::SUCCESS) {
      return std::string(text);
    }
  }
  return {};
}

// Readers that more than one file needs.
void read(Element value, Part& out);
void read(Element value, Todo& out);
void read(Element value, Message& out);
void read(Element value, QuestionRecord& out);
void read(Element value, RunArtifact& out);

}  // namespace colonnade::inline v1::tandem
