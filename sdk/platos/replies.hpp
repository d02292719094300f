// What the readers of Platos replies share. For .cpp files of sdk/platos/ only.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/platos.hpp"
#include "sdk/channel.hpp"
#include "sdk/wire_reader.hpp"

namespace colonnade::inline v1::platos {

// Readers that more than one file needs.
void read(colonnade::detail::Element value, Thread& out);
void read(colonnade::detail::Element value, Message& out);

namespace wire {

using colonnade::detail::CallSpec;
using colonnade::detail::Element;
using colonnade::detail::Kind;
using colonnade::detail::Required;
using ElementArray = simdjson::dom::array;
using ElementObject = simdjson::dom::object;

inline Failure not_promised(const CallSpec& spec, const TransportReply& reply,
                            std::string_view why) {
  return colonnade::detail::malformed(spec, reply, "Platos", why);
}

// One object whose text member `required` tells it from anything else; under `wrapper` in some
// replies.
template <class T>
Result<T> one(const CallSpec& spec, const TransportReply& reply, std::string_view required) {
  const auto root =
      colonnade::detail::open_object(spec, reply, "Platos", {Required{required, Kind::string}});
  if (!root) return root.error();
  T out;
  read(*root, out);
  return out;
}

// One object under `wrapper`, or the reply itself where it says what `id` it has.
template <class T>
Result<T> one_under(const CallSpec& spec, const TransportReply& reply, const char* wrapper) {
  const auto root = colonnade::detail::open_object(spec, reply, "Platos", {});
  if (!root) return root.error();
  ElementObject members;
  Element object;
  Element id;
  if (root->get(members) != simdjson::SUCCESS ||
      (members.at_key(wrapper).get(object) != simdjson::SUCCESS || !object.is_object())) {
    object = *root;
  }
  if (object.at_key("id").get(id) != simdjson::SUCCESS || !id.is_string()) {
    return not_promised(spec, reply, "it lacks the object \"" + std::string(wrapper) + "\"");
  }
  T out;
  read(object, out);
  return out;
}

// The list under the first of `names` that is one; a bare list, too.
inline std::optional<ElementArray> list_under(Element root,
                                              std::initializer_list<const char*> names) {
  ElementArray items;
  if (root.get(items) == simdjson::SUCCESS) return items;
  ElementObject members;
  if (root.get(members) != simdjson::SUCCESS) return std::nullopt;
  for (const char* name : names) {
    if (members.at_key(name).get(items) == simdjson::SUCCESS) return items;
  }
  return std::nullopt;
}

template <class T>
Result<std::vector<T>> list(const CallSpec& spec, const TransportReply& reply,
                            std::initializer_list<const char*> names) {
  const auto root = colonnade::detail::parse_document(reply.body);
  if (!root) return not_promised(spec, reply, root.error().message);
  const auto items = list_under(*root, names);
  if (!items) {
    return not_promised(spec, reply, "it lacks the list \"" + std::string(*names.begin()) + "\"");
  }
  std::vector<T> out;
  for (const Element item : *items) {
    if (!item.is_object()) return not_promised(spec, reply, "an entry of the list is no object");
    read(item, out.emplace_back());
  }
  return out;
}

}  // namespace wire
}  // namespace colonnade::inline v1::platos
