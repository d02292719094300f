#include "tools/builtin/apply_patch.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/access/account.hpp"
#include "tools/blocking.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/patch.hpp"
#include "tools/limits.hpp"
#include "tools/text.hpp"
#include "tools/workspace.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr mode_t new_file_mode = 0644;

// What the files of a patch hold, before it and after what was applied of it so far. Nothing is
// written before all of it fits.
class PatchedWorkspace {
 public:
  PatchedWorkspace(const Workspace& workspace, std::vector<std::string> judged)
      : workspace_(workspace), judged_(std::move(judged)) {}

  Result<void> apply(const PatchedFile& change) {
    auto path = place_of(change.path);
    if (!path) return fail(std::move(path.error()));
    auto file = at(*path);
    if (!file) return fail(std::move(file.error()));
    const bool is_there = (*file)->now.has_value();
    if (change.change == PatchedFile::Change::add && is_there) {
      return fail(ErrorKind::conflict, "'" + change.path + "' is there already; update it", "path");
    }
    if (change.change != PatchedFile::Change::add && !is_there) {
      return fail(ErrorKind::not_found, "'" + change.path + "' does not exist", "path");
    }
    if (is_there && is_binary(*(*file)->now)) {
      return fail(ErrorKind::invalid, "'" + change.path + "' is binary; only text can be patched",
                  "path");
    }
    auto text = patched_text(change, (*file)->now.value_or(""));
    if (!text) return fail(std::move(text.error()));
    if (change.change == PatchedFile::Change::remove) {
      // A patch that shows what it removes has to show all of it.
      if (!change.hunks.empty() && !text->empty()) {
        return fail(ErrorKind::conflict,
                    "'" + change.path + "' has more than the patch removes; read the file again",
                    "patchText");
      }
      (*file)->now.reset();
      note("D", change.path);
      return {};
    }
    if (!change.new_path.empty()) return move(change, **file, std::move(*text));
    (*file)->now = std::move(*text);
    note(is_there ? "M" : "A", change.path);
    return {};
  }

  // All of it or nothing: what was written before a failure is put back.
  Result<void> write() {
    Result<void> written;
    for (auto& [path, file] : files_) {
      if (!file.now || file.now == file.before) continue;
      written = workspace_.write_file(path, *file.now, file.mode);
      if (!written) break;
      file.written = true;
    }
    for (auto& [path, file] : files_) {
      if (!written) break;
      if (file.now || !file.before) continue;
      written = workspace_.remove_file(path);
      file.written = written.has_value();
    }
    if (!written) put_back(written.error());
    return written;
  }

  const std::string& report() const { return report_; }

 private:
  struct File {
    std::optional<std::string> before{};
    std::optional<std::string> now{};
    mode_t mode = new_file_mode;
    bool written = false;
  };

  // As it was judged. A link that was made since then leads elsewhere.
  Result<std::string> place_of(const std::string& named) const {
    auto path = workspace_.canonical(named);
    if (path && std::ranges::find(judged_, *path) == judged_.end()) {
      return fail(ErrorKind::conflict,
                  "'" + named + "' leads elsewhere than when the call was judged; call again",
                  "path");
    }
    return path;
  }

  Result<File*> at(const std::string& path) {
    const auto known = files_.find(path);
    if (known != files_.end()) return &known->second;
    File file;
    auto opened = workspace_.open_file(path, O_RDONLY);
    if (opened) {
      struct stat status{};
      if (::fstat(opened->number(), &status) == 0) file.mode = status.st_mode & 0777U;
      auto text = workspace_.read_file(path);
      if (!text) return fail(std::move(text.error()));
      read_bytes_ += text->size();
      file.before = std::move(*text);
      file.now = file.before;
    } else if (opened.error().kind != ErrorKind::not_found) {
      return fail(std::move(opened.error()));
    }
    if (read_bytes_ > limits::workspace_file_bytes_max) {
      return fail(ErrorKind::too_large,
                  "the files of the patch are larger than " +
                      std::to_string(limits::workspace_file_bytes_max) +
                      " bytes together; patch fewer at once",
                  "patchText");
    }
    return &files_.emplace(path, std::move(file)).first->second;
  }

  Result<void> move(const PatchedFile& change, File& from, std::string text) {
    auto path = place_of(change.new_path);
    if (!path) return fail(std::move(path.error()));
    auto to = at(*path);
    if (!to) return fail(std::move(to.error()));
    if ((*to)->now) {
      return fail(ErrorKind::conflict, "'" + change.new_path + "' is there already", "path");
    }
    from.now.reset();
    (*to)->now = std::move(text);
    (*to)->mode = from.mode;
    note("R", change.path + " -> " + change.new_path);
    return {};
  }

