#include "storage/sqlite/pack_reads.hpp"

#include <utility>

#include "core/packs/pack_text.hpp"

namespace colonnade::storage::sqlite {
namespace {

#define COLONNADE_PACK_COLUMNS "scope, name, version, state, revision, installed_at, definition"

Result<core::Pack> read_pack(Statement& row) {
  const auto state = core::pack_state_from(row.text(3));
  if (!state) return fail(ErrorKind::internal, "a pack has an unknown state");
  core::Pack out{.scope = core::Scope::from_key(row.string(0)),
                 .state = *state,
                 .revision = row.integer(4),
                 .installed_at = row.time(5)};
  if (const auto read = core::read_definition(row.text(6), out); !read) {
    return fail(ErrorKind::internal, read.error().message);
  }
  if (out.manifest.name != row.text(1) || out.manifest.version != row.text(2)) {
    return fail(ErrorKind::internal, "a pack's manifest is another's");
  }
  return out;
}

}  // namespace

base::Task<Result<std::vector<core::Pack>>> PackReads::packs(core::Scope scope) {
  co_return readers_.with([&](Database& database) {
    return database.all<core::Pack>("SELECT " COLONNADE_PACK_COLUMNS
                                    " FROM packs WHERE scope = ?1 ORDER BY name, version LIMIT ?2",
                                    read_pack, scope.key(), limits::packs_per_scope);
  });
}

base::Task<Result<std::vector<core::Pack>>> PackReads::unfinished_packs() {
  co_return readers_.with([&](Database& database) {
    return database.all<core::Pack>("SELECT " COLONNADE_PACK_COLUMNS
                                    " FROM packs WHERE state <> 'installed'"
                                    " ORDER BY scope, name, version",
                                    read_pack);
  });
}

}  // namespace colonnade::storage::sqlite
