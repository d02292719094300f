// Hashes over JSON text, and what they are checked for.
#pragma once

#include <string>
#include <string_view>

#include "colonnade/faramesh.hpp"

namespace colonnade::inline v1::faramesh::detail {

// Both throw ValidationError for text that has no canonical form.
std::string request_hash_of_text(std::string_view json);
std::string chained_hash_of_text(std::string_view json, std::string_view prev_hash);

// `request`, trimmed or as it is, whichever `hash` is of; HashMismatchError for neither.
ActionRequest hashed_request(const ActionRequest& request, std::string_view hash);

}  // namespace colonnade::inline v1::faramesh::detail
