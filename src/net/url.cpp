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

}  // namespace

base::Result<Url> parse_http_url(const std::string& text, const std::string& base) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  const auto malformed = [] {
    return base::fail(ErrorKind::invalid,
                      "the URL is malformed; give it whole, such as https://example.org/page",
                      "url");
  };
  if (text.find_first_of(std::string_view("\r\n\t\0 ", 5)) != std::string::npos) return malformed();
  constexpr unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER;
  if (!base.empty() && curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) {
    return malformed();
  }
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), flags);
  const auto refuse_user = [] {
    return base::fail(ErrorKind::invalid, "the URL holds a user name or password; leave that out",
                      "url");
  };
  if (code == CURLUE_USER_NOT_ALLOWED) return refuse_user();
  if (code != CURLUE_OK) return malformed();
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
  if (out.host.empty() || out.text.empty()) return malformed();
  return out;
}

}  // namespace colonnade::net
