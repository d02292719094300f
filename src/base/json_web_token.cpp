#include "base/json_web_token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"

namespace colonnade::base {
namespace {

constexpr std::string_view token_header = R"({"alg":"HS256","typ":"JWT"})";

bool says_hs256(const std::string& header) {
  const auto json = parse_json(header, "token header");
  if (!json || !json->is_object()) return false;
  const auto algorithm = json->find("alg");
  return algorithm != json->end() && algorithm->is_string() &&
         algorithm->get_ref<const std::string&>() == "HS256";
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

Result<SplitToken> split_token(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  const bool two =
      first != std::string_view::npos && first != last && token.find('.', first + 1) == last;
  if (two && first > 0 && last > first + 1) {
    auto header = from_base64url(token.substr(0, first));
    auto payload = from_base64url(token.substr(first + 1, last - first - 1));
    auto signature = from_base64url(token.substr(last + 1));
    if (header && payload && signature) {
      return SplitToken{.header = std::move(*header),
                        .payload = std::move(*payload),
                        .signed_part = token.substr(0, last),
                        .signature = std::move(*signature)};
    }
  }
  return fail(ErrorKind::invalid, "the token must have three parts in base64url");
}

bool verify_token(const SplitToken& token, std::string_view key) {
  if (!says_hs256(token.header)) return false;
  return equal_in_constant_time(hmac_sha256(key, token.signed_part), token.signature);
}

std::string make_token(std::string_view payload, std::string_view key) {
  std::string out = to_base64url(token_header);
  out.append(".").append(to_base64url(payload));
  return out + "." + to_base64url(hmac_sha256(key, out));
}

}  // namespace colonnade::base
