#include "core/packs/pack_installation.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

using base::fail;
using base::Json;
using base::Task;

namespace {

Json names_made(const Pack& pack) {
  Json out = Json::array();
  for (const PackMade& one : pack.made) {
    out.push_back({{"kind", to_string(one.kind)}, {"id", one.id}});
  }
  return out;
}

PackPlace place_of_pack(const Pack& pack) {
  return {pack.scope, pack.manifest.name, pack.manifest.version};
}

}  // namespace

Change PackInstallation::audited(const Principal& who, const Pack& pack,
                                 std::string_view what) const {
  return AppendAudit{AuditEntry{.kind = std::string(audit_kind::pack),
                                .actor = who.user_id,
                                .subject = pack_origin(pack.manifest),
                                .details = {{"change", what},
                                            {"sha256", pack.sha256},
                                            {"trust", to_string(pack.trust)},
                                            {"publisher", pack.publisher},
                                            {"made", names_made(pack)}},
                                .at = ports_.clock.now()}};
}

// With the changes in one transaction, or not at all; then `pack` stays as it was.
Task<Result<void>> PackInstallation::store(Principal who, Pack* pack, std::vector<Change> also) {
  Pack after = *pack;
  ++after.revision;
  Unit unit{.scope = pack->scope, .account = account_of(who)};
  unit.changes.emplace_back(pack_change(PutPack{.pack = after}));
  std::ranges::move(also, std::back_inserter(unit.changes));
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  *pack = std::move(after);
  co_return Result<void>{};
}

Task<Result<void>> PackInstallation::make_agents(Principal who, Pack* pack,
                                                 std::vector<PackAgent> agents) {
  for (PackAgent& one : agents) {
    Pack after = *pack;
    ++after.revision;
    AlsoWithAgent also = [&after, &one](const Agent& agent) {
      after.made.push_back({.kind = PackItemKind::agent,
                            .item_id = one.item_id,
                            .id = agent.id,
                            .created_at = agent.created_at});
      std::vector<Change> changes;
      changes.emplace_back(pack_change(PutPack{.pack = after}));
      return changes;
    };
    auto made = co_await ports_.agents.create(who, std::move(one.agent), std::move(also));
    if (!made) co_return fail(std::move(made.error()));
    *pack = std::move(after);
  }
  co_return Result<void>{};
}

Task<Result<void>> PackInstallation::make_routines(Principal who, Pack* pack,
                                                   std::vector<PackRoutine> routines) {
  for (PackRoutine& one : routines) {
    Pack after = *pack;
    ++after.revision;
    AlsoWithRoutine also = [&after, &one](const Routine& routine) {
      after.made.push_back({.kind = PackItemKind::routine,
                            .item_id = one.item_id,
                            .id = routine.id,
                            .owner = routine.owner,
                            .created_at = routine.created_at});
      std::vector<Change> changes;
      changes.emplace_back(pack_change(PutPack{.pack = after}));
      return changes;
    };
    auto made = co_await ports_.routines.create(who, std::move(one.routine), std::move(also));
    if (!made) co_return fail(std::move(made.error()));
    *pack = std::move(after);
  }
  co_return Result<void>{};
}

Task<Result<void>> PackInstallation::make_all(Principal who, Pack* pack, ReadPack read,
                                              std::stop_token stop) {
  auto unpacked = co_await ports_.files.unpack(account_of(who), read.staged, place_of_pack(*pack),
                                               std::move(stop));
  if (!unpacked) co_return fail(std::move(unpacked.error()));
  auto agents = co_await make_agents(who, pack, std::move(read.definitions.agents));
  if (!agents) co_return fail(std::move(agents.error()));
  auto routines = co_await make_routines(who, pack, std::move(read.definitions.routines));
  co_return routines;
}

Task<Result<Pack>> PackInstallation::put_in(Principal who, ReadPack read,
                                            std::string keyed_request_id, std::stop_token stop) {
  Pack pack = read.pack;
  pack.state = PackState::installing;
  pack.installed_at = ports_.clock.now();
  pack.installed_by = who.user_id;
  std::vector<Change> nothing_else;
  auto begun = co_await store(who, &pack, std::move(nothing_else));
  if (!begun) co_return fail(std::move(begun.error()));
  auto done = co_await make_all(who, &pack, std::move(read), std::move(stop));
  if (done) {
    Pack whole = pack;
    whole.state = PackState::installed;
    std::vector<Change> also;
    also.push_back(audited(who, whole, "installed"));
    if (!keyed_request_id.empty()) {
      also.emplace_back(LinkKeyedRequest{std::move(keyed_request_id), pack_origin(whole.manifest)});
    }
    done = co_await store(who, &whole, std::move(also));
    if (done) co_return whole;
  }
  const base::Error why = std::move(done.error());
  auto undone = co_await finish_removal(who, pack);
  if (!undone) {
    base::log::error("pack_left_half_installed",
                     {{"pack", pack_origin(pack.manifest)}, {"error", undone.error().message}});
  }
  co_return fail(why);
}

