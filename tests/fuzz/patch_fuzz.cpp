// Whatever a model calls a patch, and whatever the files hold: it is refused with a reason, or it
// changes exactly the lines that it names. The text up to the first NUL is the patch, the rest the
// file.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/require.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/patch.hpp"

namespace tools = colonnade::tools;
namespace limits = colonnade::limits;
using colonnade::fuzz::require;

namespace {

std::ptrdiff_t lines_of(std::string_view text) {
  const auto ends = std::ranges::count(text, '\n');
  return text.empty() || text.ends_with('\n') ? ends : ends + 1;
}

std::ptrdiff_t lines_of(const tools::PatchedFile& file, tools::PatchLine::Kind kind) {
  std::ptrdiff_t out = 0;
  for (const tools::PatchHunk& hunk : file.hunks) {
    out += std::ranges::count(hunk.lines, kind, &tools::PatchLine::kind);
  }
  return out;
}

void apply(const tools::PatchedFile& file, std::string_view text) {
  using Kind = tools::PatchLine::Kind;
  const std::string_view before =
      file.change == tools::PatchedFile::Change::add ? std::string_view() : text;
  const auto after = tools::patched_text(file, before);
  if (!after) {
    require(!after.error().message.empty());
    return;
  }
  if (file.change == tools::PatchedFile::Change::remove) return;
  // An empty last line without a newline is none to count.
  const bool ends_open = std::ranges::any_of(file.hunks, [](const tools::PatchHunk& hunk) {
    return hunk.old_ends_without_newline || hunk.new_ends_without_newline;
  });
  if (ends_open || (!before.empty() && !before.ends_with('\n'))) return;
  const std::ptrdiff_t added = lines_of(file, Kind::added);
  const std::ptrdiff_t removed = lines_of(file, Kind::removed);
  require(lines_of(*after) == lines_of(before) + added - removed);
  if (added == 0 && removed == 0) require(*after == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view patch = bytes.substr(0, bytes.find('\0'));
  const std::string_view text =
      patch.size() == bytes.size() ? std::string_view() : bytes.substr(patch.size() + 1);
  const auto files = tools::parse_patch(patch);
  if (!files) {
    require(!files.error().message.empty());
    return 0;
  }
  require(!files->empty() && files->size() <= limits::patch_files_max);
  auto paths = tools::patch_paths(*files);
  std::ranges::sort(paths);
  require(std::ranges::adjacent_find(paths) == paths.end());
  for (const tools::PatchedFile& file : *files) {
    require(!file.path.empty());
    require(std::ranges::binary_search(paths, file.path));
    apply(file, text);
  }
  return 0;
}
