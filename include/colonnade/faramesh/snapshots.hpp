// The latest known state of actions, kept in this program. Include colonnade/faramesh.hpp.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/faramesh/types.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

// Remembers actions by id, the newest `capacity` of those that were kept. Thread-safe; copies
// nothing from the server by itself.
class COLONNADE_API ActionSnapshotStore {
 public:
  explicit ActionSnapshotStore(std::size_t capacity = 1000) : capacity_(capacity) {}

  // Adds or replaces it, and makes it the newest.
  void keep(Action action);
  std::optional<Action> find(std::string_view id) const;
  // Newest first.
  std::vector<Action> recent(std::size_t limit = 20) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::size_t capacity_;
  std::list<Action> newest_first_{};
  std::map<std::string, std::list<Action>::iterator, std::less<>> by_id_{};
};

}  // namespace colonnade::inline v1::faramesh