// The last one of `made`. Another routine that got its id meanwhile is not the pack's.
Task<Result<void>> PackInstallation::remove_routine(Principal who, Pack* pack) {
  const PackMade one = pack->made.back();
  const Principal owner(pack->scope, one.owner, UserRole::member);
  auto found = co_await ports_.routines.get(owner, one.id);
  if (!found && found.error().kind != base::ErrorKind::not_found) {
    co_return fail(std::move(found.error()));
  }
  Pack after = *pack;
  after.made.pop_back();
  if (!found || found->routine.created_at != one.created_at) {
    pack->made.pop_back();
    std::vector<Change> nothing_else;
    auto stored = co_await store(who, pack, std::move(nothing_else));
    co_return stored;
  }
  ++after.revision;
  std::vector<Change> also;
  also.emplace_back(pack_change(PutPack{.pack = after}));
  auto removed = co_await ports_.routines.remove(owner, one.id, std::move(also));
  if (!removed) co_return fail(std::move(removed.error()));
  *pack = std::move(after);
  co_return Result<void>{};
}

// The last one of `made`. Its id is never another's.
Task<Result<void>> PackInstallation::remove_agent(Principal who, Pack* pack) {
  const std::string id = pack->made.back().id;
  const Principal by(pack->scope, who.user_id, UserRole::operator_role);
  auto erased = co_await ports_.erasure.erase_agent(by, id);
  if (!erased && erased.error().kind != base::ErrorKind::not_found) {
    co_return fail(std::move(erased.error()));
  }
  pack->made.pop_back();
  std::vector<Change> nothing_else;
  auto stored = co_await store(who, pack, std::move(nothing_else));
  co_return stored;
}

Task<Result<void>> PackInstallation::remove_made(Principal who, Pack* pack) {
  while (!pack->made.empty()) {
    Result<void> removed;
    if (pack->made.back().kind == PackItemKind::routine) {
      removed = co_await remove_routine(who, pack);
    } else {
      removed = co_await remove_agent(who, pack);
    }
    if (!removed) co_return removed;
  }
  co_return Result<void>{};
}

// Files before the row: as long as there is the row, somebody looks for them.
Task<Result<void>> PackInstallation::finish_removal(Principal who, Pack pack) {
  auto emptied = co_await remove_made(who, &pack);
  if (!emptied) co_return emptied;
  auto removed = co_await ports_.files.remove(account_of(who), place_of_pack(pack));
  if (!removed) co_return removed;
  Unit unit{.scope = pack.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      pack_change(RemovePack{.name = pack.manifest.name, .version = pack.manifest.version}));
  auto stored = co_await ports_.feed.commit(std::move(unit));
  if (!stored) co_return fail(std::move(stored.error()));
  co_return Result<void>{};
}

Task<Result<Pack>> PackInstallation::take_out(Principal who, Pack pack) {
  Pack leaving = pack;
  leaving.state = PackState::removing;
  std::vector<Change> also;
  also.push_back(audited(who, pack, "uninstalled"));
  auto begun = co_await store(who, &leaving, std::move(also));
  if (!begun) co_return fail(std::move(begun.error()));
  auto removed = co_await finish_removal(std::move(who), std::move(leaving));
  if (!removed) co_return fail(std::move(removed.error()));
  co_return pack;
}

Task<void> PackInstallation::recover() {
  co_await ports_.files.clear();
  auto left = co_await ports_.store.unfinished_packs();
  if (!left) {
    base::log::error("packs_not_recovered", {{"error", left.error().message}});
    co_return;
  }
  for (Pack& pack : *left) {
    const std::string name = pack_origin(pack.manifest);
    const Principal by(pack.scope, pack.installed_by, UserRole::operator_role);
    auto removed = co_await finish_removal(by, std::move(pack));
    if (removed) {
      base::log::info("pack_recovered", {{"pack", name}});
    } else {
      base::log::error("pack_not_recovered", {{"pack", name}, {"error", removed.error().message}});
    }
  }
}

}  // namespace colonnade::core
