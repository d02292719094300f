#include "base/ids.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>

#include "base/base64.hpp"
#include "base/random.hpp"

namespace colonnade::base {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_hex(std::string_view text) {
  return text.find_first_not_of(hex_digits) == std::string_view::npos;
}

void append_hex(std::string& out, const unsigned char* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    out.push_back(hex_digits[data[i] >> 4]);
    out.push_back(hex_digits[data[i] & 15]);
  }
}

// OpenSSL's state for SHA-256. Looking the algorithm up and making a state costs more than hashing
// a token, so a thread keeps one.
class Sha256 {
 public:
  using Digest = std::array<unsigned char, 32>;

  Digest digest(std::string_view data) {
    Digest out{};
    unsigned int size = 0;
    const bool done = algorithm_ && state_ &&
                      EVP_DigestInit_ex2(state_.get(), algorithm_.get(), nullptr) == 1 &&
                      EVP_DigestUpdate(state_.get(), data.data(), data.size()) == 1 &&
                      EVP_DigestFinal_ex(state_.get(), out.data(), &size) == 1;
    if (!done) throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    return out;
  }

 private:
  template <auto release>
  struct Release {
    void operator()(auto* what) const { release(what); }
  };

  std::unique_ptr<EVP_MD, Release<EVP_MD_free>> algorithm_{
      EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>> state_{EVP_MD_CTX_new()};
};

}  // namespace

std::string new_id(Time now) {
  std::array<unsigned char, 16> raw{};
  const auto millis = static_cast<std::uint64_t>(now.micros / 1000);
  for (std::size_t i = 0; i < 6; ++i) raw[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  fill_random(std::span(raw).subspan(6));
  raw[6] = static_cast<unsigned char>(0x40 | (raw[6] & 0x0f));
  raw[8] = static_cast<unsigned char>(0x80 | (raw[8] & 0x3f));
  std::string out;
  out.reserve(32);
  append_hex(out, raw.data(), raw.size());
  return out;
}

std::string first_id_of(Time time) {
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(time.micros, 0) / 1000);
  std::string out(12, '0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = hex_digits[(millis >> (44U - 4U * i)) & 15U];
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::string out;
  out.reserve(bytes * 2);
  std::array<unsigned char, 32> raw{};
  while (bytes > 0) {
    const auto block = std::span(raw).first(std::min(bytes, raw.size()));
    fill_random(block);
    append_hex(out, block.data(), block.size());
    bytes -= block.size();
  }
  return out;
}

std::string uuid_form(std::string_view id) {
  std::string out(id);
  if (id.size() != 32 || !is_hex(id)) return out;
  for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
  return out;
}

std::string plain_form(std::string_view id) {
  std::string out(id);
  if (id.size() != 36) return out;
  for (const std::size_t at : {23U, 18U, 13U, 8U}) {
    if (out[at] != '-') return std::string(id);
    out.erase(at, 1);
  }
  return is_hex(out) ? out : std::string(id);
}

std::string new_uuid() {
  std::string hex = random_hex(16);
  constexpr std::string_view variants = "89ab";
  hex[12] = '4';
  hex[16] = variants[static_cast<std::size_t>(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a') % 4];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string new_token(std::size_t bytes) {
  std::array<unsigned char, 64> raw{};
  if (bytes > raw.size()) throw std::invalid_argument("new_token: at most 64 bytes");
  fill_random(std::span(raw).first(bytes));
  return to_base64url({reinterpret_cast<const char*>(raw.data()), bytes});
}

std::string random_digits(std::size_t digits) {
  std::string out;
  while (out.size() < digits) {
    unsigned char byte = 0;
    fill_random({&byte, 1});
    if (byte < 250) out.push_back(static_cast<char>('0' + byte % 10));  // 250..255 would favour 0-5
  }
  return out;
}

std::string sha256_hex(std::string_view data) {
  thread_local Sha256 sha256;
  const Sha256::Digest digest = sha256.digest(data);
  std::string out;
  out.reserve(64);
  append_hex(out, digest.data(), digest.size());
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace colonnade::base
