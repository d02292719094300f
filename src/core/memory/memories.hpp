// What can be done with an agent's memory: exact keys, remembered texts, and both for dialects.
//
// Every call names the scope and the holder; nothing is read or written across them. Texts are made
// valid UTF-8. Expired items are not there.
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/events/event_feed.hpp"
#include "core/memory/embedder.hpp"
#include "core/memory/limits.hpp"
#include "core/memory/memory_item.hpp"
#include "core/memory/memory_ranking.hpp"
#include "core/memory/memory_store.hpp"

namespace colonnade::core {

struct NewMemory {
  std::string key{};   // "" for a remembered text; at most limits::memory_key_bytes_max
  std::string text{};  // limits::memory_value_bytes_max with a key, else memory_text_bytes_max
  std::string kind{};  // "": entry with a key, else note
  MemoryTier tier = MemoryTier::project;
  base::Json metadata{};  // an object, or null
  MemoryClassification classification = MemoryClassification::internal;
  MemoryVisibility visibility = MemoryVisibility::own;
  std::string thread_id{};
  std::string run_id{};
  std::optional<base::Time> expires_at{};
  std::string subject{};
  // One with that key or that text stays as it is, unless it is demoted.
  bool keep_existing = false;
};

struct StoredMemory {
  MemoryItem item;
  bool replaced = false;  // there was one under that key, or with that text
};

struct MemorySearch {
  std::string text{};  // a question or some words; at most limits::memory_query_bytes_max
  std::size_t limit = limits::memories_recalled_default;  // 1 .. limits::memories_recalled_max
  MemoryFilter::Shape shape = MemoryFilter::Shape::free;
  bool with_shared = false;  // and what shared_memory() holds beside the agent's
};

// Thread-safe.
class Memories {
 public:
  // Without an embedder, texts are found by their words alone.
  Memories(MemoryStore& store, EventFeed& feed, base::Clock& clock, base::Workers& workers,
           Embedder* embedder = nullptr);

  // Inserts, or replaces what the key (or, without one, the same text) has. Errors: invalid with
  // the field, too_large with the field or when the memory is full, not_found for an agent that was
  // erased. When the embedder fails, the text is stored all the same and given its vector later.
  base::Task<Result<StoredMemory>> put(base::Lane* lane, Scope scope, MemoryHolder holder,
                                       NewMemory input, std::stop_token stop);
  // not_found when there is none.
  base::Task<Result<MemoryItem>> get(Scope scope, MemoryHolder holder, std::string id);
  base::Task<Result<MemoryItem>> read(Scope scope, MemoryHolder holder, std::string key);
  base::Task<Result<std::vector<MemoryItem>>> list(Scope scope, MemoryHolder holder,
                                                   MemoryFilter filter);
  // Stores what was changed of an item that get() gave; its id, holder and creation stay.
  base::Task<Result<MemoryItem>> change(base::Lane* lane, MemoryItem item, std::stop_token stop);
  // Moves an item that get() gave to another holder, under the same id, with what was changed of
  // it. not_found when it is gone; conflict when the holder has that text already.
  base::Task<Result<MemoryItem>> move(base::Lane* lane, MemoryHolder from, MemoryItem item,
                                      std::stop_token stop);
  // The holder's, without a key, of that text; nullopt for none.
  base::Task<Result<std::optional<MemoryItem>>> alike(Scope scope, MemoryHolder holder,
                                                      std::string text);
  // Best first. An embedder that fails or takes longer than its limit leaves it to the words.
  base::Task<Result<std::vector<RankedMemory>>> search(base::Lane* lane, Scope scope,
                                                       MemoryHolder holder, MemorySearch search,
                                                       std::stop_token stop);
  // not_found when there is none.
  base::Task<Result<void>> remove(Scope scope, MemoryHolder holder, std::string id);
  base::Task<Result<void>> remove_key(Scope scope, MemoryHolder holder, std::string key);

  // Until `stop`: removes what has expired or lost its agent, and gives vectors to texts that have
  // none of the present model.
  base::Task<void> keep(base::Lane* lane, std::stop_token stop);
  // One round of that; for tests.
  base::Task<void> keep_once(base::Lane* lane, std::stop_token stop);

 private:
  base::Task<std::optional<MemoryVector>> place(base::Lane* lane, std::string text,
                                                std::stop_token stop);
  base::Task<bool> place_some(base::Lane* lane, std::stop_token stop);
  base::Task<Result<std::optional<MemoryItem>>> same(const MemoryItem& item, base::Time now);
  base::Task<Result<StoredMemory>> store(base::Lane* lane, MemoryItem item, bool by_id,
                                         std::stop_token stop);
  bool embedder_rests() const;
  void note_failure(const base::Error& error);

  MemoryStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  base::Workers& workers_;
  Embedder* embedder_;
  std::atomic<std::int64_t> embedder_rests_until_{0};  // ticks of Clock::steady()
  std::size_t singles_ = 0;                            // texts to embed one by one; keep()'s alone
  std::atomic<bool> unplaced_{true};  // some texts may lack a vector: unknown after the start
};

}  // namespace colonnade::core
