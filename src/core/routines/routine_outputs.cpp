#include "core/routines/routine_outputs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/limits.hpp"
#include "core/routines/limits.hpp"

namespace colonnade::core {

using base::Task;

namespace {

constexpr std::string_view target_artifact_kind = "output";
constexpr std::string_view file_artifact_kind = "file";

// What Platos' artifacts call it; "" for what is none of theirs.
struct ArtifactForm {
  std::string kind{};
  std::string language{};
};
ArtifactForm form_of(std::string_view path) {
  struct Row {
    std::string_view ending;
    std::string_view kind;
    std::string_view language;
  };
  constexpr std::array<Row, 20> rows{{
      {".md", "markdown", ""},       {".markdown", "markdown", ""}, {".txt", "markdown", ""},
      {".html", "html", ""},         {".htm", "html", ""},          {".json", "json", ""},
      {".csv", "csv", ""},           {".svg", "svg", ""},           {".py", "code", "python"},
      {".js", "code", "javascript"}, {".ts", "code", "typescript"}, {".sh", "code", "bash"},
      {".cpp", "code", "cpp"},       {".hpp", "code", "cpp"},       {".c", "code", "c"},
      {".h", "code", "c"},           {".rs", "code", "rust"},       {".go", "code", "go"},
      {".java", "code", "java"},     {".sql", "code", "sql"},
  }};
  for (const Row& row : rows) {
    if (path.ends_with(row.ending)) return {std::string(row.kind), std::string(row.language)};
  }
  return {};
}

}  // namespace

Task<void> RoutineOutputs::keep(Principal who, RoutineRun* run, RunDetail detail) {
  std::vector<RoutineArtifact>& artifacts = run->notes.artifacts;
  const base::Time now = ports_.clock.now();
  for (const std::string& target : run->task.output_targets) {
    const bool known = std::ranges::any_of(artifacts, [&](const RoutineArtifact& one) {
      return one.uri == target && one.kind == target_artifact_kind;
    });
    if (known || artifacts.size() >= limits::routine_artifacts_max) continue;
    artifacts.push_back({.id = base::new_id(now),
                         .uri = target,
                         .kind = std::string(target_artifact_kind),
                         .created_at = now});
  }
  co_await keep_written(std::move(who), run, std::move(detail));
}

Task<void> RoutineOutputs::keep_written(Principal who, RoutineRun* run, RunDetail detail) {
  auto thread = co_await ports_.threads.get(who, run->notes.thread_id);
  if (!thread) co_return;
  auto written = co_await ports_.written_files.written_by(std::move(*thread), detail.run.id);
  if (!written) {
    base::log::warn("routine_files_unreadable",
                    {{"run", run->id}, {"error", written.error().message}});
    run->notes.detail += "; the files that it has written could not be kept";
    co_return;
  }
  for (const std::string& note : written->notes) run->notes.detail += "; " + note;
  for (WrittenFile& file : written->files) {
    co_await make_artifact(who, run, detail, file);
    co_await keep_file(who, run, std::move(file));
  }
}

Task<void> RoutineOutputs::keep_file(Principal who, RoutineRun* run, WrittenFile file) {
  std::vector<RoutineArtifact>& artifacts = run->notes.artifacts;
  const std::string uri = "file://" + file.path;
  const bool known = std::ranges::any_of(
      artifacts, [&](const RoutineArtifact& one) { return one.uri == uri && one.is_kept(); });
  if (known || artifacts.size() >= limits::routine_artifacts_max) co_return;
  const base::Time now = ports_.clock.now();
  RoutineArtifact made{.id = base::new_id(now),
                       .uri = uri,
                       .kind = std::string(file_artifact_kind),
                       .label = file.path,
                       .metadata = {{"bytes", file.bytes.size()}, {"mime", mime_of(file.path)}},
                       .created_at = now,
                       .bytes = static_cast<std::int64_t>(file.bytes.size())};
  auto kept = co_await ports_.files.keep(account_of(who), made.id, std::move(file.bytes));
  if (!kept) {
    base::log::warn("routine_file_not_kept", {{"run", run->id}, {"error", kept.error().message}});
    run->notes.detail += "; " + file.path + " could not be kept";
    co_return;
  }
  artifacts.push_back(std::move(made));
}

Task<void> RoutineOutputs::make_artifact(Principal who, RoutineRun* run, RunDetail detail,
                                         WrittenFile file) {
  const ArtifactForm form = form_of(file.path);
  const bool fits = !form.kind.empty() && !file.bytes.empty() &&
                    file.bytes.size() <= limits::artifact_content_bytes_max &&
                    base::is_valid_utf8(file.bytes);
  if (!fits) co_return;
  ArtifactPage page{.as_of = ports_.clock.now(), .limit = limits::artifact_rows_max};
  const std::string thread_id = run->notes.thread_id;
  auto there = co_await ports_.artifacts.list(who, thread_id, std::move(page));
  if (!there) co_return;
  // It was made by an attempt that did not end.
  if (std::ranges::find(*there, file.path, &Artifact::title) != there->end()) co_return;
  ArtifactPlace place{
      .scope = who.scope, .user_id = who.user_id, .thread_id = thread_id, .run_id = detail.run.id};
  NewArtifact input{.kind = form.kind,
                    .content = std::move(file.bytes),
                    .title = file.path,
                    .language = form.language};
  const auto made = co_await ports_.artifacts.generate(std::move(place), std::move(input));
  if (!made) {
    base::log::warn("routine_artifact_not_made",
                    {{"run", run->id}, {"error", made.error().message}});
  }
}

// Nothing of them is stored, and no sweep comes before the next start.
Task<void> RoutineOutputs::leave_out(Principal who, RoutineRun* run, std::size_t known,
                                     std::string why) {
  std::vector<RoutineArtifact> left;
  std::vector<RoutineArtifact> added = std::exchange(run->notes.artifacts, {});
  for (std::size_t i = 0; i < added.size(); ++i) {
    if (i < known || !added[i].is_kept()) {
      left.push_back(std::move(added[i]));
      continue;
    }
    auto removed = co_await ports_.files.remove(account_of(who), added[i].id);
    if (!removed) {
      base::log::warn("routine_file_not_removed",
                      {{"file", added[i].id}, {"error", removed.error().message}});
    }
  }
  run->notes.artifacts = std::move(left);
  run->notes.detail += "; its files are not kept: " + why;
}

}  // namespace colonnade::core
