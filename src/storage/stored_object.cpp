#include "storage/stored_object.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "storage/event_codec.hpp"

namespace colonnade::storage {
namespace {

using base::Json;

// Half of what the parser takes, so that any number of wrapping objects fits above it.
constexpr std::size_t inline_depth_max = limits::json_depth_max / 2;

// Whether a tree is nested deeper than `levels`.
bool deeper_than(const Json& tree, std::size_t levels) {
  if (!tree.is_structured()) return false;
  if (levels == 0) return true;
  return std::any_of(tree.begin(), tree.end(),
                     [&](const Json& inner) { return deeper_than(inner, levels - 1); });
}

}  // namespace

void write_text(base::JsonWriter& w, std::string_view name, std::string_view value) {
  if (!value.empty()) w.field(name, value);
}

void write_number(base::JsonWriter& w, std::string_view name, std::int64_t value) {
  if (value != 0) w.field(name, value);
}

void write_tree(base::JsonWriter& w, std::string_view name, const Json& tree) {
  if (tree.is_null() || tree.is_discarded()) return;
  if (deeper_than(tree, inline_depth_max)) {
    w.field(std::string(name) + "_text", base::to_text(tree));
  } else {
    w.field(name, tree);
  }
}

std::unexpected<base::Error> stored_wrongly(std::string_view what, std::string_view why) {
  return base::fail(base::ErrorKind::internal,
                    "a stored " + std::string(what) + " cannot be read: " + std::string(why));
}

std::string tree_text(const Json& tree) {
  return tree.is_discarded() ? std::string("null") : base::to_text(tree);
}

base::Result<Json> read_tree(std::string_view text) {
  auto tree = base::parse_json(text, "a stored value");
  if (tree) return tree;
  // Our own text may be nested deeper, or be longer, than what is taken from strangers.
  Json deep = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!deep.is_discarded()) return deep;
  return stored_wrongly("value", tree.error().message);
}

StoredObject::StoredObject(Json& tree) : tree_(tree) {
  if (!tree_.is_object()) refuse("it is not an object");
}

Json* StoredObject::find(const char* name) {
  if (!tree_.is_object()) return nullptr;
  const auto found = tree_.find(name);
  return found == tree_.end() ? nullptr : &*found;
}

bool StoredObject::has(const char* name) const {
  if (!tree_.is_object()) return false;
  const auto found = tree_.find(name);
  return found != tree_.end() && !found->is_null();
}

std::string StoredObject::text(const char* name) {
  Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::move(value->get_ref<std::string&>());
  refuse(std::string(name) + " is not a string");
  return {};
}

std::int64_t StoredObject::number(const char* name) {
  Json* value = find(name);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  refuse(std::string(name) + " is not an integer");
  return 0;
}

double StoredObject::real(const char* name) {
  Json* value = find(name);
  if (value == nullptr) return 0;
  if (value->is_number()) return value->get<double>();
  refuse(std::string(name) + " is not a number");
  return 0;
}

bool StoredObject::flag(const char* name) {
  Json* value = find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  refuse(std::string(name) + " is neither true nor false");
  return false;
}

Json StoredObject::tree(const char* name) {
  if (Json* value = find(name)) return std::move(*value);
  const std::string as_text = std::string(name) + "_text";
  if (!has(as_text.c_str())) return nullptr;
  auto parsed = read_tree(text(as_text.c_str()));
  if (parsed) return std::move(*parsed);
  refuse(parsed.error().message);
  return nullptr;
}

bool StoredObject::object(const char* name, const std::function<void(StoredObject&)>& take) {
  Json* value = find(name);
  if (value == nullptr) return false;
  take_inner(*value, take);
  return true;
}

void StoredObject::each_object(const char* name, const std::function<void(StoredObject&)>& take) {
  Json* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array()) return refuse(std::string(name) + " is not an array");
  for (Json& inner : *value) take_inner(inner, take);
}

void StoredObject::take_inner(Json& tree, const std::function<void(StoredObject&)>& take) {
  StoredObject inner(tree);
  take(inner);
  if (!inner.error().empty()) refuse(inner.error());
}

void StoredObject::refuse(std::string why) {
  if (error_.empty()) error_ = std::move(why);
}

void write_texts(base::JsonWriter& w, std::string_view name,
                 const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  w.key(name).array();
  for (const std::string& text : texts) w.value(text);
  w.end_array();
}

std::vector<std::string> StoredObject::texts(const char* name) {
  std::vector<std::string> out;
  base::Json list = tree(name);
  if (list.is_null()) return out;
  if (!list.is_array()) refuse(std::string(name) + " is no list");
  for (base::Json& text : list) {
    if (text.is_string()) {
      out.push_back(std::move(text.get_ref<std::string&>()));
    } else {
      refuse(std::string(name) + " holds more than texts");
    }
  }
  return out;
}

}  // namespace colonnade::storage
