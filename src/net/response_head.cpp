#include "net/response_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/log.hpp"

namespace colonnade::net {
namespace {

constexpr std::string_view preflight_seconds = "600";

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// The date of this second, formatted once a second and thread.
std::string_view date_text() {
  struct Cached {
    std::time_t second = -1;
    std::array<char, 32> text{};
    std::size_t size = 0;
  };
  thread_local Cached cached;
  const std::time_t now = std::time(nullptr);
  if (now != cached.second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    cached.size =
        std::strftime(cached.text.data(), cached.text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    cached.second = now;
  }
  return {cached.text.data(), cached.size};
}

bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 5> names = {"Content-Length", "Transfer-Encoding",
                                                     "Connection", "Date", "X-Request-Id"};
  return std::ranges::any_of(
      names, [name](std::string_view own) { return same_ignoring_case(own, name); });
}

bool is_sound(const Header& header) {
  const auto breaks_name = [](char c) { return c <= ' ' || c == ':' || c == 127; };
  const auto breaks_value = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  return !header.name.empty() && std::ranges::none_of(header.name, breaks_name) &&
         std::ranges::none_of(header.value, breaks_value);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool origin_allowed(const CorsOptions& options, std::string_view origin) {
  return std::ranges::any_of(options.origins, [origin](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void write_head(std::string& out, const ResponseHead& head) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(std::clamp(head.status, 100, 999)));
  out.append(" ").append(reason_phrase(head.status)).append("\r\n");
  append_header(out, "Date", date_text());
  if (!head.content_type.empty()) append_header(out, "Content-Type", head.content_type);
  if (head.content_length) {
    out.append("Content-Length: ");
    append_number(out, *head.content_length);
    out.append("\r\n");
  }
  if (head.chunked) append_header(out, "Transfer-Encoding", "chunked");
  if (!head.upgrade.empty()) {
    append_header(out, "Connection", "Upgrade");
    append_header(out, "Upgrade", head.upgrade);
  } else if (head.close) {
    append_header(out, "Connection", "close");
  } else if (head.http_1_0 || head.chunked) {
    append_header(out, "Connection", "keep-alive");
  }
  if (!head.request_id.empty()) append_header(out, "X-Request-Id", head.request_id);
  if (head.headers != nullptr) {
    for (const Header& header : *head.headers) {
      if (is_ours(header.name)) continue;
      if (!is_sound(header)) {
        base::log::error("http_response_header_dropped", {{"request_id", head.request_id}});
        continue;
      }
      append_header(out, header.name, header.value);
    }
  }
  out.append("\r\n");
}

void append_chunk_head(std::string& out, std::size_t bytes) {
  std::array<char, 16> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data())).append(chunk_end);
}

void add_cors_headers(const CorsOptions& options, const Request& request, Headers& headers) {
  if (options.origins.empty()) return;
  const bool any = std::ranges::find(options.origins, "*") != options.origins.end();
  if (!any) headers.push_back({"Vary", "Origin"});
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || !origin_allowed(options, origin)) return;
  headers.push_back({"Access-Control-Allow-Origin", any ? "*" : std::string(origin)});
  headers.push_back({"Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Allow"});
}

std::optional<Response> cors_preflight(const CorsOptions& options, const Request& request,
                                       std::string_view allow) {
  if (options.origins.empty() || request.method != Method::options) return std::nullopt;
  if (!request.has_header("Origin") || !request.has_header("Access-Control-Request-Method")) {
    return std::nullopt;
  }
  Response out{.status = 204, .content_type = ""};
  if (origin_allowed(options, request.header("Origin"))) {
    out.headers.push_back(
        {"Access-Control-Allow-Methods",
         allow.empty() ? "GET, HEAD, POST, PUT, PATCH, DELETE" : std::string(allow)});
    const std::string_view asked = request.header("Access-Control-Request-Headers");
    if (!asked.empty()) {
      out.headers.push_back({"Access-Control-Allow-Headers", std::string(asked)});
    }
    out.headers.push_back({"Access-Control-Max-Age", std::string(preflight_seconds)});
  }
  return out;
}

}  // namespace colonnade::net
