// The store port for artifacts, as core/events/journal.hpp says of all. They are erased with their
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/scope.hpp"
#include "core/artifacts/artifact.hpp"
#include "core/artifacts/limits.hpp"

namespace colonnade::core {

using base::Result;

// A page of a thread's artifacts as they were at `as_of`: the newest revision of each key that was
// there then, the newest first. What is made later does not disturb the list.
struct ArtifactPage {
  base::Time as_of{};
  // The last of the page before; nullopt for the first page.
  struct Mark {
    base::Time created_at{};
    std::string id{};
  };
  std::optional<Mark> after{};
  std::size_t limit = limits::artifact_rows_default;
};

class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;
  // Of no thread that was erased.
  virtual base::Task<Result<std::vector<Artifact>>> artifacts(Scope scope, std::string thread_id,
                                                              ArtifactPage page) = 0;
  // The newest revision under that key of the thread.
  virtual base::Task<Result<std::optional<Artifact>>> artifact_by_key(Scope scope,
                                                                      std::string thread_id,
                                                                      std::string key) = 0;
  // One revision by its id, of whatever thread of the scope.
  virtual base::Task<Result<std::optional<Artifact>>> artifact(Scope scope, std::string id) = 0;
};

// not_found when there is no such thread, or it was erased. conflict when the revision is not the
// one after the newest of its key (1 for a new key), or is of another kind. too_large when the
// thread would hold more than these.
struct InsertArtifact {
  Artifact artifact;
  std::size_t revisions_max = limits::artifact_revisions_per_thread;
  std::size_t bytes_max = limits::artifact_bytes_per_thread;
};

}  // namespace colonnade::core
