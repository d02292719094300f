// Secrets at rest: sealed with AES-256-GCM under a key that stays in a file of its owner's.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::base {

// Thread-safe.
class SecretBox {
 public:
  static constexpr std::size_t key_bytes = 32;
  using Key = std::array<unsigned char, key_bytes>;

  explicit SecretBox(const Key& key) : key_(key) {}
  ~SecretBox();
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  // A key of random bytes.
  static Key new_key();

  // Printable text. `purpose` says what and whose the secret is; open() wants the same, so that a
  // sealed text cannot be put in another's place.
  std::string seal(std::string_view secret, std::string_view purpose) const;
  // ErrorKind::invalid when the text was sealed under another key or for another purpose, or was
  // changed.
  Result<std::string> open(std::string_view sealed, std::string_view purpose) const;

 private:
  Key key_;
};

}  // namespace colonnade::base
