// The store port for memory: reads, and the changes that go through the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/memory/memory_item.hpp"

namespace colonnade::core {

struct MemoryFilter {
  enum class Shape { any, keyed, free };
  Shape shape = Shape::any;
  std::string key_prefix{};  // empty members filter nothing
  std::string thread_id{};
  std::string run_id{};
  std::optional<MemoryTier> tier{};
  std::string contains{};                // in the text; the case of ASCII letters does not count
  std::optional<std::string> subject{};  // those of nobody in particular, too
  bool with_shared = false;              // and what shared_memory() holds beside the agent's
  std::size_t limit = 100;               // 1 .. limits::memories_listed_max
  std::size_t offset = 0;
};

struct MemoryQuery {
  std::vector<std::string> words{};      // any of them, as memory_words() makes them
  std::optional<MemoryVector> vector{};  // nullopt: full text only
  MemoryFilter::Shape shape = MemoryFilter::Shape::free;
  std::size_t candidates = 50;  // at most so many by words, and so many by the vector
  std::stop_token stop{};       // requested: the read fails with cancelled soon after
};

// An item that a query found, by its words, by its vector or by both.
struct MemoryMatch {
  MemoryItem item;
  double lexical = 0;     // BM25, higher is better; 0: none of the words
  double similarity = 0;  // cosine, -1 .. 1; 0: no vector of that model
};

// A memory without a vector of the model that is asked for.
struct UnplacedMemory {
  Scope scope;
  MemoryHolder holder{};
  std::string id{};
  std::string text{};
  base::Time updated_at{};
};

// As all stores: thread-safe, a read across scopes or holders finds nothing. Items that have
// expired at `now` are not there.
class MemoryStore {
 public:
  virtual ~MemoryStore() = default;
  virtual base::Task<base::Result<std::optional<MemoryItem>>> memory(Scope scope,
                                                                     MemoryHolder holder,
                                                                     std::string id,
                                                                     base::Time now) = 0;
  virtual base::Task<base::Result<std::optional<MemoryItem>>> memory_by_key(Scope scope,
                                                                            MemoryHolder holder,
                                                                            std::string key,
                                                                            base::Time now) = 0;
  // The one without a key whose text has that digest.
  virtual base::Task<base::Result<std::optional<MemoryItem>>> memory_by_digest(Scope scope,
                                                                               MemoryHolder holder,
                                                                               std::string digest,
                                                                               base::Time now) = 0;
  // Keyed ones alone: in the order of their keys. Otherwise the latest updated first.
  virtual base::Task<base::Result<std::vector<MemoryItem>>> memories(Scope scope,
                                                                     MemoryHolder holder,
                                                                     MemoryFilter filter,
                                                                     base::Time now) = 0;
  // The best candidates of either kind, each once, in no order. Demoted items are not found. Long:
  // milliseconds at a hundred thousand items, so on a worker thread.
  virtual base::Result<std::vector<MemoryMatch>> matching_memories(const Scope& scope,
                                                                   const MemoryHolder& holder,
                                                                   const MemoryQuery& query,
                                                                   base::Time now) = 0;
  // Of every scope and holder: items without a key and without a vector of `model`, oldest first.
  // Long where most have one, so on a worker thread; ends soon after `stop` is requested.
  virtual base::Result<std::vector<UnplacedMemory>> unplaced_memories(std::string_view model,
                                                                      std::size_t limit,
                                                                      std::stop_token stop) = 0;
  // Whether SweepMemories would find something at `now`.
  virtual base::Task<base::Result<bool>> memories_to_sweep(base::Time now) = 0;
};

// Inserts; or replaces the holder's item of the same id, else of the same key, else (both without a
// key) of the same digest: that one keeps its id and created_at. too_large when it is new and the
// holder has `items_max` already; conflict when id and key belong to different items.
struct PutMemory {  // not_found for an item that must be there and for an agent that is gone
  MemoryItem item;
  std::optional<MemoryVector> vector{};  // replaces the one before; nullopt: none
  std::size_t items_max = 0;
  bool item_must_exist = false;   // by its id: a change must not bring back what was removed
  bool agent_must_exist = false;  // the holder's
};
struct RemoveMemory {  // not_found unless the holder has it
  MemoryHolder holder{};
  std::string id{};
};
struct RemoveMemoriesOfAgent {  // of every account; out of sight at once. None is no error
  std::string agent_id{};
};
struct PlaceMemory {  // an item that is gone or was changed since is left alone, without an error
  MemoryHolder holder{};
  std::string id{};
  base::Time updated_at{};
  MemoryVector vector{};
};
struct SweepMemories {  // all scopes: what has expired or lost its agent, `limit` items at most
  base::Time now{};
  std::size_t limit = 0;
};

}  // namespace colonnade::core
