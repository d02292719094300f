// JSON. Two tools: Json, a free-form value for what has no fixed shape (tool arguments, metadata),
// and JsonWriter, which appends text directly and is what every wire writes with.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::base {

// Keys sorted, so the same value always has the same bytes. Include <nlohmann/json.hpp> in the .cpp
// that looks inside.
using Json = nlohmann::json;

// Parses untrusted text. Errors are ErrorKind::invalid and name `what` ("body", "arguments").
// Refuses: anything behind the value, invalid UTF-8, nesting deeper than limits::json_depth_max.
// Integers outside 64 bits become doubles.
Result<Json> parse_json(std::string_view text, std::string_view what);

// Compact text; invalid UTF-8 inside strings becomes U+FFFD, never an exception.
std::string to_text(const Json& value);

// Where a member is, for errors: "providers.a.default_model" for the member "default_model" of the
// object at "providers.a"; `path` is "" for the outermost object. A member without a name stands
// there as two quotes, so that no path is empty.
std::string member_path(std::string_view path, std::string_view name);

// Appends `text` as a quoted JSON string. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Writes one JSON document front to back. Commas and quoting are its business, balance is yours:
//
//   JsonWriter w(out);
//   w.object();  w.field("id", id);  w.key("messages").array();  ...  w.end_array();
//   w.end_object();
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  // Shortest text that reads back as the same double; NaN and infinities become null.
  JsonWriter& value(double number);
  JsonWriter& null();
  JsonWriter& value(const Json& tree);
  // Text that is JSON already; not checked.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool comma_ = false;
};

}  // namespace colonnade::base
