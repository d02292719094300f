// What can be done with artifacts. An agent makes them in its thread, by its tools; whoever may see
// the thread sees them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/agents/agent.hpp"
#include "core/artifacts/artifact_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

// Where an artifact is made, and on whose behalf.
struct ArtifactPlace {
  Scope scope;
  std::string user_id{};  // who started the run
  std::string thread_id{};
  std::string run_id{};
};

struct NewArtifact {
  std::string kind{};  // as the model wrote it
  std::string content{};
  std::string title{};
  std::string language{};
  base::Json metadata = nullptr;  // an object or null
};

struct ArtifactRevision {
  std::string artifact_id{};  // of any revision; wins over `key`
  std::string key{};
  std::string content{};
  std::string reason{};                // "" for none
  std::optional<std::string> title{};  // nullopt: as before
  base::Json metadata = nullptr;       // an object or null
};

struct StoredArtifact {
  Artifact artifact;
  std::string prior_id{};  // of the revision before; "" for a new artifact
};

// Why there is no artifact: `message` is for the model, which may do better.
struct ArtifactRefusal {
  ArtifactFault fault = ArtifactFault::persist_failed;
  std::string message{};
};

// Names of the agents' tools for this.
constexpr std::string_view generate_artifact_tool = "generate_artifact";
constexpr std::string_view revise_artifact_tool = "revise_artifact";

// Whether the agent's model is offered those tools: its own list of tools names them. An agent with
// all tools that the server offers does not ask for these.
bool makes_artifacts(const Agent& agent);

// Thread-safe.
class Artifacts {
 public:
  Artifacts(ArtifactStore& store, Threads& threads, EventFeed& feed, base::Clock& clock)
      : store_(store), threads_(threads), feed_(feed), clock_(clock) {}

  // not_found for a thread that the caller may not see.
  base::Task<Result<std::vector<Artifact>>> list(Principal who, std::string thread_id,
                                                 ArtifactPage page);
  // Of a list that begins now.
  Time now() const { return clock_.now(); }

  // Both store the artifact and tell it to whoever follows the thread (ArtifactStarted, …,
  // ArtifactCommitted), in one transaction; a refusal is told as ArtifactFailed. They return when
  // that is durable, or cannot be.
  using Made = std::expected<StoredArtifact, ArtifactRefusal>;
  base::Task<Made> generate(ArtifactPlace place, NewArtifact input);
  // An artifact of another thread, or of another user, is scope_mismatch only for whoever may see
  // that thread; to everybody else it is not_found.
  base::Task<Made> revise(ArtifactPlace place, ArtifactRevision input);

 private:
  base::Task<Made> attempt_revision(ArtifactPlace place, ArtifactRevision input, bool last);
  base::Task<std::expected<Artifact, ArtifactRefusal>> find(ArtifactPlace place,
                                                            std::string artifact_id,
                                                            std::string key);
  base::Task<Result<std::int64_t>> store(ArtifactPlace place, Artifact artifact,
                                         std::string provisional_id);
  base::Task<Made> refuse(ArtifactPlace place, std::string artifact_id, std::string key,
                          ArtifactRefusal refusal);

  ArtifactStore& store_;
  Threads& threads_;
  EventFeed& feed_;
  base::Clock& clock_;
};

// The text in pieces of `bytes_max` at most, cut between characters; none for an empty text.
std::vector<std::string> pieces_of(std::string_view text, std::size_t bytes_max);

}  // namespace colonnade::core
