#include "core/memory/memories.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/memory/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

std::unexpected<base::Error> too_long(std::string_view field, std::size_t bytes_max) {
  return fail(ErrorKind::too_large,
              std::string(field) + " is longer than " + std::to_string(bytes_max) +
                  " bytes; shorten it or store it in parts",
              std::string(field));
}

// Errors name the member of NewMemory.
Result<void> check(const MemoryItem& item) {
  if (item.key.size() > limits::memory_key_bytes_max) {
    return too_long("key", limits::memory_key_bytes_max);
  }
  if (std::ranges::any_of(item.key, is_control)) {
    return fail(ErrorKind::invalid, "key must not hold control characters", "key");
  }
  if (item.key.empty() && is_blank(item.text)) {
    return fail(ErrorKind::invalid, "text must not be blank", "text");
  }
  const std::size_t bytes_max =
      item.key.empty() ? limits::memory_text_bytes_max : limits::memory_value_bytes_max;
  if (item.text.size() > bytes_max) return too_long("text", bytes_max);
  if (item.kind.size() > limits::memory_kind_bytes_max) {
    return too_long("kind", limits::memory_kind_bytes_max);
  }
  if (!item.metadata.is_null() && !item.metadata.is_object()) {
    return fail(ErrorKind::invalid, "metadata must be an object", "metadata");
  }
  if (base::to_text(item.metadata).size() > limits::memory_metadata_bytes_max) {
    return too_long("metadata", limits::memory_metadata_bytes_max);
  }
  return {};
}

// The embedder will never take this text; others it may.
bool is_about_the_text(const base::Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::too_large;
}

std::unexpected<base::Error> no_such_memory() {
  return fail(ErrorKind::not_found, "no such memory");
}

}  // namespace

Memories::Memories(MemoryStore& store, EventFeed& feed, base::Clock& clock, base::Workers& workers,
                   Embedder* embedder)
    : store_(store), feed_(feed), clock_(clock), workers_(workers), embedder_(embedder) {}

// --- exact --------------------------------------------------------------------------------------

Task<Result<StoredMemory>> Memories::put(base::Lane* lane, Scope scope, MemoryHolder holder,
                                         NewMemory input, std::stop_token stop) {
  const Time now = clock_.now();
  MemoryItem item{.id = base::new_id(now),
                  .scope = std::move(scope),
                  .holder = std::move(holder),
                  .tier = input.tier,
                  .kind = std::move(input.kind),
                  .key = base::replace_invalid_utf8(input.key),
                  .text = base::replace_invalid_utf8(input.text),
                  .metadata = std::move(input.metadata),
                  .classification = input.classification,
                  .visibility = input.visibility,
                  .thread_id = std::move(input.thread_id),
                  .run_id = std::move(input.run_id),
                  .created_at = now,
                  .updated_at = now,
                  .expires_at = input.expires_at,
                  .subject = std::move(input.subject)};
  if (item.kind.empty()) item.kind = item.key.empty() ? memory_kind::note : memory_kind::entry;
  if (input.keep_existing) {
    if (auto sound = check(item); !sound) co_return fail(std::move(sound.error()));
    auto before = co_await same(item, now);
    if (!before) co_return fail(std::move(before.error()));
    if (*before && !(*before)->demoted) {
      co_return StoredMemory{.item = std::move(**before), .replaced = true};
    }
  }
  auto stored = co_await store(lane, std::move(item), false, stop);
  co_return stored;
}

Task<Result<std::optional<MemoryItem>>> Memories::alike(Scope scope, MemoryHolder holder,
                                                        std::string text) {
  return store_.memory_by_digest(std::move(scope), std::move(holder),
                                 memory_digest(base::replace_invalid_utf8(text)), clock_.now());
}

