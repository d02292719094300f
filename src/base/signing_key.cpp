#include "base/signing_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace colonnade::base {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::size_t public_key_bytes = 32;
constexpr std::size_t signature_bytes = 64;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

void must(bool done) {
  if (!done) throw std::runtime_error("the cryptographic library failed");
}

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex_of(const Bytes& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// Empty unless it is exactly so many bytes.
Bytes bytes_of_hex(std::string_view hex, std::size_t size) {
  if (hex.size() != 2 * size) return {};
  if (hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) return {};
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, out[i], 16);
  }
  return out;
}

Bio bio_over(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  must(bio != nullptr);
  return bio;
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string public_hex(EVP_PKEY* key) {
  Bytes raw(public_key_bytes);
  std::size_t size = raw.size();
  must(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1 && size == raw.size());
  return hex_of(raw);
}

bool is_ed25519(EVP_PKEY* key) {
  return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

// A key behind a passphrase is refused, not asked about.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

}  // namespace

void FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Result<VerifyingKey> VerifyingKey::from_pem(std::string_view pem) {
  const Bio bio = bio_over(pem);
  KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  if (!is_ed25519(key.get())) {
    return fail(ErrorKind::invalid, "is no Ed25519 public key in PEM (BEGIN PUBLIC KEY)");
  }
  std::string hex = public_hex(key.get());
  return VerifyingKey(std::move(key), std::move(hex));
}

Result<VerifyingKey> VerifyingKey::from_hex(std::string_view hex) {
  const Bytes raw = bytes_of_hex(hex, public_key_bytes);
  KeyPtr key(raw.empty()
                 ? nullptr
                 : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (key == nullptr) {
    return fail(ErrorKind::invalid, "is no Ed25519 public key of 64 hexadecimal digits");
  }
  return VerifyingKey(std::move(key), std::string(hex));
}

std::string VerifyingKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1);
  return text_in(bio.get());
}

bool VerifyingKey::accepts(std::string_view message, std::string_view signature) const {
  const Bytes raw = bytes_of_hex(signature, signature_bytes);
  if (raw.empty()) return false;
  const Digest context(EVP_MD_CTX_new());
  must(context != nullptr);
  must(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  return EVP_DigestVerify(context.get(), raw.data(), raw.size(), unsigned_bytes(message),
                          message.size()) == 1;
}

SigningKey SigningKey::make() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  must(key != nullptr);
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const Bio bio = bio_over(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!is_ed25519(key.get())) {
    return fail(
        ErrorKind::invalid,
        "must hold an Ed25519 private key in PEM (BEGIN PRIVATE KEY), without a passphrase");
  }
  return SigningKey(std::move(key));
}

std::string SigningKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(bio != nullptr);
  must(PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_in(bio.get());
}

VerifyingKey SigningKey::verifying_key() const {
  auto out = VerifyingKey::from_hex(public_hex(key_.get()));
  must(out.has_value());
  return *std::move(out);
}

std::string SigningKey::sign(std::string_view message) const {
  const Digest context(EVP_MD_CTX_new());
  must(context != nullptr);
  must(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  Bytes out(signature_bytes);
  std::size_t size = out.size();
  must(EVP_DigestSign(context.get(), out.data(), &size, unsigned_bytes(message), message.size()) ==
       1);
  out.resize(size);
  return hex_of(out);
}

}  // namespace colonnade::base
