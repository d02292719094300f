#include "core/memory/tiered_memories.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/secret_text.hpp"
#include "core/access/account.hpp"
#include "core/memory/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr std::string_view memory_stand_in = "[REDACTED]";

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at)) {
    ++out;
    at += part.size();
  }
  return out;
}

std::string lower_memory_text(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

MemoryHolder own_memory(const Principal& who) { return {.owner = who.user_id}; }

std::unexpected<base::Error> no_memory() {
  return fail(ErrorKind::not_found, "no such memory", "id");
}

DocumentPlace records_of(const Principal& who) {
  return {who.scope, document_collection::memory_record, who.user_id};
}

std::string record_text(const Json& tree, const char* name) {
  const auto at = tree.find(name);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string();
}

MemoryRecord record_from(const Document& kept) {
  const Json tree = Json::parse(kept.text, nullptr, false);
  if (!tree.is_object()) return {.id = kept.key, .at = kept.created_at};
  return {.id = kept.key,
          .action = record_text(tree, "action"),
          .run_id = record_text(tree, "run_id"),
          .memory_id = record_text(tree, "memory_id"),
          .tier = record_text(tree, "tier"),
          .partition = record_text(tree, "partition"),
          .status = record_text(tree, "status"),
          .actor = kept.owner,
          .at = kept.created_at};
}

// Where an imported memory comes from lies in its metadata.
constexpr const char* import_member = "import";

void mark_import(Json& metadata, const std::string& source, const std::string& file) {
  if (metadata.is_null()) metadata = Json::object();
  metadata[import_member] = {{"source", source}, {"file", file}};
}

// nullopt for what does not come from there.
std::optional<std::string> imported_file(const Json& metadata, const std::string& source) {
  const auto found = metadata.is_object() ? metadata.find(import_member) : metadata.end();
  if (found == metadata.end() || !found->is_object()) return std::nullopt;
  if (record_text(*found, "source") != source) return std::nullopt;
  return record_text(*found, "file");
}

}  // namespace

ScrubbedText scrub_memory_text(std::string_view text) {
  const std::string folded = lower_memory_text(text);
  if (folded.contains("-----begin") && folded.contains("private key")) {
    return {.block_reason = "it holds a private key"};
  }
  if (folded.contains("aws_secret_access_key") || folded.contains("aws secret access key")) {
    return {.block_reason = "it holds an AWS secret key"};
  }
  ScrubbedText out;
  const std::string hidden = base::hide_secrets(text);
  // A text may have held the stand-in's words itself.
  const std::size_t before = count_of(text, base::secret_stand_in);
  const std::size_t after = count_of(hidden, base::secret_stand_in);
  out.redactions = after > before ? static_cast<int>(after - before) : 0;
  std::size_t from = 0;
  for (;;) {
    const auto at = hidden.find(base::secret_stand_in, from);
    out.text.append(hidden, from, at == std::string::npos ? at : at - from);
    if (at == std::string::npos) return out;
    out.text += memory_stand_in;
    from = at + base::secret_stand_in.size();
  }
}

// --- records ------------------------------------------------------------------------------------

Task<Result<std::string>> TieredMemories::record(MemoryCaller caller, std::string_view action,
                                                 std::string memory_id, std::string_view tier,
                                                 std::string_view status) {
  const Time now = ports_.clock.now();
  std::string id = base::new_id(now);
  Unit unit{.scope = caller.who.scope, .account = account_of(caller.who)};
  unit.changes.emplace_back(
      PutDocument{.document = {.scope = caller.who.scope,
                               .collection = std::string(document_collection::memory_record),
                               .owner = caller.who.user_id,
                               .key = id,
                               .text = base::to_text(Json{{"action", action},
                                                          {"run_id", caller.run_id},
                                                          {"memory_id", memory_id},
                                                          {"tier", tier},
                                                          {"partition", caller.partition},
                                                          {"status", status}}),
                               .changed_by = caller.who.user_id,
                               .created_at = now,
                               .changed_at = now},
                  .documents_max = limits::memory_records_max,
                  .first_make_room = true});
  auto committed = co_await ports_.feed.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return id;
}

