#include "core/artifacts/artifacts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/artifacts/artifact_rules.hpp"
#include "core/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

using Made = Artifacts::Made;

constexpr std::size_t key_random_bytes = 8;

std::string known_kinds() {
  std::string out;
  for (const auto kind :
       {ArtifactKind::markdown, ArtifactKind::code, ArtifactKind::html, ArtifactKind::json,
        ArtifactKind::csv, ArtifactKind::svg, ArtifactKind::image}) {
    out += (out.empty() ? "" : ", ") + std::string(to_string(kind));
  }
  return out;
}

std::optional<ArtifactRefusal> too_long(std::string_view what, std::string_view text,
                                        std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::nullopt;
  return ArtifactRefusal{.fault = ArtifactFault::invalid_content,
                         .message = std::string(what) + " has " + std::to_string(text.size()) +
                                    " bytes, more than " + std::to_string(bytes_max) +
                                    " allowed; shorten it"};
}

// What is wrong with what stands beside the content.
std::optional<ArtifactRefusal> check_frame(std::string_view title, std::string_view language,
                                           const base::Json& metadata) {
  if (auto long_title = too_long("the title", title, limits::artifact_title_bytes_max)) {
    return long_title;
  }
  if (auto long_language =
          too_long("the language", language, limits::artifact_language_bytes_max)) {
    return long_language;
  }
  if (!metadata.is_null() && !metadata.is_object()) {
    return ArtifactRefusal{.fault = ArtifactFault::invalid_content,
                           .message = "the metadata is not an object"};
  }
  if (metadata.is_null()) return std::nullopt;
  return too_long("the metadata", base::to_text(metadata), limits::artifact_metadata_bytes_max);
}

std::optional<ArtifactRefusal> check_content(ArtifactKind kind, std::string_view content) {
  const auto sound = check_artifact(kind, content);
  if (sound) return std::nullopt;
  return ArtifactRefusal{.fault = ArtifactFault::invalid_content, .message = sound.error().message};
}

Event event_at(const ArtifactPlace& place, Time now, EventBody body) {
  return {.scope = place.scope,
          .thread_id = place.thread_id,
          .run_id = place.run_id,
          .at = now,
          .body = std::move(body)};
}

std::vector<Event> news_of(const ArtifactPlace& place, const Artifact& artifact,
                           const std::string& provisional_id) {
  std::vector<Event> out;
  const Time now = artifact.created_at;
  out.push_back(event_at(place, now,
                         ArtifactStarted{.artifact_id = provisional_id,
                                         .key = artifact.key,
                                         .kind = artifact.kind,
                                         .revision = artifact.revision,
                                         .title = artifact.title,
                                         .language = artifact.language}));
  for (std::string& piece : pieces_of(artifact.content, limits::artifact_delta_bytes_max)) {
    out.push_back(event_at(
        place, now,
        ArtifactDelta{
            .artifact_id = provisional_id, .key = artifact.key, .text = std::move(piece)}));
  }
  const bool left_out = artifact.content.size() > limits::artifact_event_content_bytes_max;
  out.push_back(event_at(place, now,
                         ArtifactCommitted{.artifact_id = artifact.id,
                                           .key = artifact.key,
                                           .kind = artifact.kind,
                                           .revision = artifact.revision,
                                           .title = artifact.title,
                                           .language = artifact.language,
                                           .content = left_out ? "" : artifact.content,
                                           .content_left_out = left_out,
                                           .created_at = now}));
  return out;
}

ArtifactRefusal refusal_of(const base::Error& error) {
  const bool full = error.kind == ErrorKind::too_large;
  return {.fault = full ? ArtifactFault::invalid_content : ArtifactFault::persist_failed,
          .message = full ? error.message : "the artifact could not be stored: " + error.message};
}

// An artifact is found by what the model was told of it.
ArtifactRefusal not_found() {
  return {.fault = ArtifactFault::not_found,
          .message =
              "there is no such artifact in this conversation; generate_artifact makes one, "
              "and its result has the artifactKey"};
}

}  // namespace

bool makes_artifacts(const Agent& agent) {
  if (!agent.tools) return agent.profile.makes_artifacts;
  return std::ranges::any_of(*agent.tools, [](const std::string& name) {
    return name == generate_artifact_tool || name == revise_artifact_tool;
  });
}

std::vector<std::string> pieces_of(std::string_view text, std::size_t bytes_max) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::string_view piece = base::cut_utf8(text, bytes_max);
    // Text that is no UTF-8 is cut anywhere: nothing is lost of it.
    if (piece.empty()) piece = text.substr(0, bytes_max);
    out.emplace_back(piece);
    text.remove_prefix(piece.size());
  }
  return out;
}

