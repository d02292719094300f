// Bodies of packs (tandem §2.11).
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/packs/packs.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// Where the archive is that a request means: its members, or its body when that is a zip. Errors:
// invalid with the field.
base::Result<core::PackInput> decode_pack_input(const net::Request& request);
// pack_id, name, version. Errors as above.
base::Result<core::PackSelector> decode_pack_selector(const base::Json& body);

// The record of an installed pack.
base::Json encode_pack(const core::Pack& pack);
// What it is and what it touches. Of one that is not installed, `installed` is left out, and its
// size is said.
base::Json encode_pack_sheet(const core::PackSheet& sheet);
// The difference and what follows from it; of updates() and update().
base::Json encode_pack_difference(const core::PackDifference& difference);

}  // namespace colonnade::dialects::tandem
