#include "core/governance/audit_signer.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "core/access/scope.hpp"
#include "core/events/event_feed.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

std::optional<SignedHead> signed_head_in(const base::Json& record) {
  SignedHead out;
  try {
    if (record.at("kind") != audit_kind::signature) return std::nullopt;
    const base::Json& details = record.at("details");
    out.key = record.at("subject").get<std::string>();
    out.head.seq = details.at("seq").get<std::int64_t>();
    out.head.hash = details.at("hash").get<std::string>();
    out.head.root = details.at("root").get<std::string>();
    out.signature = details.at("signature").get<std::string>();
    out.peaks = details.at("peaks").get<std::vector<std::string>>();
  } catch (const base::Json::exception&) {
    return std::nullopt;
  }
  return out;
}

AuditSigner::AuditSigner(AuditSignerDependencies deps)
    : deps_(std::move(deps)), verifying_key_(deps_.key.verifying_key()) {}

Task<Result<void>> AuditSigner::sign() {
  if (busy_.test_and_set()) co_return Result<void>{};
  auto done = co_await sign_alone();
  busy_.clear();
  co_return done;
}

Task<Result<void>> AuditSigner::sign_alone() {
  if (!resumed_) {
    auto resumed = co_await resume();
    if (!resumed) co_return resumed;
    resumed_ = true;
  }
  auto read = co_await read_new();
  if (!read || !is_unsigned_) co_return read;
  const AuditHead head{.seq = tree_.size(), .hash = newest_hash_, .root = tree_.root()};
  AuditEntry entry{.kind = std::string(audit_kind::signature),
                   .actor = "system",
                   .subject = verifying_key_.hex(),
                   .details = {{"seq", head.seq},
                               {"hash", head.hash},
                               {"root", head.root},
                               {"peaks", tree_.peaks()},
                               {"signature", deps_.key.sign(signed_text(head))}},
                   .at = deps_.clock.now()};
  auto appended = co_await append(std::move(entry));
  if (!appended) co_return appended;
  is_unsigned_ = false;
  if (deps_.note) deps_.note(head);
  co_return appended;
}

// What our own last signature vouches for need not be read again.
Task<Result<void>> AuditSigner::resume() {
  auto newest = co_await deps_.store.newest_audit_of(Scope::whole_server(), verifying_key_.hex());
  if (!newest) co_return fail(std::move(newest.error()));
  if (!*newest) co_return Result<void>{};
  const auto text = base::parse_json((*newest)->text, "audit record");
  auto signed_head = text ? signed_head_in(*text) : std::nullopt;
  if (!signed_head) co_return Result<void>{};
  const AuditHead& head = signed_head->head;
  auto tree = AuditTree::from_peaks(head.seq, std::move(signed_head->peaks));
  const bool is_ours = tree && tree->root() == head.root &&
                       verifying_key_.accepts(signed_text(head), signed_head->signature);
  if (!is_ours) co_return Result<void>{};
  tree_ = *std::move(tree);
  newest_hash_ = head.hash;
  co_return Result<void>{};
}

Task<Result<void>> AuditSigner::read_new() {
  for (;;) {
    const auto page = co_await deps_.store.audit(tree_.size(), limits::page_rows_max);
    if (!page) co_return fail(page.error());
    for (const AuditRecord& record : *page) {
      if (record.seq != tree_.size() + 1) {
        co_return fail(ErrorKind::internal, "the audit trail has no record " +
                                                std::to_string(tree_.size() + 1) +
                                                "; `colonnade audit verify` says more");
      }
      tree_.add(record.hash);
      newest_hash_ = record.hash;
      is_unsigned_ = is_unsigned_ || record.kind != audit_kind::signature;
    }
    if (page->size() < limits::page_rows_max) co_return Result<void>{};
  }
}

Task<Result<void>> AuditSigner::compare(NotedRecord noted) {
  auto found = co_await hash_at(noted.seq);
  if (!found) co_return fail(std::move(found.error()));
  if (*found == noted.hash) co_return Result<void>{};
  std::string subject = noted.hash;
  auto recorded = co_await append_restore(std::move(subject), std::move(noted), *std::move(found));
  co_return recorded;
}

Task<Result<void>> AuditSigner::record_restore(std::string from, std::optional<NotedRecord> noted) {
  NotedRecord replaced = std::move(noted).value_or(NotedRecord{});
  std::string found;
  if (replaced.seq > 0) {
    auto hash = co_await hash_at(replaced.seq);
    if (!hash) co_return fail(std::move(hash.error()));
    found = *std::move(hash);
  }
  auto recorded = co_await append_restore(std::move(from), std::move(replaced), std::move(found));
  co_return recorded;
}

// That of the record with this number; "" when there is none.
Task<Result<std::string>> AuditSigner::hash_at(std::int64_t seq) {
  const auto there = co_await deps_.store.audit(seq - 1, 1);
  if (!there) co_return fail(there.error());
  const bool is_there = !there->empty() && there->front().seq == seq;
  co_return is_there ? there->front().hash : "";
}

Task<Result<void>> AuditSigner::append_restore(std::string subject, NotedRecord noted,
                                               std::string found_hash) {
  const auto newest = co_await deps_.store.last_audit_seq();
  if (!newest) co_return fail(newest.error());
  AuditEntry entry{.kind = std::string(audit_kind::restore),
                   .actor = "system",
                   .subject = std::move(subject),
                   .details = {{"noted_seq", noted.seq},
                               {"noted_hash", noted.hash},
                               {"found_hash", found_hash},
                               {"newest_seq", *newest}},
                   .at = deps_.clock.now()};
  auto appended = co_await append(std::move(entry));
  co_return appended;
}

Task<Result<void>> AuditSigner::append(AuditEntry entry) {
  Unit unit{.scope = Scope::whole_server()};
  unit.changes.emplace_back(AppendAudit{std::move(entry)});
  auto committed = co_await deps_.feed.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

}  // namespace colonnade::core
