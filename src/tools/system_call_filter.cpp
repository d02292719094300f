#include "tools/system_call_filter.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace colonnade::tools {
namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "name this architecture's AUDIT_ARCH_ constant"
#endif

constexpr unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
// As if the kernel did not know it, so that the C library falls back to clone().
constexpr unsigned unknown = SECCOMP_RET_ERRNO | ENOSYS;

constexpr std::array refused = {
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_syslog,
    SYS_quotactl,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_open_by_handle_at,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
};

// Memory that belongs to no process, or to no process alone, so that nobody sees what a command
// holds of it: memory files, System V segments, queues and semaphores.
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
constexpr std::array<long, 5> missing = {
    SYS_memfd_create, SYS_memfd_secret, SYS_shmget, SYS_msgget, SYS_semget,
};

constexpr std::array allowed_families = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

constexpr unsigned namespace_flags = 0x7e020000;  // every CLONE_NEW… flag of clone()

class Program {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)); }
  // Skips `count` instructions unless the loaded value equals / is at least / has bits of `value`.
  void unless_equal(unsigned value, unsigned char count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
  }
  void unless_at_least(unsigned value, unsigned char count) {
    add(BPF_JMP | BPF_JGE | BPF_K, value, 0, count);
  }
  void unless_bits(unsigned value, unsigned char count) {
    add(BPF_JMP | BPF_JSET | BPF_K, value, 0, count);
  }
  void skip_if_equal(unsigned value, unsigned char count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
  }
  void answer(unsigned action) { add(BPF_RET | BPF_K, action); }

  std::string bytes() const {
    return {reinterpret_cast<const char*>(code_.data()), code_.size() * sizeof(sock_filter)};
  }

 private:
  void add(int code, unsigned value, unsigned char yes = 0, unsigned char no = 0) {
    code_.push_back({static_cast<unsigned short>(code), yes, no, value});
  }
  std::vector<sock_filter> code_;
};

}  // namespace

std::string system_call_filter() {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.skip_if_equal(architecture, 1);
  program.answer(refuse);
  program.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr unsigned x32_bit = 0x40000000;
  program.unless_at_least(x32_bit, 1);
  program.answer(refuse);
#endif
  for (const long number : refused) {
    program.unless_equal(static_cast<unsigned>(number), 1);
    program.answer(refuse);
  }
  for (const long number : missing) {
    program.unless_equal(static_cast<unsigned>(number), 1);
    program.answer(unknown);
  }
  // Its flags lie in memory, where a filter cannot look.
  program.unless_equal(SYS_clone3, 1);
  program.answer(unknown);
  program.unless_equal(SYS_clone, 3);
  program.load(offsetof(seccomp_data, args[0]));
  program.unless_bits(namespace_flags, 1);
  program.answer(refuse);
  // The value may be clone's flags now; it is loaded again.
  program.load(offsetof(seccomp_data, nr));
  program.unless_equal(SYS_socket, static_cast<unsigned char>(2 + allowed_families.size()));
  program.load(offsetof(seccomp_data, args[0]));
  for (std::size_t i = 0; i < allowed_families.size(); ++i) {
    program.skip_if_equal(static_cast<unsigned>(allowed_families.at(i)),
                          static_cast<unsigned char>(allowed_families.size() - i));
  }
  program.answer(refuse);
  program.answer(SECCOMP_RET_ALLOW);
  return program.bytes();
}

}  // namespace colonnade::tools
