#include "core/access/managed_token.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/limits.hpp"
#include "core/access/operators.hpp"
#include "core/documents/kept_object.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr const char* token_key = "token";

DocumentPlace token_place() {
  return {Scope::whole_server(), document_collection::managed_token, ""};
}

Result<void> check_token(std::string_view token) {
  const bool visible = std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
  if (visible && token.size() >= limits::managed_token_bytes_min &&
      token.size() <= limits::managed_token_bytes_max) {
    return {};
  }
  return fail(ErrorKind::invalid,
              "the token must have " + std::to_string(limits::managed_token_bytes_min) + " to " +
                  std::to_string(limits::managed_token_bytes_max) +
                  " visible characters, such as those of POST /auth/token/generate",
              "token");
}

}  // namespace

Task<Result<ManagedToken::Kept>> ManagedToken::kept() const {
  const auto found = co_await kept_object(&store_, token_place(), token_key);
  if (!found) co_return fail(found.error());
  co_return Kept{.id = found->tree.value("id", ""),
                 .scope = found->tree.value("scope", ""),
                 .ending = found->tree.value("ending", ""),
                 .ending_scope = found->tree.value("ending_scope", ""),
                 .revision = found->revision()};
}

Task<Result<void>> ManagedToken::keep(Principal who, Kept kept) {
  const Time now = clock_.now();
  Unit unit{.scope = Scope::whole_server(), .account = account_of(who)};
  unit.changes.emplace_back(
      PutDocument{.document = {.scope = unit.scope,
                               .collection = std::string(document_collection::managed_token),
                               .key = token_key,
                               .text = base::to_text(Json{{"id", kept.id},
                                                          {"scope", kept.scope},
                                                          {"ending", kept.ending},
                                                          {"ending_scope", kept.ending_scope}}),
                               .changed_by = who.user_id,
                               .created_at = now,
                               .changed_at = now},
                  .revision_before = kept.revision,
                  .documents_max = 1});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && committed.error().kind == ErrorKind::conflict) {
    co_return fail(ErrorKind::conflict, "somebody else changes the token just now; try again");
  }
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

// One that is gone already is no error.
Task<Result<void>> ManagedToken::end(std::string actor, std::string scope, std::string id) {
  if (id.empty()) co_return Result<void>{};
  Principal remover = system_operator();
  remover.scope = Scope::from_key(std::move(scope));
  auto revoked = co_await credentials_.revoke(std::move(remover), CredentialKind::operator_token,
                                              std::move(id), std::move(actor));
  if (!revoked && revoked.error().kind == ErrorKind::not_found) co_return Result<void>{};
  co_return revoked;
}

Task<void> ManagedToken::end_later(ManagedToken* self, std::string actor, std::string scope,
                                   std::string id) {
  const auto ended = co_await self->end(std::move(actor), std::move(scope), std::move(id));
  if (!ended) base::log::error("token_not_revoked", {{"error", ended.error().message}});
}

// A request that comes by the token itself is answered first.
Task<Result<void>> ManagedToken::end_for(base::Lane* lane, Principal who, Kept before) {
  if (before.id != who.credential_id) {
    auto ended = co_await end(who.user_id, std::move(before.scope), std::move(before.id));
    co_return ended;
  }
  if (!before.id.empty()) {
    lane->spawn("end_token", end_later(this, who.user_id, before.scope, before.id));
  }
  co_return Result<void>{};
}

Task<Result<void>> ManagedToken::open() {
  auto now = co_await kept();
  if (!now) co_return fail(std::move(now.error()));
  auto ended = co_await end("system", now->ending_scope, now->ending);
  co_return ended;
}

Task<Result<void>> ManagedToken::set(base::Lane* lane, Principal who, std::string token) {
  if (auto allowed = check_server_operator(who); !allowed) co_return allowed;
  if (auto fits = check_token(token); !fits) co_return fits;
  auto before = co_await kept();
  if (!before) co_return fail(std::move(before.error()));
  Principal bearer(who.scope, who.user_id, UserRole::operator_role);
  bearer.every_scope = true;
  CreatedToken made =
      credentials_.prepare(std::move(bearer), CredentialKind::operator_token, "set over the wire");
  made.credential.token_sha256 = base::sha256_hex(token);
  // Known before it counts, so that it can be taken away whatever happens.
  Kept next{.id = made.credential.id,
            .scope = who.scope.key(),
            .ending = before->id,
            .ending_scope = before->scope,
            .revision = before->revision};
  auto known = co_await keep(who, std::move(next));
  if (!known) co_return known;
  CredentialIssuer issuer{.actor = who.user_id, .credential_id = who.credential_id};
  auto admitted = co_await credentials_.admit(std::move(made.credential), std::move(issuer));
  if (!admitted) {
    Kept again = *before;
    again.revision = before->revision + 1;
    auto undone = co_await keep(who, std::move(again));
    if (!undone) co_return undone;
    if (admitted.error().kind == ErrorKind::conflict) {
      co_return fail(ErrorKind::conflict, "that token exists already; choose another", "token");
    }
    co_return admitted;
  }
  auto ended = co_await end_for(lane, std::move(who), std::move(*before));
  co_return ended;
}

Task<Result<bool>> ManagedToken::remove(base::Lane* lane, Principal who) {
  if (auto allowed = check_server_operator(who); !allowed) co_return fail(allowed.error());
  auto before = co_await kept();
  if (!before) co_return fail(std::move(before.error()));
  if (before->id.empty()) co_return false;
  Kept none{.ending = before->id, .ending_scope = before->scope, .revision = before->revision};
  auto known = co_await keep(who, std::move(none));
  if (!known) co_return fail(std::move(known.error()));
  auto ended = co_await end_for(lane, std::move(who), std::move(*before));
  if (!ended) co_return fail(std::move(ended.error()));
  co_return true;
}

}  // namespace colonnade::core
