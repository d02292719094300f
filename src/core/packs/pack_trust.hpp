// Who vouches for a pack: Ed25519 signatures of its files, and the keys that an operator trusts.
//
// tandempack.sig is a JSON object: {"algorithm":"ed25519","public_key":"<64 hexadecimal digits>",
// "signature":"<128 hexadecimal digits>"}, over signed_text_of(). Any other text says only that
// somebody has signed in another way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/signing_key.hpp"
#include "core/packs/pack.hpp"
#include "core/packs/pack_files.hpp"

namespace colonnade::core {

struct TrustedPublisher {
  std::string name{};
  std::string key_hex{};  // 64 hexadecimal digits, lower case
};

// "name:64 hexadecimal digits", as packs.trusted_keys has them. Errors: invalid.
base::Result<TrustedPublisher> parse_trusted_publisher(std::string_view text);

// What is signed: a line "tandempack 1", then for each file but tandempack.sig, by path, its
// SHA-256, two blanks and its path, as sha256sum writes them.
std::string signed_text_of(const std::vector<PackFile>& files);

struct PackVouched {
  PackTrust trust = PackTrust::unsigned_pack;
  std::string publisher{};  // of a verified one
};
// `signature`: the text of tandempack.sig; nullptr when there is none. Errors: invalid with the
// field "tandempack.sig": a signature of our form that does not fit the files.
base::Result<PackVouched> judge_signature(const std::string* signature,
                                          const std::vector<PackFile>& files,
                                          const std::vector<TrustedPublisher>& trusted);

}  // namespace colonnade::core
