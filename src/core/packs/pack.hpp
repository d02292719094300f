// A pack: agents, routines, skills and workflows that somebody made elsewhere, in one archive, and
// what is known of one that is installed (tandem §4.10).
//
// Everything that a pack brings carries its origin and goes with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

inline constexpr std::string_view pack_manifest_file = "tandempack.yaml";
inline constexpr std::string_view pack_signature_file = "tandempack.sig";
// The creator's type of what a pack brings; the creator is then its origin (pack_origin()).
inline constexpr std::string_view pack_creator = "pack";

enum class PackItemKind { agent, mission, routine, skill, workflow, workflow_hook };
std::string_view to_string(PackItemKind kind);  // as a manifest's lists are called: "agents", …
std::optional<PackItemKind> pack_item_kind_from(std::string_view text);

// One thing that a manifest lists.
struct PackItem {
  PackItemKind kind = PackItemKind::agent;
  std::string id{};
  std::string path{};    // of the file that defines it
  std::string sha256{};  // of that file; "" as long as nobody has looked
  // Of a skill: what is shown of it in lists.
  std::string description{};
};

// What a pack needs. Nothing is granted by it.
struct PackCapabilities {
  std::vector<std::string> required{};
  std::vector<std::string> optional{};
  std::vector<std::string> provider_specific{};  // "provider:capability"
};

struct PackManifest {
  std::string name{};
  std::string version{};
  std::string type{};
  std::string pack_id{};  // the name, where the manifest has none
  PackCapabilities capabilities{};
  std::vector<PackItem> items{};               // by kind, in the manifest's order
  std::vector<std::string> entry_workflows{};  // ids
  base::Json tree = base::Json::object();      // all that it says
};

// Who vouches for a pack.
enum class PackTrust {
  unsigned_pack,
  unverified,  // signed by a key that is not in packs.trusted_keys, or in another way
  verified,    // by a key in packs.trusted_keys
};
std::string_view to_string(PackTrust trust);  // "unsigned", "present_unverified", "verified"
std::optional<PackTrust> pack_trust_from(std::string_view text);

enum class PackState {
  installing,  // began; what is made is in `made`
  installed,
  removing,  // began; what is left is in `made`
};
std::string_view to_string(PackState state);
std::optional<PackState> pack_state_from(std::string_view text);

// What installing has made outside of the pack's own folder.
struct PackMade {
  PackItemKind kind = PackItemKind::agent;  // or routine
  std::string item_id{};                    // in the manifest
  std::string id{};                         // of the agent or routine
  std::string owner{};                      // of the routine
  base::Time created_at{};                  // of it: another one of that id is not the pack's
};

struct Pack {
  Scope scope;
  PackManifest manifest{};
  PackState state = PackState::installing;
  std::int64_t revision = 0;  // 1 for a new one, one more with each change
  std::string install_path{};
  std::string sha256{};  // of the archive
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // of all files
  base::Time installed_at{};
  std::string installed_by{};  // a user id
  base::Json source = base::Json::object();
  PackTrust trust = PackTrust::unsigned_pack;
  std::string publisher{};  // whose key it is, of a verified one
  std::vector<PackMade> made{};
};

// "name@version": how what a pack has made says where it comes from.
std::string pack_origin(const PackManifest& manifest);

// Which pack is meant: by pack_id or name, and by version, else the one that was installed last.
struct PackSelector {
  std::string pack_id{};
  std::string name{};
  std::string either{};  // a pack_id or a name
  std::string version{};
};

}  // namespace colonnade::core
