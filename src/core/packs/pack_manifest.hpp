// What a pack says of itself: tandempack.yaml (tandem §4.10).
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/packs/pack.hpp"

namespace colonnade::core {

// Errors: invalid, with the field "tandempack.yaml", naming the member and the remedy.
//
// Names, versions and ids have letters, digits and any of "._-", and begin with a letter or digit:
// they become names of folders and parts of ids. A pack of type "skill" that lists no skill has
// one, named after it, in SKILL.md.
base::Result<PackManifest> read_pack_manifest(base::Json tree);

// What two versions ask for differently (tandem §2.11).
struct PackDifference {
  std::vector<std::string> added_required{};
  std::vector<std::string> removed_required{};
  std::vector<std::string> added_provider_specific{};
  std::vector<std::string> removed_provider_specific{};
  bool routines_differ = false;  // other routines, or other definitions under the same ids

  // Whether somebody has to agree to the newer one again.
  bool asks_for_more() const {
    return !added_required.empty() || !added_provider_specific.empty() || routines_differ;
  }
};
PackDifference difference_of(const PackManifest& before, const PackManifest& after);

}  // namespace colonnade::core