Task<Result<std::vector<MemoryRecord>>> TieredMemories::records(Principal who, std::string run_id,
                                                                std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, limits::memory_records_listed_max);
  std::vector<MemoryRecord> out;
  DocumentPage page{.backwards = true};
  for (;;) {
    const auto rows = co_await ports_.store.documents(records_of(who), page);
    if (!rows) co_return fail(rows.error());
    for (const Document& one : *rows) {
      MemoryRecord record = record_from(one);
      if (!run_id.empty() && record.run_id != run_id) continue;
      out.push_back(std::move(record));
      if (out.size() == limit) co_return out;
    }
    if (rows->size() < page.limit) co_return out;
    page.after = rows->back().key;
  }
}

void TieredMemories::tell(const MemoryCaller& caller, NoticeKind kind, const MemoryItem& item,
                          Json details) {
  details["tier"] = to_string(item.tier);
  details["kind"] = item.kind;
  details["partition"] = caller.partition;
  ports_.notices.publish({.scope = item.scope,
                          .owner = caller.who.user_id,
                          .kind = kind,
                          .subject = item.id,
                          .thread_id = item.thread_id,
                          .run_id = caller.run_id,
                          .details = std::move(details),
                          .at = ports_.clock.now()});
}

// --- deeds --------------------------------------------------------------------------------------

Task<Result<KeptMemory>> TieredMemories::put(base::Lane* lane, MemoryCaller caller, NewMemory input,
                                             std::stop_token stop) {
  ScrubbedText scrubbed = scrub_memory_text(input.text);
  if (!scrubbed.block_reason.empty()) {
    auto recorded = co_await record(caller, "memory_put", "", to_string(input.tier), "blocked");
    if (!recorded) co_return fail(std::move(recorded.error()));
    ports_.notices.publish({.scope = caller.who.scope,
                            .owner = caller.who.user_id,
                            .kind = NoticeKind::memory_skipped,
                            .thread_id = input.thread_id,
                            .run_id = caller.run_id,
                            .details = {{"reason", "blocked"}, {"kind", input.kind}},
                            .at = ports_.clock.now()});
    co_return fail(ErrorKind::invalid,
                   "the text is not kept: " + scrubbed.block_reason + "; take that out", "text");
  }
  input.text = std::move(scrubbed.text);
  input.visibility = MemoryVisibility::own;
  input.keep_existing = true;
  const std::string tier(to_string(input.tier));
  auto stored = co_await ports_.memories.put(lane, caller.who.scope, own_memory(caller.who),
                                             std::move(input), stop);
  if (!stored) co_return fail(std::move(stored.error()));
  const char* status = stored->replaced ? "deduped" : "ok";
  auto recorded = co_await record(caller, "memory_put", stored->item.id, tier, status);
  if (!recorded) co_return fail(std::move(recorded.error()));
  tell(caller, stored->replaced ? NoticeKind::memory_skipped : NoticeKind::memory_put, stored->item,
       {{"redactions", scrubbed.redactions},
        {"deduped", stored->replaced},
        {"record_id", *recorded}});
  co_return KeptMemory{.item = std::move(stored->item),
                       .deduped = stored->replaced,
                       .redactions = scrubbed.redactions,
                       .record_id = std::move(*recorded)};
}

Task<Result<ImportedMemories>> TieredMemories::import(base::Lane* lane, MemoryCaller caller,
                                                      MemoryImport input, std::stop_token stop) {
  ImportedMemories out;
  std::set<std::string> kept;
  std::set<std::string> files;
  for (std::size_t i = 0; i < input.memories.size(); ++i) {
    if (stop.stop_requested()) co_return fail(ErrorKind::cancelled, "the import was stopped");
    NewMemory& memory = input.memories[i];
    ScrubbedText scrubbed = scrub_memory_text(memory.text);
    if (!scrubbed.block_reason.empty()) {
      ++out.blocked;
      continue;
    }
    memory.text = std::move(scrubbed.text);
    memory.visibility = MemoryVisibility::own;
    memory.keep_existing = true;
    if (i < input.files.size()) mark_import(memory.metadata, input.source, input.files[i]);
    auto stored = co_await ports_.memories.put(lane, caller.who.scope, own_memory(caller.who),
                                               std::move(memory), stop);
    if (!stored) {
      stored.error().message.insert(0, "memory " + std::to_string(i + 1) + ": ");
      co_return fail(std::move(stored.error()));
    }
    stored->replaced ? ++out.known : ++out.stored;
    out.redactions += scrubbed.redactions;
    if (i < input.files.size()) files.insert(input.files[i]);
    if (kept.insert(stored->item.id).second) out.ids.push_back(stored->item.id);
  }
  out.files = files.size();
  if (input.remove_gone && !input.source.empty()) {
    auto removed = co_await remove_gone(caller.who, &input, &out);
    if (!removed) co_return fail(std::move(removed.error()));
  }
  auto recorded = co_await record(caller, "memory_import", "", "", "ok");
  if (!recorded) co_return fail(std::move(recorded.error()));
  out.record_id = std::move(*recorded);
  ports_.notices.publish(
      {.scope = caller.who.scope,
       .owner = caller.who.user_id,
       .kind = NoticeKind::memory_imported,
       .run_id = caller.run_id,
       .details = {{"count", out.stored}, {"removed", out.removed}, {"record_id", out.record_id}},
       .at = ports_.clock.now()});
  co_return out;
}

