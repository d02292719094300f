#include "storage/sqlite/thread_index.hpp"

#include <utility>

namespace colonnade::storage::sqlite {

Result<KnownThread*> ThreadIndex::find(const core::Scope& scope, std::string_view id) {
  key_.assign(scope.key()).push_back('\0');
  key_.append(id);
  if (const auto young = young_.find(key_); young != young_.end()) return &young->second;
  if (const auto old = old_.find(key_); old != old_.end()) {
    // The node moves, so that pointers to it stay valid.
    return &young_.insert(old_.extract(old)).position->second;
  }
  const auto found = database_.one<KnownThread>(
      "SELECT t.no, (SELECT e.seq FROM events e WHERE e.thread_no = t.no"
      " ORDER BY e.cursor DESC LIMIT 1), t.owner FROM threads t WHERE t.id = ?1 AND t.scope = ?2",
      [](Statement& row) -> Result<KnownThread> {
        return KnownThread{
            .no = row.integer(0), .last_seq = row.integer(1), .owner = row.string(2)};
      },
      id, scope.key());
  if (!found) return fail(found.error());
  if (!*found) return nullptr;
  loaded_.push_back(key_);
  return &young_.emplace(key_, **found).first->second;
}

void ThreadIndex::rotate() {
  loaded_.clear();
  if (young_.size() < generation_max_) return;
  old_ = std::move(young_);
  young_.clear();
}

void ThreadIndex::forget_since(std::size_t mark) {
  for (std::size_t i = mark; i < loaded_.size(); ++i) young_.erase(loaded_[i]);
  loaded_.resize(mark);
}

void ThreadIndex::clear() {
  young_.clear();
  old_.clear();
  loaded_.clear();
}

}  // namespace colonnade::storage::sqlite
