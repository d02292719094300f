#include "core/packs/pack_trust.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

std::string signature_member(const Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::unexpected<base::Error> wrong_signature(const std::string& why) {
  return fail(ErrorKind::invalid, std::string(pack_signature_file) + " " + why,
              std::string(pack_signature_file));
}

}  // namespace

Result<TrustedPublisher> parse_trusted_publisher(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view hex =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const auto key = base::VerifyingKey::from_hex(hex);
  if (!key || colon == 0) {
    return fail(ErrorKind::invalid,
                "a trusted key is written \"publisher:key\"; the key is an Ed25519 public key, 64 "
                "hexadecimal digits");
  }
  return TrustedPublisher{.name = std::string(text.substr(0, colon)), .key_hex = key->hex()};
}

std::string signed_text_of(const std::vector<PackFile>& files) {
  std::string out = "tandempack 1\n";
  for (const PackFile& one : files) {
    if (one.path == pack_signature_file) continue;
    out += one.sha256 + "  " + one.path + "\n";
  }
  return out;
}

Result<PackVouched> judge_signature(const std::string* signature,
                                    const std::vector<PackFile>& files,
                                    const std::vector<TrustedPublisher>& trusted) {
  if (signature == nullptr) return PackVouched{};
  const auto tree = base::parse_json(*signature, "signature");
  const bool is_ours =
      tree && tree->is_object() && signature_member(*tree, "algorithm") == "ed25519";
  if (!is_ours) return PackVouched{.trust = PackTrust::unverified};
  const auto key = base::VerifyingKey::from_hex(signature_member(*tree, "public_key"));
  if (!key) return wrong_signature("has no public_key of 64 hexadecimal digits");
  if (!key->accepts(signed_text_of(files), signature_member(*tree, "signature"))) {
    return wrong_signature(
        "does not fit the files of the pack: they were changed after it was made; get the pack "
        "from its publisher again");
  }
  const auto known = std::ranges::find(trusted, key->hex(), &TrustedPublisher::key_hex);
  if (known == trusted.end()) return PackVouched{.trust = PackTrust::unverified};
  return PackVouched{.trust = PackTrust::verified, .publisher = known->name};
}

}  // namespace colonnade::core
