// Changes of packs.
#include <utility>

#include "core/packs/pack_store.hpp"
#include "core/packs/pack_text.hpp"
#include "storage/sqlite/change_results.hpp"
#include "storage/sqlite/changes.hpp"

namespace colonnade::storage::sqlite {
namespace {

std::string named_pack(std::string_view name, std::string_view version) {
  return std::string(name) + " " + std::string(version);
}

}  // namespace

Result<void> Changes::on(const core::Scope& scope, const core::ChangeOfPacks& change) {
  return std::visit([&](const auto& one) { return on(scope, one); }, change->what);
}

Result<void> Changes::on(const core::Scope& scope, const core::PutPack& change) {
  const core::Pack& pack = change.pack;
  const std::string& name = pack.manifest.name;
  const std::string& version = pack.manifest.version;
  const auto revision =
      database_.number("SELECT revision FROM packs WHERE scope = ?1 AND name = ?2 AND version = ?3",
                       scope.key(), name, version);
  if (!revision) return fail(revision.error());
  if (*revision != pack.revision - 1) {
    return fail(ErrorKind::conflict,
                quoted("pack", named_pack(name, version)) +
                    (pack.revision == 1 ? " is installed, or about to be, already"
                                        : " was changed by somebody else"),
                std::string(core::pack_revision_field));
  }
  if (*revision != 0) {
    return any_row(
        write("UPDATE packs SET state = ?4, revision = ?5, installed_at = ?6, definition = ?7"
              " WHERE scope = ?1 AND name = ?2 AND version = ?3",
              scope.key(), name, version, core::to_string(pack.state), pack.revision,
              pack.installed_at, core::definition_text(pack)));
  }
  const auto held = database_.number("SELECT count(*) FROM packs WHERE scope = ?1", scope.key());
  if (!held) return fail(held.error());
  if (std::cmp_greater_equal(*held, change.packs_max)) {
    return fail(ErrorKind::too_large, "there are " + std::to_string(*held) +
                                          " packs, as many as one scope may have; uninstall some");
  }
  const auto bytes = database_.number("SELECT sum(bytes) FROM packs WHERE scope = ?1", scope.key());
  if (!bytes) return fail(bytes.error());
  // Each is bounded by core/packs/limits.hpp.
  const std::uint64_t together = static_cast<std::uint64_t>(*bytes) + pack.bytes;
  if (together > change.bytes_max) {
    return fail(ErrorKind::too_large, "the packs would have " + std::to_string(together) +
                                          " bytes, more than " + std::to_string(change.bytes_max) +
                                          "; uninstall some");
  }
  return any_row(
      write("INSERT INTO packs (scope, name, version, state, revision, installed_at, bytes,"
            " definition) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            scope.key(), name, version, core::to_string(pack.state), pack.revision,
            pack.installed_at, static_cast<std::int64_t>(pack.bytes), core::definition_text(pack)));
}

Result<void> Changes::on(const core::Scope& scope, const core::RemovePack& change) {
  return one_row(write("DELETE FROM packs WHERE scope = ?1 AND name = ?2 AND version = ?3",
                       scope.key(), change.name, change.version),
                 [&] { return missing("pack", named_pack(change.name, change.version)); });
}

}  // namespace colonnade::storage::sqlite
