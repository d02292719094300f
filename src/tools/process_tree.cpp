#include "tools/process_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tools/descriptor.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

// The beginning of a small file of /proc; "" when it is gone.
std::string read_some(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 16 * 1024> bytes{};
  const ssize_t got = file.open() ? ::read(file.number(), bytes.data(), bytes.size()) : 0;
  return {bytes.data(), static_cast<std::size_t>(got > 0 ? got : 0)};
}

// The integers of a text that white space separates; stops at anything else.
std::vector<long> numbers_in(std::string_view text) {
  std::vector<long> out;
  while (!text.empty()) {
    long value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{}) break;
    out.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  }
  return out;
}

// The resident memory of a process that belongs to no file of a disk.
std::size_t resident_shared_bytes(const std::string& status_path) {
  constexpr std::string_view name = "RssShmem:";
  const std::string text = read_some(status_path);
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return 0;
  std::string_view rest = std::string_view(text).substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  const auto kibibytes = numbers_in(rest);
  return kibibytes.empty() ? 0 : static_cast<std::size_t>(kibibytes.front()) * 1024;
}

// Memory without a file that processes share, each piece once. A piece is known by its inode.
class SharedMemory {
 public:
  enum class Seen { all, cut, nothing };

  // The text of /proc/PID/maps: too long to be read in full, or not ours to be read.
  Seen add(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return Seen::nothing;
    std::string text;
    std::array<char, 64 * 1024> piece{};
    for (;;) {
      const ssize_t got = ::read(file.number(), piece.data(), piece.size());
      if (got < 0 && text.empty()) return Seen::nothing;
      if (got <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(got));
      if (text.size() > limits::shell_mappings_bytes_max) return Seen::cut;
    }
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      add_line(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return Seen::all;
  }

  std::size_t bytes() const {
    std::size_t out = 0;
    for (const auto& [piece, size] : sizes_) out += size;
    return out;
  }

 private:
  // "7f01-7f02 rw-s 00000000 00:01 1234   /dev/zero (deleted)"
  void add_line(std::string_view line) {
    const std::size_t dash = line.find('-');
    const std::size_t space = line.find(' ');
    if (dash == std::string_view::npos || space == std::string_view::npos || dash > space) return;
    if (line.size() < space + 7 || line[space + 4] != 's') return;
    const bool is_memory = line.find(" /dev/zero") != std::string_view::npos ||
                           line.find(" /memfd:") != std::string_view::npos ||
                           line.find(" /SYSV") != std::string_view::npos;
    if (!is_memory) return;
    const std::size_t begin = hex(line.substr(0, dash));
    const std::size_t end = hex(line.substr(dash + 1, space - dash - 1));
    std::string_view rest = line.substr(space + 6);
    const std::size_t offset = hex(rest.substr(0, rest.find(' ')));
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
    // Device and inode name the piece.
    const std::size_t device_end = std::min(rest.find(' '), rest.size());
    const std::size_t inode_end = std::min(rest.find(' ', device_end + 1), rest.size());
    std::size_t& size = sizes_[std::string(rest.substr(0, inode_end))];
    size = std::max(size, offset + (end - std::min(begin, end)));
  }
  static std::size_t hex(std::string_view text) {
    std::size_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out, 16);
    return out;
  }

  std::map<std::string, std::size_t> sizes_;
};

std::vector<std::string> tasks_of(const std::string& process) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(process + "/task", error), end; !error && at != end;
       at.increment(error)) {
    out.push_back(at->path().string());
  }
  return out;
}

}  // namespace

TreeUse use_of_tree(pid_t root, std::size_t tasks_max, std::size_t memory_max) {
  TreeUse out{.last = root};
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t mapped_bytes = 0;
  std::vector<long> seen;
  std::vector<long> left = {root};
  while (!left.empty() && out.tasks <= tasks_max) {
    const long id = left.back();
    const std::string process = "/proc/" + std::to_string(id);
    left.pop_back();
    seen.push_back(id);
    const auto sizes = numbers_in(read_some(process + "/statm"));  // size, resident, …
    if (sizes.size() > 1) {
      mapped_bytes += static_cast<std::size_t>(sizes[0]) * page_bytes;
      out.memory_bytes += static_cast<std::size_t>(sizes[1]) * page_bytes;
      out.last = static_cast<pid_t>(id);
    }
    for (const std::string& task : tasks_of(process)) {
      ++out.tasks;
      const auto children = numbers_in(read_some(task + "/children"));
      left.insert(left.end(), children.begin(), children.end());
    }
  }
  // What is shared is mapped by somebody, so that less than this much needs no closer look.
  if (mapped_bytes <= memory_max) return out;
  SharedMemory shared;
  std::size_t pages_of_shared = 0;
  for (const long id : seen) {
    const std::string process = "/proc/" + std::to_string(id);
    const SharedMemory::Seen seen_maps = shared.add(process + "/maps");
    out.mappings_cut = out.mappings_cut || seen_maps == SharedMemory::Seen::cut;
    // Its pages count as they are where its mappings cannot be looked at.
    if (seen_maps == SharedMemory::Seen::nothing) continue;
    pages_of_shared += resident_shared_bytes(process + "/status");
  }
  out.memory_bytes -= std::min(out.memory_bytes, pages_of_shared);
  out.memory_bytes += shared.bytes();
  return out;
}

std::size_t tasks_of_this_user() {
  std::size_t out = 0;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.empty() || name.front() < '0' || name.front() > '9') continue;
    struct stat status{};
    if (::stat(at->path().c_str(), &status) != 0 || status.st_uid != ::getuid()) continue;
    out += tasks_of(at->path()).size();
  }
  return out;
}

}  // namespace colonnade::tools
