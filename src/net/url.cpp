#include "net/url.hpp"

#include <curl/curl.h>

#include <memory>
#include <optional>

namespace colonnade::net {
namespace {

using base::ErrorKind;

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* value = nullptr;
  if (curl_url_get(url, part, &value, flags) != CURLUE_OK) return std::nullopt;
  std::string out = value;
  curl_free(value);
  return out;
}

int escape_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// RFC 3986 §6.2.2: an escape of what needs none is that character; the others have capital digits.
std::string with_plain_escapes(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? escape_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : escape_digit(text[i + 2]);
    if (low < 0) {
      out.push_back(text[i]);
      continue;
    }
    const int value = 16 * high + low;
    const char plain = static_cast<char>(value);
    if (value < 0x80 && is_unreserved(plain)) {
      out.push_back(plain);
    } else {
      out.push_back('%');
      out.push_back(digits[static_cast<std::size_t>(high)]);
      out.push_back(digits[static_cast<std::size_t>(low)]);
    }
    i += 2;
  }
  return out;
}

std::string host_name(std::string host) {
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool put_part(CURLU* url, CURLUPart part, const std::string& value) {
  return curl_url_set(url, part, value.c_str(), 0) == CURLUE_OK;
}

std::unexpected<base::Error> malformed_url() {
  return base::fail(ErrorKind::invalid,
                    "the URL is malformed; give it whole, such as https://example.org/page", "url");
}

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

}  // namespace

base::Result<Url> canonical_http_url(const std::string& text, const std::string& base) {
  auto parsed = parse_http_url(text, base);
  if (!parsed) return parsed;
  // What was escaped may have been a dot of the path, which is taken apart after that.
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  const bool good = put_part(url.get(), CURLUPART_URL, with_plain_escapes(parsed->text)) &&
                    put_part(url.get(), CURLUPART_HOST, host_name(std::move(parsed->host)));
  if (!good) return malformed_url();
  return parse_http_url(part_of(url.get(), CURLUPART_URL, CURLU_NO_DEFAULT_PORT).value_or(""));
}

base::Result<Url> parse_http_url(const std::string& text, const std::string& base) {
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  if (text.find_first_of(std::string_view("\r\n\t\0 ", 5)) != std::string::npos)
    return malformed_url();
  constexpr unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER;
  if (!base.empty() && curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) {
    return malformed_url();
  }
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), flags);
  const auto refuse_user = [] {
    return base::fail(ErrorKind::invalid, "the URL holds a user name or password; leave that out",
                      "url");
  };
  if (code == CURLUE_USER_NOT_ALLOWED) return refuse_user();
  if (code != CURLUE_OK) return malformed_url();
  Url out;
  out.scheme = part_of(url.get(), CURLUPART_SCHEME).value_or("");
  if (out.scheme != "http" && out.scheme != "https") {
    return base::fail(ErrorKind::invalid, "the URL must be http or https, not " + out.scheme,
                      "url");
  }
  if (part_of(url.get(), CURLUPART_USER) || part_of(url.get(), CURLUPART_PASSWORD)) {
    return refuse_user();
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  out.host = part_of(url.get(), CURLUPART_HOST).value_or("");
  out.port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  out.text = part_of(url.get(), CURLUPART_URL).value_or("");
  if (out.host.empty() || out.text.empty()) return malformed_url();
  return out;
}

}  // namespace colonnade::net
