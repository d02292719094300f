#include "tools/process_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tools/descriptor.hpp"

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

TreeUse use_of_tree(pid_t root, std::size_t tasks_max) {
  TreeUse out;
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<long> left = {root};
  while (!left.empty() && out.tasks <= tasks_max) {
    const std::string process = "/proc/" + std::to_string(left.back());
    left.pop_back();
    const auto sizes = numbers_in(read_some(process + "/statm"));  // size, resident, …
    if (sizes.size() > 1) out.resident_bytes += static_cast<std::size_t>(sizes[1]) * page_bytes;
    for (const std::string& task : tasks_of(process)) {
      ++out.tasks;
      const auto children = numbers_in(read_some(task + "/children"));
      left.insert(left.end(), children.begin(), children.end());
    }
  }
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