Task<Result<MemoryItem>> Memories::move(base::Lane* lane, MemoryHolder from, MemoryItem item,
                                        std::stop_token stop) {
  item.updated_at = clock_.now();
  item.text = base::replace_invalid_utf8(item.text);
  if (auto sound = check(item); !sound) co_return fail(std::move(sound.error()));
  auto there = co_await same(item, item.updated_at);
  if (!there) co_return fail(std::move(there.error()));
  if (*there) co_return fail(ErrorKind::conflict, "there is a memory with that text already");
  PutMemory put{.item = item, .items_max = limits::memory_items_max};
  if (item.key.empty()) {
    put.vector = co_await place(lane, item.text, stop);
    if (!put.vector && embedder_ != nullptr) unplaced_ = true;
  }
  Unit unit{.scope = item.scope,
            .account = account_of(item.scope, from.owner.empty() ? item.holder.owner : from.owner)};
  unit.changes.emplace_back(RemoveMemory{.holder = std::move(from), .id = item.id});
  unit.changes.emplace_back(std::move(put));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && committed.error().kind == ErrorKind::not_found) co_return no_such_memory();
  if (!committed) co_return fail(std::move(committed.error()));
  co_return item;
}

Task<Result<MemoryItem>> Memories::change(base::Lane* lane, MemoryItem item, std::stop_token stop) {
  auto before = co_await get(item.scope, item.holder, item.id);
  if (!before) co_return fail(std::move(before.error()));
  item.created_at = before->created_at;
  item.updated_at = clock_.now();
  item.key = base::replace_invalid_utf8(item.key);
  item.text = base::replace_invalid_utf8(item.text);
  auto stored = co_await store(lane, std::move(item), true, stop);
  if (!stored) co_return fail(std::move(stored.error()));
  co_return std::move(stored->item);
}

Task<Result<std::optional<MemoryItem>>> Memories::same(const MemoryItem& item, base::Time now) {
  if (!item.key.empty()) return store_.memory_by_key(item.scope, item.holder, item.key, now);
  return store_.memory_by_digest(item.scope, item.holder, memory_digest(item.text), now);
}

Task<Result<StoredMemory>> Memories::store(base::Lane* lane, MemoryItem item, bool by_id,
                                           std::stop_token stop) {
  if (auto sound = check(item); !sound) co_return fail(std::move(sound.error()));
  auto before = co_await same(item, item.updated_at);
  if (!before) co_return fail(std::move(before.error()));
  StoredMemory out{.item = item, .replaced = by_id || before->has_value()};
  // Looked at in the transaction: what was erased meanwhile stays erased.
  PutMemory put{.item = item,
                .items_max = limits::memory_items_max,
                .item_must_exist = by_id,
                .agent_must_exist = !item.holder.agent_id.empty()};
  if (item.key.empty()) {
    put.vector = co_await place(lane, item.text, stop);
    if (!put.vector && embedder_ != nullptr) unplaced_ = true;
  }
  Unit unit{.scope = item.scope, .account = account_of(item.scope, item.holder.owner)};
  unit.changes.emplace_back(std::move(put));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed && by_id && committed.error().kind == ErrorKind::not_found) {
    co_return no_such_memory();
  }
  if (!committed) co_return fail(std::move(committed.error()));
  // As it is now: what was there has kept its id and its creation.
  auto read = by_id ? store_.memory(item.scope, item.holder, item.id, item.updated_at)
                    : same(item, item.updated_at);
  auto after = co_await std::move(read);
  if (!after) co_return fail(std::move(after.error()));
  // Absent when it expires at once, or somebody has removed it meanwhile.
  out.item = *after ? std::move(**after) : std::move(item);
  co_return out;
}

Task<Result<MemoryItem>> Memories::get(Scope scope, MemoryHolder holder, std::string id) {
  auto found =
      co_await store_.memory(std::move(scope), std::move(holder), std::move(id), clock_.now());
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return no_such_memory();
  co_return std::move(**found);
}

Task<Result<MemoryItem>> Memories::read(Scope scope, MemoryHolder holder, std::string key) {
  auto found = co_await store_.memory_by_key(std::move(scope), std::move(holder), std::move(key),
                                             clock_.now());
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return no_such_memory();
  co_return std::move(**found);
}

