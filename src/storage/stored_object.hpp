// Reading and writing members of stored JSON objects; private to storage/.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::storage {

// Members that hold their default ("", 0, null) are left out.
void write_text(base::JsonWriter& w, std::string_view name, std::string_view value);
void write_number(base::JsonWriter& w, std::string_view name, std::int64_t value);
// A tree nested so deeply that the whole could pass limits::json_depth_max is written as a string
// that holds its text, under "<name>_text".
void write_tree(base::JsonWriter& w, std::string_view name, const base::Json& tree);

// Nothing for an empty list.
void write_texts(base::JsonWriter& w, std::string_view name, const std::vector<std::string>& texts);

std::unexpected<base::Error> stored_wrongly(std::string_view what, std::string_view why);

// A stored object being taken apart: values are moved out, absent members are their default. The
// first member of a wrong type is remembered in error().
class StoredObject {
 public:
  explicit StoredObject(base::Json& tree);

  // There and not null.
  bool has(const char* name) const;
  std::string text(const char* name);
  std::int64_t number(const char* name);
  double real(const char* name);
  bool flag(const char* name);
  base::Json tree(const char* name);
  std::vector<std::string> texts(const char* name);

  template <class Enum>
  Enum named(const char* name, std::optional<Enum> (*from)(std::string_view), Enum otherwise) {
    const std::string value = text(name);
    const std::optional<Enum> found = from(value);
    if (!found) refuse(std::string(name) + " holds an unknown word: " + value);
    return found.value_or(otherwise);
  }

  // Whether it is there.
  bool object(const char* name, const std::function<void(StoredObject&)>& take);
  void each_object(const char* name, const std::function<void(StoredObject&)>& take);

  void refuse(std::string why);
  const std::string& error() const { return error_; }

 private:
  base::Json* find(const char* name);
  void take_inner(base::Json& tree, const std::function<void(StoredObject&)>& take);

  base::Json& tree_;
  std::string error_;
};

}  // namespace colonnade::storage
