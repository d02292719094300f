#include "colonnade/faramesh/snapshots.hpp"

namespace colonnade::inline v1::faramesh {

void ActionSnapshotStore::keep(Action action) {
  const std::lock_guard lock(mutex_);
  if (const auto known = by_id_.find(action.id); known != by_id_.end()) {
    newest_first_.erase(known->second);
    by_id_.erase(known);
  }
  newest_first_.push_front(std::move(action));
  by_id_.emplace(newest_first_.front().id, newest_first_.begin());
  while (newest_first_.size() > capacity_) {
    by_id_.erase(newest_first_.back().id);
    newest_first_.pop_back();
  }
}

std::optional<Action> ActionSnapshotStore::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return std::nullopt;
  return *known->second;
}

std::vector<Action> ActionSnapshotStore::recent(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Action> out;
  for (const Action& action : newest_first_) {
    if (out.size() == limit) break;
    out.push_back(action);
  }
  return out;
}

std::size_t ActionSnapshotStore::size() const {
  const std::lock_guard lock(mutex_);
  return newest_first_.size();
}

}  // namespace colonnade::inline v1::faramesh