Task<Result<std::vector<MemoryItem>>> Memories::list(Scope scope, MemoryHolder holder,
                                                     MemoryFilter filter) {
  return store_.memories(std::move(scope), std::move(holder), std::move(filter), clock_.now());
}

Task<Result<void>> Memories::remove(Scope scope, MemoryHolder holder, std::string id) {
  Unit unit{.scope = scope, .account = account_of(scope, holder.owner)};
  unit.changes.emplace_back(RemoveMemory{.holder = std::move(holder), .id = std::move(id)});
  auto committed = co_await feed_.commit(std::move(unit));
  if (committed) co_return Result<void>{};
  if (committed.error().kind == ErrorKind::not_found) co_return no_such_memory();
  co_return fail(std::move(committed.error()));
}

Task<Result<void>> Memories::remove_key(Scope scope, MemoryHolder holder, std::string key) {
  auto found = co_await read(scope, holder, std::move(key));
  if (!found) co_return fail(std::move(found.error()));
  auto removed = co_await remove(std::move(scope), std::move(holder), std::move(found->id));
  co_return removed;
}

// --- by meaning ---------------------------------------------------------------------------------

Task<Result<std::vector<RankedMemory>>> Memories::search(base::Lane* lane, Scope scope,
                                                         MemoryHolder holder, MemorySearch search,
                                                         std::stop_token stop) {
  if (is_blank(search.text)) {
    co_return fail(ErrorKind::invalid, "the query must not be blank", "query");
  }
  if (search.text.size() > limits::memory_query_bytes_max) {
    co_return too_long("query", limits::memory_query_bytes_max);
  }
  if (search.limit < 1 || search.limit > limits::memories_recalled_max) {
    co_return fail(ErrorKind::invalid,
                   "limit must be from 1 to " + std::to_string(limits::memories_recalled_max),
                   "limit");
  }
  const std::string text = base::replace_invalid_utf8(search.text);
  MemoryQuery query{.words = memory_words(text, limits::memory_query_words_max),
                    .shape = search.shape,
                    .candidates = limits::memory_candidates};
  query.vector = co_await place(lane, text, stop);
  using Ranked = std::vector<RankedMemory>;
  const Time now = clock_.now();
  base::Job job{.account = account_of(scope, holder.owner),
                .time_max = limits::memory_search_time_max,
                .stop = std::move(stop)};
  std::move_only_function<Result<Ranked>(std::stop_token)> work =
      [&store = store_, scope = std::move(scope), holder = std::move(holder),
       query = std::move(query), now, limit = search.limit,
       with_shared = search.with_shared](std::stop_token over) mutable -> Result<Ranked> {
    query.stop = std::move(over);
    auto matches = store.matching_memories(scope, holder, query, now);
    if (!matches) return fail(std::move(matches.error()));
    if (with_shared) {
      auto more = store.matching_memories(scope, shared_memory(holder.agent_id), query, now);
      if (!more) return fail(std::move(more.error()));
      matches->insert(matches->end(), std::make_move_iterator(more->begin()),
                      std::make_move_iterator(more->end()));
    }
    return rank_memories(std::move(*matches), query.words, now, limit);
  };
  auto ranked = co_await workers_.run<Ranked>(std::move(job), std::move(work));
  co_return ranked;
}

bool Memories::embedder_rests() const {
  return clock_.steady().time_since_epoch().count() <
         embedder_rests_until_.load(std::memory_order_relaxed);
}

void Memories::note_failure(const base::Error& error) {
  unplaced_ = true;
  if (error.kind == ErrorKind::cancelled) return;
  const base::SteadyTime until = clock_.steady() + limits::embedding_pause;
  embedder_rests_until_ = until.time_since_epoch().count();
  base::log::warn("embeddings_failed", {{"model", embedder_->model()},
                                        {"error", error.message},
                                        {"meanwhile", "memory is searched by full text alone"},
                                        {"next_try_seconds", limits::embedding_pause.count()}});
}

