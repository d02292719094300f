#include "net/loopback.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <cstdint>
#include <memory>

namespace colonnade::net {
namespace {

// Without the brackets of an IPv6 address; "" when there is none.
std::string host_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  char* value = nullptr;
  if (curl_url_get(parsed.get(), CURLUPART_HOST, &value, 0) != CURLUE_OK) return {};
  std::string host = value;
  curl_free(value);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

bool is_localhost(std::string host) {
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return host == "localhost";
}

}  // namespace

bool is_loopback_url(const std::string& url) {
  constexpr std::uint32_t loopback_net = 127;
  const std::string host = host_of(url);
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == loopback_net;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  return is_localhost(host);
}

}  // namespace colonnade::net
