// Vectors of memories, ready to be compared: one table a partition and model, read from the store
// when it is first searched and kept up to date from there.
//
// Every search first reads what came since the last one (its numbers are higher). What was removed
// meanwhile is noticed by whoever fetches the items, and told by forget().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

// As it is stored: a signed byte a component, the largest 127. Empty for no or an all-zero vector.
std::string vector_bytes(std::span<const float> values);

struct NearMemory {
  std::int64_t memory_no = 0;
  std::int64_t vector_no = 0;  // the row that was compared
  float similarity = 0;        // cosine
};

struct VectorSearch {
  std::int64_t partition_no = 0;
  std::int64_t model_no = 0;
  std::string bytes{};                  // the question's vector_bytes()
  std::size_t nearest = 0;              // so many of the whole partition
  std::vector<std::int64_t> besides{};  // and these, as far as they have a vector
};

// Thread-safe; searches of one partition take turns.
class MemoryVectors {
 public:
  // Tables beyond `bytes_max` in all are dropped, the longest unused first. A partition that is
  // larger by itself is read from the store by every search.
  explicit MemoryVectors(std::size_t bytes_max);
  ~MemoryVectors();

  // Each memory once, in no order.
  Result<std::vector<NearMemory>> search(Database& database, const VectorSearch& search);
  void forget(std::int64_t partition_no, std::int64_t model_no,
              const std::vector<std::int64_t>& memories);
  // Of all tables.
  std::size_t bytes() const;

 private:
  class Table;
  using Key = std::pair<std::int64_t, std::int64_t>;  // partition, model

  std::shared_ptr<Table> table(Key key);
  void make_room();

  std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Table>> tables_;
  std::uint64_t uses_ = 0;
};

}  // namespace colonnade::storage::sqlite
