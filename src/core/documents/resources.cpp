#include "core/documents/resources.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/access/account.hpp"
#include "core/documents/kept_object.hpp"
#include "core/documents/limits.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

DocumentPlace resources_of(const Principal& who) {
  return {who.scope, document_collection::resource, who.user_id};
}

std::unexpected<base::Error> no_such_resource(const std::string& key) {
  return fail(ErrorKind::not_found, "there is no resource \"" + key + "\"", "key");
}

// nullopt once its lifetime is over.
std::optional<Resource> resource_from(const KeptObject& object, Time now) {
  const Document& kept = object.document;
  const Json& tree = object.tree;
  // There is none.
  if (kept.revision == 0) return std::nullopt;
  Resource out{.key = kept.key,
               .value = tree.value("value", Json()),
               .revision = kept.revision,
               .updated_by = tree.value("by", kept.changed_by),
               .updated_at = kept.changed_at};
  if (const auto lifetime = tree.find("lifetime_ms"); lifetime != tree.end()) {
    out.lifetime_ms = lifetime->get<std::int64_t>();
    if (kept.changed_at + std::chrono::milliseconds(*out.lifetime_ms) <= now) return std::nullopt;
  }
  return out;
}

Result<void> check_resource(const ResourceWrite& input) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (input.key.empty() || input.key.size() > limits::resource_key_bytes_max ||
      std::ranges::any_of(input.key, control)) {
    return fail(ErrorKind::invalid,
                "a key must have 1 to " + std::to_string(limits::resource_key_bytes_max) +
                    " bytes without control characters",
                "key");
  }
  if (base::to_text(input.value).size() > limits::resource_value_bytes_max) {
    return fail(ErrorKind::too_large,
                "the value is longer than " + std::to_string(limits::resource_value_bytes_max) +
                    " bytes of JSON; keep it in parts",
                "value");
  }
  if (input.updated_by.size() > limits::resource_author_bytes_max) {
    return fail(ErrorKind::invalid, "updated_by is too long", "updated_by");
  }
  if (input.lifetime_ms &&
      (*input.lifetime_ms < 1 || *input.lifetime_ms > limits::resource_lifetime_ms_max)) {
    return fail(ErrorKind::invalid,
                "ttl_ms must be from 1 to " + std::to_string(limits::resource_lifetime_ms_max),
                "ttl_ms");
  }
  return {};
}

}  // namespace

Task<Result<std::vector<Resource>>> Resources::list(Principal who, std::string prefix,
                                                    std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, limits::resources_listed_max);
  std::vector<Resource> out;
  DocumentPage page{.prefix = std::move(prefix)};
  for (;;) {
    const auto rows = co_await store_.documents(resources_of(who), page);
    if (!rows) co_return fail(rows.error());
    for (const Document& one : *rows) {
      const auto kept = object_in(one);
      auto there = kept ? resource_from(*kept, clock_.now()) : std::nullopt;
      if (there) out.push_back(std::move(*there));
      if (out.size() == limit) co_return out;
    }
    if (rows->size() < page.limit) co_return out;
    page.after = rows->back().key;
  }
}

Task<Result<Resource>> Resources::get(Principal who, std::string key) const {
  const auto kept = co_await kept_object(&store_, resources_of(who), key);
  if (!kept) co_return fail(kept.error());
  auto there = resource_from(*kept, clock_.now());
  if (!there) co_return no_such_resource(key);
  co_return std::move(*there);
}

Task<Result<Resource>> Resources::store(Principal who, ResourceWrite input) {
  if (auto fits = check_resource(input); !fits) co_return fail(std::move(fits.error()));
  if (input.updated_by.empty()) input.updated_by = who.user_id;
  const Time now = clock_.now();
  Json text = {{"value", input.value}, {"by", input.updated_by}};
  if (input.lifetime_ms) text["lifetime_ms"] = *input.lifetime_ms;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      PutDocument{.document = {.scope = who.scope,
                               .collection = std::string(document_collection::resource),
                               .owner = who.user_id,
                               .key = input.key,
                               .text = base::to_text(text),
                               .changed_by = who.user_id,
                               .created_at = now,
                               .changed_at = now},
                  .revision_before = input.revision_before,
                  .documents_max = limits::resources_max});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  const auto kept = co_await kept_object(&store_, resources_of(who), input.key);
  if (!kept) co_return fail(kept.error());
  // As it was when it was written: a short lifetime may be over by now.
  auto stored = resource_from(*kept, now);
  if (!stored) co_return no_such_resource(input.key);
  notices_.publish({.scope = who.scope,
                    .owner = who.user_id,
                    .kind = NoticeKind::resource_put,
                    .subject = input.key,
                    .details = {{"rev", stored->revision}, {"updated_by", stored->updated_by}},
                    .at = now});
  co_return std::move(*stored);
}

Task<Result<Resource>> Resources::write(Principal who, ResourceWrite input) {
  // One whose lifetime is over counts as none.
  if (input.revision_before == 0) {
    const auto kept = co_await kept_object(&store_, resources_of(who), input.key);
    if (!kept) co_return fail(kept.error());
    if (!resource_from(*kept, clock_.now())) input.revision_before = kept->revision();
  }
  auto stored = co_await store(std::move(who), std::move(input));
  co_return stored;
}

Task<Result<Resource>> Resources::merge(Principal who, ResourceWrite input) {
  for (int attempt = 0; attempt < limits::change_attempts_max; ++attempt) {
    auto before = co_await get(who, input.key);
    if (!before) co_return before;
    if (input.revision_before && *input.revision_before != before->revision) {
      co_return fail(ErrorKind::conflict,
                     "key \"" + input.key + "\" is at revision " + std::to_string(before->revision),
                     "revision");
    }
    ResourceWrite whole = input;
    whole.value = std::move(before->value);
    whole.value.merge_patch(input.value);
    whole.revision_before = before->revision;
    if (!whole.lifetime_ms) whole.lifetime_ms = before->lifetime_ms;
    auto stored = co_await store(who, std::move(whole));
    const bool overtaken = !stored && stored.error().kind == ErrorKind::conflict;
    if (!overtaken || input.revision_before) co_return stored;
  }
  co_return fail(ErrorKind::conflict, "the resource is being changed by others; try again", "key");
}

Task<Result<void>> Resources::remove(Principal who, std::string key,
                                     std::optional<std::int64_t> revision_before) {
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RemoveDocument{.collection = std::string(document_collection::resource),
                                           .owner = who.user_id,
                                           .key = key,
                                           .revision_before = revision_before});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && committed.error().kind == ErrorKind::not_found) co_return no_such_resource(key);
  if (!committed) co_return fail(std::move(committed.error()));
  notices_.publish({.scope = who.scope,
                    .owner = who.user_id,
                    .kind = NoticeKind::resource_removed,
                    .subject = std::move(key),
                    .at = clock_.now()});
  co_return Result<void>{};
}

}  // namespace colonnade::core