  void put_back(base::Error& error) {
    for (const auto& [path, file] : files_) {
      if (!file.written) continue;
      const auto back = file.before ? workspace_.write_file(path, *file.before, file.mode)
                                    : workspace_.remove_file(path);
      if (!back) error.message += "; and '" + path + "' could not be put back as it was";
    }
  }

  void note(std::string_view what, const std::string& path) {
    report_.append(what).append(" ").append(path).append("\n");
  }

  const Workspace& workspace_;
  std::vector<std::string> judged_;
  std::map<std::string, File> files_;
  std::size_t read_bytes_ = 0;
  std::string report_;
};

core::ToolOutcome apply_patch(const std::string& folder, const base::Json& arguments) {
  auto workspace = Workspace::open(folder, Workspace::Links::refused);
  if (!workspace) return failed(workspace.error().message);
  auto changes = parse_patch(arguments.at("patchText").get_ref<const std::string&>());
  if (!changes) return failed(changes.error().message);
  PatchedWorkspace patched(*workspace, arguments.at("paths").get<std::vector<std::string>>());
  for (const PatchedFile& change : *changes) {
    if (auto applied = patched.apply(change); !applied) {
      return failed(applied.error().message + ". Nothing was changed.");
    }
  }
  if (auto written = patched.write(); !written) return failed(written.error().message);
  return {.content = patched.report()};
}

class ApplyPatchTool final : public Tool {
 public:
  explicit ApplyPatchTool(base::Workers& workers)
      : workers_(workers),
        definition_{
            .name = "apply_patch",
            .description =
                "Changes files of the workspace by a patch: all of it, or nothing when a part does "
                "not fit. Either *** Begin Patch, then sections *** Add File: PATH (lines with +), "
                "*** Update File: PATH (perhaps *** Move to: PATH, then hunks of @@ LINE ABOVE and "
                "lines with ' ', - and +), *** Delete File: PATH, then *** End Patch; or a unified "
                "diff.",
            .input_schema = {{"type", "object"},
                             {"properties",
                              {{"patchText",
                                {{"type", "string"},
                                 {"minLength", 1},
                                 {"maxLength", limits::patch_bytes_max}}}}},
                             {"required", {"patchText"}},
                             {"additionalProperties", false}}},
        accepted_(definition_.input_schema) {
    accepted_["properties"]["paths"] = {{"type", "array"}, {"items", {{"type", "string"}}}};
  }

  const core::ToolDefinition& definition() const override { return definition_; }
  const base::Json& accepted_schema() const override { return accepted_; }
  Effect effect() const override { return Effect::changes; }
  bool uses_workspace() const override { return true; }
  std::optional<std::vector<std::string>> changed_files(
      const base::Json& arguments) const override {
    return arguments.at("paths").get<std::vector<std::string>>();
  }

  // `paths`: every file that it touches, as it will be opened.
  Result<base::Json> canonical(const ToolContext& context, base::Json arguments,
                               core::ArgumentsFrom /*from*/) const override {
    auto changes = parse_patch(arguments.at("patchText").get_ref<const std::string&>());
    if (!changes) return fail(std::move(changes.error()));
    auto workspace = Workspace::open(context.workspace);
    if (!workspace) return fail(std::move(workspace.error()));
    std::vector<std::string> paths;
    for (const std::string& named : patch_paths(*changes)) {
      auto path = workspace->canonical(named);
      if (!path) return fail(std::move(path.error()));
      if (std::ranges::find(paths, *path) == paths.end()) paths.push_back(std::move(*path));
    }
    arguments["paths"] = std::move(paths);
    return arguments;
  }

  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override {
    auto account = core::account_of(context.scope, context.user_id);
    auto on_worker = [folder = std::move(context.workspace), arguments = std::move(arguments)](
                         std::stop_token) { return apply_patch(folder, arguments); };
    auto outcome =
        co_await run_blocking(&workers_, std::move(account), std::move(stop), std::move(on_worker));
    co_return outcome;
  }

 private:
  base::Workers& workers_;
  core::ToolDefinition definition_;
  base::Json accepted_;  // with the paths, which are worked out
};

}  // namespace

std::unique_ptr<Tool> apply_patch_tool(base::Workers& workers) {
  return std::make_unique<ApplyPatchTool>(workers);
}

}  // namespace colonnade::tools
