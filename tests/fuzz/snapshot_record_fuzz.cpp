// Whatever a stored snapshot says: it is refused, or read as what would be written again. Restored,
// it changes nothing outside of its folder, whatever its paths, kinds and links are.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/fuzz/require.hpp"
#include "tools/snapshot_folder.hpp"
#include "tools/snapshot_record.hpp"

namespace fs = std::filesystem;
namespace tools = colonnade::tools;
using colonnade::fuzz::require;

namespace {

constexpr const char* theirs = "not yours";
constexpr int restored_max = 16;  // of one record: each is a handful of system calls

// A folder to restore into, beside one that must stay as it is. In memory where there is such a
// place: a restored file is synced.
class Ground {
 public:
  Ground() {
    std::string pattern = (fs::exists("/dev/shm") ? "/dev/shm" : "/tmp");
    pattern += "/colonnade-fuzz-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = fs::canonical(pattern);
    fs::create_directories(root_ / "outside/inner");
    std::ofstream(root_ / "outside/inner/file") << theirs;
  }
  ~Ground() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  // An empty folder with a way out.
  std::string fresh() const {
    std::error_code error;
    give_back(root_ / "in");
    fs::remove_all(root_ / "in", error);
    fs::create_directory(root_ / "in");
    fs::create_directory_symlink("../outside", root_ / "in/out");
    return (root_ / "in").string();
  }
  void require_outside_untouched() const {
    std::size_t names = 0;
    for (const auto& entry : fs::directory_iterator(root_)) {
      require(entry.path().filename() == "in" || entry.path().filename() == "outside");
    }
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "outside")) {
      ++names;
      struct stat status{};
      require(::lstat(entry.path().c_str(), &status) == 0);
      require(S_ISDIR(status.st_mode) || S_ISREG(status.st_mode));
    }
    require(names == 2);
    std::ifstream file(root_ / "outside/inner/file");
    std::ostringstream bytes;
    bytes << file.rdbuf();
    require(bytes.str() == theirs);
  }

 private:
  // A record may take the owner's rights from a folder.
  static void give_back(const fs::path& folder) {
    std::error_code error;
    fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, error);
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (fs::is_directory(at->symlink_status(ignored))) give_back(at->path());
    }
  }

  fs::path root_;
};

void restore(const tools::SnapshotRecord& record) {
  static const Ground ground;
  const auto folder = tools::SnapshotFolder::open(ground.fresh());
  if (!folder) std::abort();
  int left = restored_max;
  for (const auto& [path, state] : record.files) {
    if (left-- == 0) break;
    const auto done = folder->restore(path, state, "restored");
    if (!done) require(!done.error().message.empty());
    (void)folder->look(path);
  }
  ground.require_outside_untouched();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto record = tools::read_record(text);
  if (!record) {
    require(record.error().kind == colonnade::base::ErrorKind::invalid);
    return 0;
  }
  const std::string written = tools::record_text(*record);
  const auto again = tools::read_record(written);
  require(again && tools::record_text(*again) == written);
  require(again->files.size() == record->files.size());
  if (!record->files.empty()) restore(*record);
  return 0;
}
