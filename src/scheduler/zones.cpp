#include "scheduler/zones.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "scheduler/limits.hpp"

namespace colonnade::scheduler {

using base::ErrorKind;
using base::fail;

namespace {

// Names of the folder that are no zones: another clock, a copy of all, and what a machine is set
// to.
constexpr std::array other_names{"Factory", "localtime", "posixrules"};
constexpr std::array other_folders{"posix/", "right/"};

// Letters, digits and _ + - in parts with one slash between them, each begun by a letter: no way
// out of the folder.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > limits::zone_name_bytes_max) return false;
  bool at_begin = true;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_inner = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/';
    if (!is_letter && (at_begin || !is_inner)) return false;
    at_begin = c == '/';
  }
  if (at_begin) return false;
  const auto begins = [&](std::string_view folder) { return name.starts_with(folder); };
  return std::ranges::find(other_names, name) == other_names.end() &&
         std::ranges::none_of(other_folders, begins);
}

// The whole of an open file; nullopt when it cannot be read or is too large.
std::optional<std::string> read_all(int file) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ::ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > limits::zone_file_bytes_max) return std::nullopt;
  }
}

// Closes a file at the end of a block.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

base::Result<std::shared_ptr<const Zone>> Zones::zone(std::string_view name,
                                                      std::string_view field) {
  if (name == "UTC" || name == "Etc/UTC") return utc_;
  const auto unknown = [&] {
    const bool printable = is_zone_name(name);
    return fail(ErrorKind::invalid,
                (printable ? "there is no time zone " + std::string(name)
                           : std::string("this is no name of a time zone")) +
                    "; write a name of the IANA database, such as Europe/Paris or UTC",
                std::string(field));
  };
  if (!is_zone_name(name)) return unknown();
  const std::string path = folder_ + "/" + std::string(name);
  struct ::stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return unknown();
  const Stamp stamp{.inode = status.st_ino,
                    .size = status.st_size,
                    .modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  const std::lock_guard lock(mutex_);
  if (const auto found = read_.find(name); found != read_.end() && found->second.stamp == stamp) {
    return found->second.zone;
  }
  const OpenFile file(path);
  const auto bytes = file.descriptor() < 0 ? std::nullopt : read_all(file.descriptor());
  if (!bytes) {
    return fail(ErrorKind::internal, "the time zone file " + path + " cannot be read",
                std::string(field));
  }
  if (!bytes->starts_with("TZif")) return unknown();  // the folder has lists and tables, too
  auto zone = Zone::parse(std::string(name), *bytes);
  if (!zone) {
    return fail(ErrorKind::internal, std::move(zone.error().message), std::string(field));
  }
  Entry& entry = read_[std::string(name)];
  entry = {stamp, std::make_shared<const Zone>(*std::move(zone))};
  return entry.zone;
}

}  // namespace colonnade::scheduler
