// An artifact: a document that an agent makes in a thread, apart from what it says. Each change of
// it is a revision of its own; a stored one never changes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

enum class ArtifactKind { markdown, code, html, json, csv, svg, image };
std::string_view to_string(ArtifactKind kind);
std::optional<ArtifactKind> artifact_kind_from(std::string_view text);

struct Artifact {
  std::string id{};  // of this revision
  Scope scope;
  std::string thread_id{};
  std::string run_id{};                        // that made it
  std::string key{};                           // what all revisions of one artifact share
  int revision = 1;                            // 1, 2, 3 …
  ArtifactKind kind = ArtifactKind::markdown;  // the same for all revisions
  std::string title{};                         // "" for none
  std::string language{};                      // of code; "" for none
  std::string content{};                       // limits::artifact_content_bytes_max at most
  base::Json metadata = nullptr;               // the agent's own; null for none
  base::Time created_at{};
};

// Why an artifact was not made.
enum class ArtifactFault {
  invalid_kind,
  invalid_content,
  not_found,
  scope_mismatch,
  persist_failed
};
std::string_view to_string(ArtifactFault fault);
std::optional<ArtifactFault> artifact_fault_from(std::string_view text);

}  // namespace colonnade::core
