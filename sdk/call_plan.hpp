// Helpers that build the calls of all dialects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "colonnade/json.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::detail {

template <class T>
using Decode = Result<T> (*)(const CallSpec&, const TransportReply&);

template <class T>
Result<Call<T>> get(std::string path, Decode<T> decode) {
  return Call<T>{.spec = {.method = "GET", .path = std::move(path)}, .decode = decode};
}

template <class T>
Result<Call<T>> with_body(std::string_view method, std::string path, std::string body,
                          Decode<T> decode) {
  return Call<T>{.spec = {.method = method,
                          .path = std::move(path),
                          .body = std::move(body),
                          .has_body = true},
                 .decode = decode};
}

template <class T>
Result<Call<T>> without_body(std::string_view method, std::string path, Decode<T> decode) {
  return Call<T>{.spec = {.method = method, .path = std::move(path)}, .decode = decode};
}

// An id as one path segment. Dots alone would be taken for steps in the path.
inline Result<std::string> segment(std::string_view what, std::string_view id) {
  if (id.empty()) return usage("the " + std::string(what) + " id is empty");
  if (id == "." || id == "..") {
    return usage("\"" + std::string(id) + "\" is no " + std::string(what) + " id");
  }
  return percent_encode(id);
}

// "/threads/t1/archive" of "/threads/", "thread", "t1" and "/archive"; the id is checked and
// encoded.
inline Result<std::string> path_of(std::string_view start, std::string_view what,
                                   std::string_view id, std::string_view rest = {}) {
  auto name = segment(what, id);
  if (!name) return name;
  return std::string(start) + *name + std::string(rest);
}

// A query of what is set: text that is not empty, numbers that are not 0, and any number that an
// optional holds.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_ += text_.empty() ? '?' : '&';
    text_ += name;
    text_ += '=';
    text_ += percent_encode(value);
    return *this;
  }
  Query& add(std::string_view name, std::int64_t value) {
    return value == 0 ? *this : add(name, std::optional<std::int64_t>(value));
  }
  Query& add(std::string_view name, const std::optional<std::int64_t>& value) {
    return value ? add(name, std::string_view(std::to_string(*value))) : *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A route of the caller's own. `body` null is no body.
inline Result<Call<Json>> any_request(std::string_view method, std::string_view path,
                                      const Json& body, Decode<Json> decode) {
  if (path.empty() || path.front() != '/') {
    return usage("the path \"" + std::string(path) + "\" does not start with \"/\"");
  }
  for (const char c : path) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) {
      return usage("the path holds a space or control character; percent-encode it");
    }
  }
  for (const std::string_view verb : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
    if (verb != method) continue;
    if (body.is_null()) return without_body(verb, std::string(path), decode);
    return with_body(verb, std::string(path), body.dump(), decode);
  }
  return usage("\"" + std::string(method) + "\" is none of GET, POST, PUT, PATCH, DELETE and HEAD");
}

}  // namespace colonnade::inline v1::detail
