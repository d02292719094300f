#include "tools/builtin/artifact_tools.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace colonnade::tools {
namespace {

// The schemas leave to core what it has words and an event for: which kinds there are, and how long
// a content may be.
class ArtifactTool : public Tool {
 public:
  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::own_thread; }
  bool is_for(const core::Agent& agent) const override { return core::makes_artifacts(agent); }

 protected:
  ArtifactTool(core::Artifacts& artifacts, core::ToolDefinition definition)
      : artifacts_(artifacts), definition_(std::move(definition)) {}

  core::Artifacts& artifacts_;

 private:
  core::ToolDefinition definition_;
};

core::ArtifactPlace place_of(const ToolContext& context) {
  return {.scope = context.scope,
          .user_id = context.user_id,
          .thread_id = context.thread_id,
          .run_id = context.run_id};
}

// ISO 8601 with milliseconds, as everywhere in the contract.
std::string milliseconds_text(base::Time time) {
  constexpr std::size_t up_to_milliseconds = 23;  // 2026-05-12T09:00:04.120
  return base::to_rfc3339(time).substr(0, up_to_milliseconds) + "Z";
}

core::ToolOutcome outcome_of(const core::Artifacts::Made& made, std::string_view status) {
  if (!made) {
    const base::Json result = {{"status", "failed"}, {"error", made.error().message}};
    return {.content = base::to_text(result), .is_error = true};
  }
  const core::Artifact& artifact = made->artifact;
  base::Json result = {{"status", status},
                       {"artifactId", artifact.id},
                       {"artifactKey", artifact.key},
                       {"revision", artifact.revision},
                       {"kind", core::to_string(artifact.kind)},
                       {"createdAt", milliseconds_text(artifact.created_at)}};
  if (!made->prior_id.empty()) result["priorRevisionId"] = made->prior_id;
  return {.content = base::to_text(result)};
}

base::Json text_schema(const char* description) {
  return {{"type", "string"}, {"description", description}};
}

base::Json metadata_schema() {
  return {{"type", "object"}, {"description", "Anything else to keep with it."}};
}

class GenerateArtifact final : public ArtifactTool {
 public:
  explicit GenerateArtifact(core::Artifacts& artifacts)
      : ArtifactTool(
            artifacts,
            {.name = std::string(core::generate_artifact_tool),
             .description =
                 "Makes a document that the user sees beside the conversation: a report, a page, a "
                 "drawing, a program, a table. Use it for what is kept or used elsewhere, not for "
                 "a short answer. html and svg must have no scripts and no event handlers.",
             .input_schema = {
                 {"type", "object"},
                 {"properties",
                  {{"kind", text_schema("markdown, code, html, json, csv, svg or image.")},
                   {"content", text_schema("The whole document, 1 MiB at most. Of an image: a "
                                           "data:image URL, or attachment:ID.")},
                   {"title", text_schema("A short title.")},
                   {"language", text_schema("Of code: its language, such as python.")},
                   {"metadata", metadata_schema()}}},
                 {"required", {"kind", "content"}},
                 {"additionalProperties", false}}}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    core::NewArtifact input{.kind = arguments.at("kind").get<std::string>(),
                            .content = std::move(arguments.at("content").get_ref<std::string&>()),
                            .title = arguments.value("title", ""),
                            .language = arguments.value("language", ""),
                            .metadata = arguments.value("metadata", base::Json())};
    auto made = co_await artifacts_.generate(place_of(context), std::move(input));
    co_return outcome_of(made, "created");
  }
};

class ReviseArtifact final : public ArtifactTool {
 public:
  explicit ReviseArtifact(core::Artifacts& artifacts)
      : ArtifactTool(
            artifacts,
            {.name = std::string(core::revise_artifact_tool),
             .description =
                 "Replaces the content of a document that generate_artifact made in this "
                 "conversation, as its next revision. Give artifactKey or artifactId.",
             .input_schema = {{"type", "object"},
                              {"properties",
                               {{"artifactKey", text_schema("As generate_artifact gave it.")},
                                {"artifactId", text_schema("Of any revision, instead of the key.")},
                                {"newContent", text_schema("The whole new document.")},
                                {"reason", text_schema("What changed and why, shortly.")},
                                {"title", text_schema("A new title; as before when absent.")},
                                {"metadata", metadata_schema()}}},
                              {"required", {"newContent"}},
                              {"additionalProperties", false}}}) {}

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token) override {
    core::ArtifactRevision input{
        .artifact_id = arguments.value("artifactId", ""),
        .key = arguments.value("artifactKey", ""),
        .content = std::move(arguments.at("newContent").get_ref<std::string&>()),
        .reason = arguments.value("reason", ""),
        .metadata = arguments.value("metadata", base::Json())};
    if (arguments.contains("title")) input.title = arguments.at("title").get<std::string>();
    auto made = co_await artifacts_.revise(place_of(context), std::move(input));
    co_return outcome_of(made, "revised");
  }
};

}  // namespace

std::vector<std::unique_ptr<Tool>> artifact_tools(core::Artifacts& artifacts) {
  std::vector<std::unique_ptr<Tool>> out;
  out.push_back(std::make_unique<GenerateArtifact>(artifacts));
  out.push_back(std::make_unique<ReviseArtifact>(artifacts));
  return out;
}

}  // namespace colonnade::tools
