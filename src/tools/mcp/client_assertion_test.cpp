#include "tools/mcp/client_assertion.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::tools::mcp {
namespace {

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free_all(bio);
  return out;
}

std::string decoded(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

constexpr base::Time now{.micros = 1'700'000'000'000'000};

struct SplitToken {
  std::string signed_text;
  base::Json header;
  base::Json body;
  std::string signature;
};

SplitToken split_token(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  return {.signed_text = token.substr(0, last),
          .header = base::Json::parse(decoded(token.substr(0, first))),
          .body = base::Json::parse(decoded(token.substr(first + 1, last - first - 1))),
          .signature = decoded(token.substr(last + 1))};
}

TEST(ClientAssertion, SignsWithAnEllipticKey) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  const auto token = sign_assertion(
      pem_of(key), {.client_id = "me", .audience = "https://i", .id = "once", .now = now});
  ASSERT_TRUE(token) << token.error().message;
  const SplitToken split = split_token(*token);
  EXPECT_EQ(split.header, base::Json({{"alg", "ES256"}, {"typ", "JWT"}}));
  EXPECT_EQ(split.body.at("iss"), "me");
  EXPECT_EQ(split.body.at("sub"), "me");
  EXPECT_EQ(split.body.at("aud"), "https://i");
  EXPECT_EQ(split.body.at("jti"), "once");
  EXPECT_EQ(split.body.at("iat"), 1'700'000'000);
  EXPECT_EQ(split.body.at("exp"), 1'700'000'300);
  ASSERT_EQ(split.signature.size(), 64U);
  ECDSA_SIG* signature = ECDSA_SIG_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(split.signature.data());
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int der_size = i2d_ECDSA_SIG(signature, &der);
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(digest, nullptr, EVP_sha256(), nullptr, key);
  EXPECT_EQ(EVP_DigestVerify(digest, der, static_cast<std::size_t>(der_size),
                             reinterpret_cast<const unsigned char*>(split.signed_text.data()),
                             split.signed_text.size()),
            1);
  EVP_MD_CTX_free(digest);
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  EVP_PKEY_free(key);
}

TEST(ClientAssertion, SignsWithAnRsaKey) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  const auto token = sign_assertion(pem_of(key), {.client_id = "me", .now = now});
  ASSERT_TRUE(token);
  const SplitToken split = split_token(*token);
  EXPECT_EQ(split.header.at("alg"), "RS256");
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(digest, nullptr, EVP_sha256(), nullptr, key);
  EXPECT_EQ(EVP_DigestVerify(digest, reinterpret_cast<const unsigned char*>(split.signature.data()),
                             split.signature.size(),
                             reinterpret_cast<const unsigned char*>(split.signed_text.data()),
                             split.signed_text.size()),
            1);
  EVP_MD_CTX_free(digest);
  EVP_PKEY_free(key);
}

TEST(ClientAssertion, RefusesOtherKeysWithoutShowingThem) {
  EVP_PKEY* key = EVP_EC_gen("P-384");
  const auto other = sign_assertion(pem_of(key), {});
  EVP_PKEY_free(key);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().field, "private_key");
  const auto nonsense = sign_assertion("very secret nonsense", {});
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(nonsense.error().message.find("very secret"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::tools::mcp
