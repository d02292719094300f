// The store port for packs, as core/events/journal.hpp says of all.
//
// Their changes are one alternative of core::Change, a pointer to a PackChange (pack_change() makes
// it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/packs/limits.hpp"
#include "core/packs/pack.hpp"

namespace colonnade::core {

using base::Result;

class PackStore {
 public:
  virtual ~PackStore() = default;
  // Of the scope, in any state, by name and then version; limits::packs_per_scope at most.
  virtual base::Task<Result<std::vector<Pack>>> packs(Scope scope) = 0;
  // Those of every scope that are not installed, as a process left them that ended meanwhile; for
  // the start.
  virtual base::Task<Result<std::vector<Pack>>> unfinished_packs() = 0;
};

// Inserts, or replaces the one of that name and version. conflict with the field "revision" unless
// it is at `pack.revision - 1`, which is 0 for a new one; too_large when it is new and the scope
// has `packs_max`, or its packs together would have more than `bytes_max`.
struct PutPack {
  Pack pack;
  std::size_t packs_max = limits::packs_per_scope;
  std::uint64_t bytes_max = limits::pack_bytes_per_scope;
};
struct RemovePack {  // not_found
  std::string name{};
  std::string version{};
};

struct PackChange {
  std::variant<PutPack, RemovePack> what;
};

template <class One>
std::shared_ptr<const PackChange> pack_change(One one) {
  return std::make_shared<const PackChange>(PackChange{std::move(one)});
}

// That somebody else has changed it meanwhile, or has installed it.
constexpr std::string_view pack_revision_field = "revision";

}  // namespace colonnade::core
