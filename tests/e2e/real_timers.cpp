// Stands in front of libfaketime: timers that measure time that passes are the kernel's own.
//
// libfaketime 0.9.10 takes each absolute time that timerfd_settime is given for one of the clock on
// the wall, and shifts it, also where the timer is one of CLOCK_MONOTONIC. Asio asks so for what is
// due at once: such a timer would ring days later, or never.
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" __attribute__((visibility("default"))) int timerfd_settime(int fd, int flags,
                                                                      const itimerspec* value,
                                                                      itimerspec* before) noexcept {
  return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, value, before));
}
