#include "tools/sandbox_user.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace colonnade::tools {

bool can_change_users() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::geteuid() != 0 || ::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  for (const unsigned needed : {CAP_CHOWN, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SYS_ADMIN}) {
    if ((sets.at(needed / 32).effective >> needed % 32 & 1U) == 0) return false;
  }
  return true;
}

uid_t user_of_thread(std::string_view thread_id) {
  constexpr uid_t first = 1'500'000'000;
  constexpr uid_t count = 500'000'000;
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : thread_id) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return first + static_cast<uid_t>(hash % count);
}

}  // namespace colonnade::tools