// nullopt when there is no embedder, it failed, or it rests after a failure.
Task<std::optional<MemoryVector>> Memories::place(base::Lane* lane, std::string text,
                                                  std::stop_token stop) {
  if (embedder_ == nullptr || embedder_rests()) co_return std::nullopt;
  std::vector<std::string> texts;
  texts.push_back(std::move(text));
  auto vectors = co_await embedder_->embed(lane, std::move(texts), stop);
  MemoryVector out{.model = std::string(embedder_->model())};
  if (vectors) {
    out.values = std::move(vectors->front());
  } else if (is_about_the_text(vectors.error())) {
    base::log::warn("embedding_failed", {{"error", vectors.error().message}});
  } else {
    note_failure(vectors.error());
    co_return std::nullopt;
  }
  co_return out;
}

// --- keeping ------------------------------------------------------------------------------------

// Whether there may be more.
Task<bool> Memories::place_some(base::Lane* lane, std::stop_token stop) {
  std::size_t limit = std::min(limits::memory_place_items, embedder_->batch_max());
  if (singles_ > 0) {
    --singles_;
    limit = 1;
  }
  using Unplaced = std::vector<UnplacedMemory>;
  base::Job job{.time_max = limits::memory_look_time_max, .stop = stop};
  std::move_only_function<Result<Unplaced>(std::stop_token)> work =
      [&store = store_, model = std::string(embedder_->model()), limit](std::stop_token over) {
        return store.unplaced_memories(model, limit, std::move(over));
      };
  auto unplaced = co_await workers_.run<Unplaced>(std::move(job), std::move(work));
  if (!unplaced || unplaced->empty()) co_return false;
  std::vector<std::string> texts;
  for (const UnplacedMemory& one : *unplaced) texts.push_back(one.text);
  auto vectors = co_await embedder_->embed(lane, std::move(texts), stop);
  if (!vectors && is_about_the_text(vectors.error())) {
    if (limit > 1) {
      singles_ = limit;  // one of them is at fault: which one?
      co_return true;
    }
    base::log::warn("embedding_failed", {{"error", vectors.error().message}});
    vectors = std::vector<std::vector<float>>(1);
  }
  if (!vectors) {
    note_failure(vectors.error());
    co_return false;
  }
  for (std::size_t i = 0; i < unplaced->size(); ++i) {
    const UnplacedMemory& one = (*unplaced)[i];
    Unit unit{.scope = one.scope};
    unit.changes.emplace_back(PlaceMemory{
        .holder = one.holder,
        .id = one.id,
        .updated_at = one.updated_at,
        .vector = {.model = std::string(embedder_->model()), .values = std::move((*vectors)[i])}});
    auto committed = co_await feed_.commit(std::move(unit));
    if (!committed) {
      unplaced_ = true;  // the next round tries again
      co_return false;
    }
  }
  co_return unplaced->size() == limit;
}

Task<void> Memories::keep_once(base::Lane* lane, std::stop_token stop) {
  for (;;) {
    const Time now = clock_.now();
    const auto waiting = co_await store_.memories_to_sweep(now);
    if (!waiting || !*waiting || stop.stop_requested()) break;
    Unit unit{.scope = Scope::whole_server()};
    unit.changes.emplace_back(SweepMemories{.now = now, .limit = limits::memory_sweep_items});
    auto committed = co_await feed_.commit(std::move(unit));
    if (!committed) break;
  }
  if (embedder_ == nullptr || embedder_rests() || !unplaced_.exchange(false)) co_return;
  bool more = true;
  while (more && !stop.stop_requested()) {
    more = co_await place_some(lane, stop);
  }
}

Task<void> Memories::keep(base::Lane* lane, std::stop_token stop) {
  for (;;) {
    co_await keep_once(lane, stop);
    const bool passed = co_await base::sleep_for(limits::memory_sweep_interval, stop);
    if (!passed) co_return;
  }
}

}  // namespace colonnade::core