// All are read before the first goes: a page is counted from the newest.
Task<Result<void>> TieredMemories::remove_gone(Principal who, const MemoryImport* input,
                                               ImportedMemories* out) {
  const std::set<std::string> kept(out->ids.begin(), out->ids.end());
  const std::set<std::string> files(input->files.begin(), input->files.end());
  std::vector<std::string> gone;
  std::set<std::string> gone_files;
  MemoryFilter filter{.shape = MemoryFilter::Shape::free, .limit = limits::memories_listed_max};
  for (;;) {
    const auto page = co_await ports_.memories.list(who.scope, own_memory(who), filter);
    if (!page) co_return fail(page.error());
    for (const MemoryItem& one : *page) {
      const auto file = imported_file(one.metadata, input->source);
      if (!file || kept.contains(one.id)) continue;
      gone.push_back(one.id);
      if (!files.contains(*file)) gone_files.insert(*file);
    }
    if (page->size() < filter.limit) break;
    filter.offset += page->size();
  }
  for (const std::string& id : gone) {
    auto removed = co_await ports_.memories.remove(who.scope, own_memory(who), id);
    if (removed) ++out->removed;
    if (!removed && removed.error().kind != ErrorKind::not_found) co_return removed;
  }
  out->files_gone = gone_files.size();
  co_return Result<void>();
}

Task<Result<FoundMemories>> TieredMemories::search(base::Lane* lane, MemoryCaller caller,
                                                   MemorySearch search, std::set<MemoryTier> tiers,
                                                   std::optional<std::string> subject,
                                                   std::stop_token stop) {
  const std::size_t limit = search.limit;
  if (limit >= 1 && limit <= limits::memories_recalled_max) {
    search.limit = limits::memories_recalled_max;  // what other tiers have is left out below
  }
  search.shape = MemoryFilter::Shape::any;
  search.with_shared = true;
  auto ranked = co_await ports_.memories.search(lane, caller.who.scope, own_memory(caller.who),
                                                std::move(search), stop);
  if (!ranked) co_return fail(std::move(ranked.error()));
  std::erase_if(*ranked, [&](const RankedMemory& one) {
    return !tiers.contains(one.item.tier) ||
           (subject && !one.item.subject.empty() && one.item.subject != *subject);
  });
  if (ranked->size() > limit)
    ranked->erase(ranked->begin() + static_cast<std::ptrdiff_t>(limit), ranked->end());
  auto recorded = co_await record(caller, "memory_search", "", "", "ok");
  if (!recorded) co_return fail(std::move(recorded.error()));
  ports_.notices.publish({.scope = caller.who.scope,
                          .owner = caller.who.user_id,
                          .kind = NoticeKind::memory_searched,
                          .run_id = caller.run_id,
                          .details = {{"count", ranked->size()}, {"record_id", *recorded}},
                          .at = ports_.clock.now()});
  co_return FoundMemories{.memories = std::move(*ranked), .record_id = std::move(*recorded)};
}

Task<Result<std::vector<MemoryItem>>> TieredMemories::list(Principal who, MemoryFilter filter) {
  filter.with_shared = true;
  auto items = co_await ports_.memories.list(who.scope, own_memory(who), std::move(filter));
  co_return items;
}

// One's own, or one that everybody sees and that `who` may change.
Task<Result<MemoryItem>> TieredMemories::find(Principal who, std::string id) {
  auto own = co_await ports_.memories.get(who.scope, own_memory(who), id);
  if (own || own.error().kind != ErrorKind::not_found) co_return own;
  auto shared = co_await ports_.memories.get(who.scope, shared_memory(""), std::move(id));
  if (!shared && shared.error().kind == ErrorKind::not_found) co_return no_memory();
  if (shared && shared->author != who.user_id && !who.is_operator()) co_return no_memory();
  co_return shared;
}

