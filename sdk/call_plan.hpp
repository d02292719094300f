// Helpers that build the calls of all dialects.
#pragma once

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
