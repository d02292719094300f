// What a statement's row count means to the change that ran it. For the files of Changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

inline std::string quoted(std::string_view what, std::string_view id) {
  return std::string(what) + " \"" + std::string(id) + "\"";
}

inline std::unexpected<base::Error> missing(std::string_view what, std::string_view id) {
  return fail(ErrorKind::not_found, "there is no " + quoted(what, id));
}

// For statements whose effect on other than one row is the documented failure `otherwise`.
template <class Otherwise>
Result<void> one_row(const Result<std::int64_t>& changed, Otherwise otherwise) {
  if (!changed) return fail(changed.error());
  if (*changed == 0) return otherwise();
  return {};
}

// Touched nothing, and that is right too.
inline Result<void> any_row(const Result<std::int64_t>& changed) {
  if (!changed) return fail(changed.error());
  return {};
}

}  // namespace colonnade::storage::sqlite
