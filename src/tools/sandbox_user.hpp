// The users that commands run as where the server runs as root.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace colonnade::tools {

// Whether this process is root with the right to mount and to change users. Then each thread's
// workspace belongs to a user of its own without a name, and commands run as that user: the kernel
// does not bound the number of root's processes, and a command is never root, not even outside.
bool can_change_users();

// The user of a thread, far above those that systems hand out.
uid_t user_of_thread(std::string_view thread_id);

}  // namespace colonnade::tools
