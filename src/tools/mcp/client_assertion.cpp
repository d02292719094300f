#include "tools/mcp/client_assertion.hpp"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "tools/mcp/limits.hpp"
#include "tools/mcp/oauth_metadata.hpp"

namespace colonnade::tools::mcp {
namespace {

using base::ErrorKind;
using base::Result;

template <auto free>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

std::unexpected<base::Error> unusable(const char* why) {
  return base::fail(ErrorKind::invalid, why, "private_key");
}

// Never asks for a passphrase on a terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Key read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
}

std::string digest_signature(EVP_PKEY* key, const std::string& text) {
  const Digest digest(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, bytes, text.size()) != 1) {
    return {};
  }
  std::string out(size, '\0');
  auto* place = reinterpret_cast<unsigned char*>(out.data());
  if (EVP_DigestSign(digest.get(), place, &size, bytes, text.size()) != 1) return {};
  out.resize(size);
  return out;
}

// RFC 7518 §3.4 wants both numbers at their full length, where OpenSSL writes DER.
std::string plain_signature(const std::string& der) {
  constexpr int number_bytes = 32;
  const auto* from = reinterpret_cast<const unsigned char*>(der.data());
  const Signature signature(d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der.size())));
  if (!signature) return {};
  std::string out(2 * static_cast<std::size_t>(number_bytes), '\0');
  auto* place = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), place, number_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), place + number_bytes, number_bytes);
  return out;
}

}  // namespace

Result<std::string> sign_assertion(const std::string& private_key, const AssertionClaims& claims) {
  const Key key = read_key(private_key);
  if (!key) return unusable("the private key is not an unencrypted PEM key");
  const bool elliptic = EVP_PKEY_is_a(key.get(), "EC") == 1;
  constexpr int bits_of_p256 = 256;
  if (elliptic && EVP_PKEY_get_bits(key.get()) != bits_of_p256) {
    return unusable("a private key on an elliptic curve must be on P-256");
  }
  if (!elliptic && EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    return unusable("the private key is neither an RSA key nor one on P-256");
  }
  const std::int64_t now = claims.now.micros / 1'000'000;
  const std::int64_t lasts = std::chrono::seconds(limits::mcp_assertion_time_max).count();
  const base::Json header = {{"alg", elliptic ? "ES256" : "RS256"}, {"typ", "JWT"}};
  const base::Json body = {{"iss", claims.client_id},
                           {"sub", claims.client_id},
                           {"aud", claims.audience},
                           {"jti", claims.id},
                           {"iat", now},
                           {"exp", now + lasts}};
  const std::string text =
      base::to_base64url(base::to_text(header)) + "." + base::to_base64url(base::to_text(body));
  std::string signature = digest_signature(key.get(), text);
  if (elliptic) signature = plain_signature(signature);
  if (signature.empty()) return unusable("the private key cannot sign");
  return text + "." + base::to_base64url(signature);
}

}  // namespace colonnade::tools::mcp
