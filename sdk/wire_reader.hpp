// Replies to values, for any dialect: fields that are read where they have the type the contract
// gives them, and the check that a reply is what was promised at all. For .cpp files of sdk/ only.
//
// A dialect adds `read(Element, T&)` for its own types in the namespace of those types, where the
// readers of lists and optionals find it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/time.hpp"
#include "sdk/channel.hpp"
#include "sdk/json_document.hpp"

namespace colonnade::inline v1::detail {

using Element = simdjson::dom::element;

// The epoch for text that is no RFC 3339 time, or one that nanoseconds cannot hold.
Timestamp parse_time(std::string_view text);

// Each reads a field of the type the contract gives it and leaves the default for anything else.
inline void read(Element value, std::string& out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) out.assign(text);
}
inline void read(Element value, std::optional<std::string>& out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) out.emplace(text);
}
inline void read(Element value, Timestamp& out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) out = parse_time(text);
}
inline void read(Element value, std::optional<Timestamp>& out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) out = parse_time(text);
}
inline void read(Element value, std::int64_t& out) {
  std::int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) out = number;
}
inline void read(Element value, double& out) {
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS) out = number;
}
inline void read(Element value, std::optional<double>& out) {
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS) out = number;
}
inline void read(Element value, bool& out) {
  bool flag = false;
  if (value.get(flag) == simdjson::SUCCESS) out = flag;
}
inline void read(Element value, std::optional<bool>& out) {
  bool flag = false;
  if (value.get(flag) == simdjson::SUCCESS) out = flag;
}
inline void read(Element value, Json& out) { out = to_json(value); }

template <class T>
void read(Element value, std::vector<T>& out) {
  simdjson::dom::array items;
  if (value.get(items) != simdjson::SUCCESS) return;
  for (const Element item : items) read(item, out.emplace_back());
}

// An object as a map by its names.
template <class T>
void read(Element value, std::map<std::string, T>& out) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return;
  for (const simdjson::dom::key_value_pair member : members) {
    read(member.value, out[std::string(member.key)]);
  }
}

template <class T>
struct Field {
  std::string_view name;
  T& target;
};
template <class T>
Field(std::string_view, T&) -> Field<T>;

// Reads the named members and gathers the others in `extra`.
template <class... Ts>
void read_object(Element value, Json& extra, Field<Ts>... fields) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return;
  for (const simdjson::dom::key_value_pair member : members) {
    const auto take = [&member](auto& field) {
      if (member.key != field.name) return false;
      read(member.value, field.target);
      return true;
    };
    if (!(take(fields) || ...)) extra.set(std::string(member.key), to_json(member.value));
  }
}

enum class Kind { string, nonempty_string, object, list };

struct Required {
  std::string_view name;
  Kind kind;
};

// `api` names the contract in the message: "Fathom".
Failure malformed(const CallSpec& spec, const TransportReply& reply, std::string_view api,
                  std::string_view why);

// The reply's object, with its required fields checked. It lives until the next reply is read on
// this thread.
Result<Element> open_object(const CallSpec& spec, const TransportReply& reply, std::string_view api,
                            std::initializer_list<Required> required);

}  // namespace colonnade::inline v1::detail
