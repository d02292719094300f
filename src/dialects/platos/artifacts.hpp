// A thread's artifacts (platos §2.2). The tools that make them are tools/builtin/artifact_tools,
// their events are encoded with a turn's others.
#pragma once

#include <string>

#include "base/task.hpp"
#include "core/artifacts/artifacts.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

class ArtifactResource {
 public:
  // Must outlive it.
  explicit ArtifactResource(core::Artifacts& artifacts) : artifacts_(artifacts) {}

  // GET /api/v1/agent/threads/{id}/artifacts?limit → {"artifacts":[…]}: the latest revision of
  // each, the newest first.
  base::Task<net::Reply> list(Caller caller, RequestPtr request);

 private:
  core::Artifacts& artifacts_;
};

// {id, threadId, artifactKey, revision, kind, title, language, content, metadata, createdAt,
// revisionCount}. `artifact` is the newest revision, so its number is how many there are.
std::string encode_artifact(const core::Artifact& artifact);

}  // namespace colonnade::dialects::platos
