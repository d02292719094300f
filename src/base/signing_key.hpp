// Signatures that anybody can check and only the key's holder can make: Ed25519 (RFC 8032).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

using EVP_PKEY = struct evp_pkey_st;  // OpenSSL's

namespace colonnade::base {

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

// The public half. Thread-safe.
class VerifyingKey {
 public:
  // invalid, saying what is wrong, for what is no Ed25519 public key in PEM, as
  // `openssl pkey -pubout` writes it, or no 64 hexadecimal digits.
  static Result<VerifyingKey> from_pem(std::string_view pem);
  static Result<VerifyingKey> from_hex(std::string_view hex);

  // 64 lower-case hexadecimal digits: the key itself, and how it is named.
  const std::string& hex() const { return hex_; }
  std::string to_pem() const;
  // `signature` as SigningKey::sign() gives it. False for anything else.
  bool accepts(std::string_view message, std::string_view signature) const;

 private:
  VerifyingKey(KeyPtr key, std::string hex) : key_(std::move(key)), hex_(std::move(hex)) {}
  friend class SigningKey;
  KeyPtr key_;
  std::string hex_;
};

// Thread-safe.
class SigningKey {
 public:
  static SigningKey make();
  // invalid for what is no Ed25519 private key in PEM (PKCS #8, without a passphrase).
  static Result<SigningKey> from_pem(std::string_view pem);

  std::string to_pem() const;
  VerifyingKey verifying_key() const;
  // 128 lower-case hexadecimal digits.
  std::string sign(std::string_view message) const;

 private:
  explicit SigningKey(KeyPtr key) : key_(std::move(key)) {}
  KeyPtr key_;
};

}  // namespace colonnade::base
