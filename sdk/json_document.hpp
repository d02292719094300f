// JSON text to simdjson's tree, and from there to the public Json. For .cpp files of sdk/ only.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "colonnade/json.hpp"

namespace colonnade::inline v1::detail {

// The tree lives until the next call on this thread. Failures are ErrorKind::malformed, without a
// body.
Result<simdjson::dom::element> parse_document(std::string_view text);

Json to_json(simdjson::dom::element element);

}  // namespace colonnade::inline v1::detail
