// The system calls that a sandboxed command is refused.
#pragma once

#include <string>

namespace colonnade::tools {

// A classic BPF program for seccomp, as bytes. Refuses with EPERM what reaches past namespaces
// (kernel keys, BPF, performance counters, kernel modules, clocks, io_uring), what makes or enters
// namespaces and mounts, tracing of other processes, and sockets other than Unix, IPv4, IPv6 and
// netlink ones: vsock, for one, ignores network namespaces. Foreign instruction sets get EPERM for
// everything.
std::string system_call_filter();

}  // namespace colonnade::tools
