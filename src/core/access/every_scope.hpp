// Lists over every scope, for recovery, expiry and purging. They are read to their end, page by
// page: a list that is cut would leave rows for ever that nobody looks at again.
#pragma once

#include <cstddef>
#include <string>

#include "core/limits.hpp"

namespace colonnade::core {

// A page of rows by scope and id. Each begins after the last row of the one before, so that rows
// that stay as they were do not keep later ones from being seen.
struct EveryScopePage {
  std::string after_scope{};  // Scope::key(); "" for the first page
  std::string after_id{};
  std::size_t limit = limits::page_rows_max;

  // The page after the one that ends with `last`.
  template <class Row>
  EveryScopePage after(const Row& last) const {
    return {.after_scope = last.scope.key(), .after_id = last.id, .limit = limit};
  }
};

}  // namespace colonnade::core