Task<Result<PromotedMemory>> TieredMemories::promote(base::Lane* lane, MemoryCaller caller,
                                                     std::string id, MemoryTier tier,
                                                     std::stop_token stop) {
  auto item = co_await find(caller.who, id);
  if (!item) co_return fail(std::move(item.error()));
  const bool shown = item->holder.owner.empty();
  ScrubbedText scrubbed = scrub_memory_text(item->text);
  PromotedMemory out{
      .tier = tier, .redactions = scrubbed.redactions, .block_reason = scrubbed.block_reason};
  if (out.block_reason.empty()) {
    item->text = std::move(scrubbed.text);
    item->tier = tier;
    item->visibility = MemoryVisibility::shared;
    item->demoted = false;
    const MemoryHolder from = item->holder;
    if (!shown) {
      item->holder = shared_memory("");
      item->author = caller.who.user_id;
    }
    auto moved = shown ? ports_.memories.change(lane, *item, stop)
                       : ports_.memories.move(lane, from, *item, stop);
    auto now = co_await std::move(moved);
    if (!now && now.error().kind == ErrorKind::conflict && !shown) {
      // Everybody has it already, from somebody else.
      auto same = co_await ports_.memories.alike(item->scope, item->holder, item->text);
      if (!same) co_return fail(std::move(same.error()));
      if (!*same) co_return fail(std::move(now.error()));
      out.id = (*same)->id;
    } else if (!now) {
      co_return fail(std::move(now.error()));
    } else {
      out.id = now->id;
    }
  }
  const char* status = out.block_reason.empty() ? "ok" : "blocked";
  auto recorded = co_await record(caller, "memory_promote", id, to_string(tier), status);
  if (!recorded) co_return fail(std::move(recorded.error()));
  out.record_id = std::move(*recorded);
  if (out.block_reason.empty()) {
    item->id = out.id;
    tell(caller, NoticeKind::memory_promoted, *item,
         {{"redactions", out.redactions}, {"from_id", id}, {"record_id", out.record_id}});
  }
  co_return out;
}

Task<Result<std::string>> TieredMemories::demote(base::Lane* lane, MemoryCaller caller,
                                                 std::string id, std::stop_token stop) {
  auto item = co_await find(caller.who, id);
  if (!item) co_return fail(std::move(item.error()));
  const MemoryHolder from = item->holder;
  const bool shown = from.owner.empty();
  item->visibility = MemoryVisibility::own;
  item->tier = MemoryTier::session;
  item->demoted = true;
  if (shown) item->holder.owner = std::exchange(item->author, {});
  auto done = shown ? ports_.memories.move(lane, from, *item, stop)
                    : ports_.memories.change(lane, *item, stop);
  auto now = co_await std::move(done);
  if (!now && now.error().kind == ErrorKind::conflict && shown) {
    // Its author has written the same again meanwhile: that one stays.
    auto removed = co_await ports_.memories.remove(item->scope, from, item->id);
    if (!removed) co_return fail(std::move(removed.error()));
  } else if (!now) {
    co_return fail(std::move(now.error()));
  }
  auto recorded =
      co_await record(caller, "memory_demote", std::move(id), to_string(item->tier), "ok");
  if (!recorded) co_return recorded;
  tell(caller, NoticeKind::memory_demoted, *item, {{"record_id", *recorded}});
  co_return recorded;
}

Task<Result<std::string>> TieredMemories::remove(MemoryCaller caller, std::string id) {
  auto item = co_await find(caller.who, id);
  if (!item) co_return fail(std::move(item.error()));
  auto removed = co_await ports_.memories.remove(item->scope, item->holder, item->id);
  if (!removed && removed.error().kind == ErrorKind::not_found) co_return no_memory();
  if (!removed) co_return fail(std::move(removed.error()));
  auto recorded =
      co_await record(caller, "memory_delete", std::move(id), to_string(item->tier), "ok");
  if (!recorded) co_return recorded;
  tell(caller, NoticeKind::memory_removed, *item, {{"record_id", *recorded}});
  co_return recorded;
}

}  // namespace colonnade::core
