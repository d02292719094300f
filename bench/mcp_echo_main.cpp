// mcp_echo <revision>: mcp_echo.hpp on standard input and output, one message a line, until the
// input ends.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "mcp_echo.hpp"

namespace colonnade::bench {
namespace {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What one read brings is answered with one write.
int run(std::string_view revision) {
  std::array<char, 65536> bytes;
  std::string unread;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got <= 0) return got == 0 ? 0 : 1;
    unread.append(bytes.data(), static_cast<std::size_t>(got));
    std::string answers;
    std::size_t begin = 0;
    for (auto end = unread.find('\n'); end != std::string::npos; end = unread.find('\n', begin)) {
      const std::string_view line(unread.data() + begin, end - begin);
      if (const std::string answer = echo_answer(revision, line); !answer.empty()) {
        answers += answer + "\n";
      }
      begin = end + 1;
    }
    unread.erase(0, begin);
    if (!write_all(answers)) return 1;
  }
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: mcp_echo 2025-11-25|2026-07-28\n", stderr);
    return 2;
  }
  return colonnade::bench::run(argv[1]);
}
