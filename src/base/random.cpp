#include "base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace colonnade::base {
namespace {

// The kernel is asked for a block at a time: one system call serves many ids.
struct Pool {
  std::array<unsigned char, 512> bytes{};
  std::size_t used = 512;

  void refill() {
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
      have += static_cast<std::size_t>(got);
    }
    used = 0;
  }
};

}  // namespace

void fill_random(std::span<unsigned char> out) {
  thread_local Pool pool;
  while (!out.empty()) {
    if (pool.used == pool.bytes.size()) pool.refill();
    const std::size_t count = std::min(out.size(), pool.bytes.size() - pool.used);
    unsigned char* const from = pool.bytes.data() + pool.used;
    std::memcpy(out.data(), from, count);
    ::explicit_bzero(from, count);  // what was handed out is kept nowhere else
    pool.used += count;
    out = out.subspan(count);
  }
}

}  // namespace colonnade::base
