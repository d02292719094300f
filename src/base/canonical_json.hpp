// One text for equal JSON values, for hashing (faramesh §5). Not RFC 8785: keys are sorted by code
// point, integers keep all their digits, doubles are written without an exponent.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::base {

// The canonical text of the JSON document `text`. Of repeated members the last one counts. Members
// of the outermost object whose names `drop` says yes to are left out; empty keeps all.
// ErrorKind::invalid for text that is not JSON or not UTF-8, holds a lone surrogate or a number
// beyond a double, or is nested deeper than limits::json_depth_max.
Result<std::string> canonical_json(std::string_view text,
                                   const std::function<bool(std::string_view)>& drop = {});

// Whether a member of an action's outermost object with that name does not count for the hash of
// the request: it describes what was decided, or begins with `_` (faramesh §5.1).
bool is_left_out_of_request_hash(std::string_view name);

}  // namespace colonnade::base