Task<Result<std::vector<Artifact>>> Artifacts::list(Principal who, std::string thread_id,
                                                    ArtifactPage page) {
  auto thread = co_await threads_.get(who, thread_id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto artifacts = co_await store_.artifacts(who.scope, std::move(thread_id), std::move(page));
  co_return artifacts;
}

Task<Result<std::int64_t>> Artifacts::store(ArtifactPlace place, Artifact artifact,
                                            std::string provisional_id) {
  Unit unit{.scope = place.scope, .account = account_of(place.scope, place.user_id)};
  unit.events = news_of(place, artifact, provisional_id);
  unit.changes.emplace_back(InsertArtifact{.artifact = std::move(artifact)});
  auto stored = co_await feed_.commit(std::move(unit));
  co_return stored;
}

// The refusal is told, too. One that cannot be stored is in the tool's result alone.
Task<Made> Artifacts::refuse(ArtifactPlace place, std::string artifact_id, std::string key,
                             ArtifactRefusal refusal) {
  Unit unit{.scope = place.scope, .account = account_of(place.scope, place.user_id)};
  unit.events.push_back(event_at(place, clock_.now(),
                                 ArtifactFailed{.artifact_id = std::move(artifact_id),
                                                .key = std::move(key),
                                                .fault = refusal.fault,
                                                .message = refusal.message}));
  auto told = co_await feed_.commit(std::move(unit));
  if (!told) {
    base::log::warn("artifact_error_not_stored",
                    {{"run", place.run_id}, {"error", told.error().message}});
  }
  co_return std::unexpected(std::move(refusal));
}

Task<Made> Artifacts::generate(ArtifactPlace place, NewArtifact input) {
  const auto kind = artifact_kind_from(input.kind);
  std::optional<ArtifactRefusal> wrong;
  if (!kind) {
    wrong = ArtifactRefusal{.fault = ArtifactFault::invalid_kind,
                            .message = "the kind is none of " + known_kinds()};
  } else {
    wrong = check_frame(input.title, input.language, input.metadata);
    if (!wrong) wrong = check_content(*kind, input.content);
  }
  std::string key = "a_" + base::random_hex(key_random_bytes);
  if (wrong) {
    auto refused = co_await refuse(std::move(place), "", std::move(key), std::move(*wrong));
    co_return refused;
  }
  const Time now = clock_.now();
  StoredArtifact made{.artifact = {.id = base::new_id(now),
                                   .scope = place.scope,
                                   .thread_id = place.thread_id,
                                   .run_id = place.run_id,
                                   .key = std::move(key),
                                   .revision = 1,
                                   .kind = *kind,
                                   .title = std::move(input.title),
                                   .language = std::move(input.language),
                                   .content = std::move(input.content),
                                   .metadata = std::move(input.metadata),
                                   .created_at = now}};
  auto stored = co_await store(place, made.artifact, made.artifact.key);
  if (stored) co_return made;
  auto refused =
      co_await refuse(std::move(place), "", made.artifact.key, refusal_of(stored.error()));
  co_return refused;
}

// The newest revision of what the model means, in this thread.
Task<std::expected<Artifact, ArtifactRefusal>> Artifacts::find(ArtifactPlace place,
                                                               std::string artifact_id,
                                                               std::string key) {
  if (artifact_id.empty() && key.empty()) {
    co_return std::unexpected(
        ArtifactRefusal{.fault = ArtifactFault::not_found,
                        .message = "name the artifact by 'artifactId' or 'artifactKey'"});
  }
  if (!artifact_id.empty()) {
    auto named = co_await store_.artifact(place.scope, artifact_id);
    if (!named) co_return std::unexpected(refusal_of(named.error()));
    if (!*named) {
      // A new artifact's provisional id is its key.
      key = std::move(artifact_id);
    } else if ((*named)->thread_id != place.thread_id) {
      const Principal user(place.scope, place.user_id, UserRole::member);
      auto visible = co_await threads_.get(user, (*named)->thread_id);
      if (!visible) co_return std::unexpected(not_found());
      co_return std::unexpected(
          ArtifactRefusal{.fault = ArtifactFault::scope_mismatch,
                          .message = "that artifact belongs to another conversation"});
    } else {
      key = (*named)->key;
    }
  }
  auto newest = co_await store_.artifact_by_key(place.scope, place.thread_id, std::move(key));
  if (!newest) co_return std::unexpected(refusal_of(newest.error()));
  if (!*newest) co_return std::unexpected(not_found());
  co_return std::move(**newest);
}

// Two calls of one reply may revise the same artifact: whoever comes second looks again.
Task<Made> Artifacts::revise(ArtifactPlace place, ArtifactRevision input) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt == limits::change_attempts_max;
    auto made = co_await attempt_revision(place, input, last);
    if (made || !made.error().message.empty()) co_return made;
  }
}

// A refusal without a message: somebody else's revision came first.
Task<Made> Artifacts::attempt_revision(ArtifactPlace place, ArtifactRevision input, bool last) {
  auto found = co_await find(place, input.artifact_id, input.key);
  if (!found) {
    auto refused =
        co_await refuse(std::move(place), input.artifact_id, input.key, std::move(found.error()));
    co_return refused;
  }
  const Artifact& prior = *found;
  const std::string title = input.title.value_or(prior.title);
  auto wrong = check_frame(title, prior.language, input.metadata);
  if (!wrong) {
    wrong = too_long("the reason", input.reason, limits::artifact_reason_bytes_max);
  }
  if (!wrong) wrong = check_content(prior.kind, input.content);
  if (wrong) {
    auto refused = co_await refuse(std::move(place), prior.id, prior.key, std::move(*wrong));
    co_return refused;
  }
  base::Json metadata =
      input.metadata.is_object() ? std::move(input.metadata) : base::Json(base::Json::object());
  metadata["prior_revision_id"] = prior.id;
  if (!input.reason.empty()) metadata["revision_reason"] = input.reason;
  const Time now = clock_.now();
  StoredArtifact made{.artifact = {.id = base::new_id(now),
                                   .scope = place.scope,
                                   .thread_id = place.thread_id,
                                   .run_id = place.run_id,
                                   .key = prior.key,
                                   .revision = prior.revision + 1,
                                   .kind = prior.kind,
                                   .title = title,
                                   .language = prior.language,
                                   .content = std::move(input.content),
                                   .metadata = std::move(metadata),
                                   .created_at = now},
                      .prior_id = prior.id};
  auto stored = co_await store(place, made.artifact, prior.id);
  if (stored) co_return made;
  if (stored.error().kind == ErrorKind::conflict && !last) {
    co_return std::unexpected(ArtifactRefusal{});
  }
  auto refused = co_await refuse(std::move(place), prior.id, prior.key, refusal_of(stored.error()));
  co_return refused;
}

}  // namespace colonnade::core
