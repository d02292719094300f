// Status line and headers as bytes, and the CORS headers that go among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "net/http_server.hpp"

namespace colonnade::net {

std::string_view reason_phrase(int status);

struct ResponseHead {
  int status = 200;
  bool http_1_0 = false;
  bool close = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length{};
  std::string_view content_type{};  // "" for none
  std::string_view upgrade{};       // the protocol that status 101 switches to
  const Headers* headers = nullptr;
  std::string_view request_id{};
};

// Appends the head with its empty line. What decides the framing (Content-Length,
// Transfer-Encoding, Connection), Date and X-Request-Id is ours: the same names in `headers` are
// left out, and so is a header whose name or value could end the line early.
void write_head(std::string& out, const ResponseHead& head);

// Whether 1xx, 204 and 304 forbid a body (RFC 9110 §6.4.1).
bool status_has_body(int status);

// The chunks of a body whose length is not known: the size line, then the bytes and chunk_end, and
// at the very end last_of_chunks. A chunk of no bytes would be the last.
void append_chunk_head(std::string& out, std::size_t bytes);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_of_chunks = "0\r\n\r\n";

// The headers that let a page of an allowed origin read the answer; none when CORS is off or the
// origin is not allowed.
void add_cors_headers(const CorsOptions& options, const Request& request, Headers& headers);
// The answer to a preflight, or nothing when this is not one.
std::optional<Response> cors_preflight(const CorsOptions& options, const Request& request,
                                       std::string_view allow);

}  // namespace colonnade::net
