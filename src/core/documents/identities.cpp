#include "core/documents/identities.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/documents/kept_object.hpp"
#include "core/documents/limits.hpp"
#include "core/governance/audit.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr const char* identity_key = "identity";

}  // namespace

Task<Result<Json>> Identities::get(Principal who) const {
  DocumentPlace place(who.scope, document_collection::settings, "");
  auto kept = co_await kept_object(&store_, std::move(place), identity_key);
  if (!kept) co_return fail(std::move(kept.error()));
  co_return std::move(kept->tree);
}

Task<Result<Json>> Identities::change(Principal who, Json patch) {
  if (auto allowed = check_operator(who); !allowed) co_return fail(std::move(allowed.error()));
  const DocumentPlace place(who.scope, document_collection::settings, "");
  for (int attempt = 0; attempt < limits::change_attempts_max; ++attempt) {
    auto kept = co_await kept_object(&store_, place, identity_key);
    if (!kept) co_return fail(std::move(kept.error()));
    Json now = std::move(kept->tree);
    now.merge_patch(patch);
    std::string text = base::to_text(now);
    if (text.size() > limits::identity_bytes_max) {
      co_return fail(ErrorKind::too_large,
                     "the identity is longer than " + std::to_string(limits::identity_bytes_max) +
                         " bytes of JSON",
                     "identity");
    }
    const Time at = clock_.now();
    Unit unit{.scope = who.scope, .account = account_of(who)};
    unit.changes.emplace_back(PutDocument{.document = {.scope = who.scope,
                                                       .collection = place.collection,
                                                       .key = identity_key,
                                                       .text = std::move(text),
                                                       .changed_by = who.user_id,
                                                       .created_at = at,
                                                       .changed_at = at},
                                          .revision_before = kept->revision(),
                                          .documents_max = limits::page_rows_max});
    unit.changes.emplace_back(AppendAudit{{.kind = std::string(audit_kind::setting),
                                           .actor = who.user_id,
                                           .subject = identity_key,
                                           .details = {{"change", "changed"}},
                                           .at = at}});
    auto committed = co_await feed_.commit(std::move(unit));
    if (committed) co_return now;
    if (committed.error().kind != ErrorKind::conflict) co_return fail(std::move(committed.error()));
  }
  co_return fail(ErrorKind::conflict, "the identity is being changed by others; try again");
}

}  // namespace colonnade::core
