// What the readers of replies share. For .cpp files of sdk/tandem/ only.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/tandem/members.hpp"

namespace colonnade::inline v1::tandem::wire {

using colonnade::detail::CallSpec;

// What ValidationError is made of.
inline Failure malformed(const CallSpec& spec, const TransportReply& reply,
                         std::string_view issue) {
  return Failure{.kind = ErrorKind::malformed,
                 .message = std::string(spec.method) + " " +
                            spec.path.substr(0, spec.path.find('?')) + ": " + std::string(issue),
                 .status = reply.status,
                 .body = reply.body};
}

inline Result<Element> open(const CallSpec& spec, const TransportReply& reply) {
  auto document = colonnade::detail::parse_document(reply.body);
  if (!document) return malformed(spec, reply, document.error().message);
  return document;
}

inline Result<Element> open_object(const CallSpec& spec, const TransportReply& reply) {
  auto root = open(spec, reply);
  if (root && !root->is_object()) return malformed(spec, reply, "the body is no object");
  return root;
}

// The object, or the one under `wrapper`, whose text member `required` tells it from anything else;
// "" asks for none.
template <class T>
Result<T> one(const CallSpec& spec, const TransportReply& reply, std::string_view required,
              std::string_view wrapper = {}) {
  const auto root = open_object(spec, reply);
  if (!root) return root.error();
  Element object = *root;
  const auto fits = [&](Element candidate) {
    const auto value = member(candidate, required);
    return value && value->is_string();
  };
  if (!required.empty() && !fits(object)) {
    const auto wrapped = wrapper.empty() ? std::nullopt : member(object, wrapper);
    if (!wrapped || !fits(*wrapped)) {
      return malformed(spec, reply, "it lacks \"" + std::string(required) + "\"");
    }
    object = *wrapped;
  }
  T out;
  read(object, out);
  return out;
}

// The list itself, or under the first of `names` that is one. Null, and an object without any, is
// nothing.
inline std::optional<ElementArray> list_in(Element root,
                                           std::initializer_list<std::string_view> names) {
  ElementArray items;
  if (root.get(items) == simdjson::SUCCESS) return items;
  for (const std::string_view name : names) {
    if (auto value = member(root, name); value && value->get(items) == simdjson::SUCCESS) {
      return items;
    }
  }
  return std::nullopt;
}

// Every entry has a text member `required`; "" asks for none.
template <class T>
Result<std::vector<T>> items_of(const CallSpec& spec, const TransportReply& reply,
                                ElementArray items, std::string_view required) {
  std::vector<T> out;
  for (const Element item : items) {
    const auto value = required.empty() ? std::nullopt : member(item, required);
    if (!required.empty() && !(value && value->is_string())) {
      return malformed(spec, reply, "an entry lacks \"" + std::string(required) + "\"");
    }
    read(item, out.emplace_back());
  }
  return out;
}

template <class T>
Result<std::vector<T>> list(const CallSpec& spec, const TransportReply& reply,
                            std::initializer_list<std::string_view> names,
                            std::string_view required) {
  const auto root = open(spec, reply);
  if (!root) return root.error();
  const auto items = list_in(*root, names);
  if (!items) return malformed(spec, reply, "it holds no list");
  return items_of<T>(spec, reply, *items, required);
}

// The `count` of the reply, or how many came.
inline std::int64_t count_in(Element root, std::size_t came) {
  auto out = static_cast<std::int64_t>(came);
  if (const auto count = member(root, "count")) read(*count, out);
  return out;
}

}  // namespace colonnade::inline v1::tandem::wire
