// What the writer remembers of threads, so that an append needs no look-up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/access/scope.hpp"
#include "storage/sqlite/database.hpp"

namespace colonnade::storage::sqlite {

struct KnownThread {
  std::int64_t no = 0;        // the row
  std::int64_t last_seq = 0;  // of its newest event
  std::string owner{};
  // Where the transaction's newest event of this thread is, for joining deltas; -1 for none.
  std::int64_t newest_pending = -1;
};

// Two generations: when the young one is full it becomes the old one, and what was old and not
// asked for since is forgotten. Pointers stay valid until rotate(), forget_since() or clear().
class ThreadIndex {
 public:
  ThreadIndex(Database& database, std::size_t threads_max)
      : database_(database), generation_max_(threads_max / 2) {}

  // nullptr when there is no such thread in the scope.
  Result<KnownThread*> find(const core::Scope& scope, std::string_view id);

  // Between transactions: makes room, and what find() loaded so far counts as settled.
  void rotate();
  // A mark, and forgetting what was loaded since: a rolled-back unit may have made those threads.
  std::size_t mark() const { return loaded_.size(); }
  void forget_since(std::size_t mark);
  void clear();

 private:
  using Generation = std::unordered_map<std::string, KnownThread>;

  Database& database_;
  std::size_t generation_max_;
  Generation young_;
  Generation old_;
  std::vector<std::string> loaded_;  // keys loaded in this transaction
  std::string key_;                  // reused
};

}  // namespace colonnade::storage::sqlite
