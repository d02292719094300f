#include "tools/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/limits.hpp"
#include "tools/descriptor.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::Result;
using Clock = std::chrono::steady_clock;

std::unexpected<base::Error> cannot_start(const std::string& what, int code) {
  return base::fail(ErrorKind::unavailable,
                    what + " cannot be started: " + std::generic_category().message(code));
}

// The first half of what is kept from the beginning, the second from the end.
class HeadAndTail {
 public:
  explicit HeadAndTail(std::size_t bytes_max) : half_(bytes_max / 2) {}

  void add(std::string_view bytes) {
    const std::size_t room = std::min(half_ - std::min(half_, head_.size()), bytes.size());
    head_.append(bytes.substr(0, room));
    bytes.remove_prefix(room);
    tail_.append(bytes);
    // Trimmed now and then, so that each byte is moved a few times at most.
    if (tail_.size() > 4 * half_ + 1) trim();
  }

  ChildOutput take() {
    trim();
    if (left_out_ == 0) return {.text = head_ + tail_, .left_out = 0};
    return {.text = head_ + "\n[… " + std::to_string(left_out_) + " bytes left out …]\n" + tail_,
            .left_out = left_out_};
  }

 private:
  void trim() {
    if (tail_.size() <= half_) return;
    left_out_ += tail_.size() - half_;
    tail_.erase(0, tail_.size() - half_);
  }

  std::size_t half_;
  std::string head_;
  std::string tail_;
  std::size_t left_out_ = 0;
};

// The arguments of posix_spawn, released in the end.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigfillset(&all);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t* actions() { return &actions_; }

  // The child's id, or minus the error's number.
  int spawn(const ChildOptions& options) {
    std::vector<char*> arguments = pointers(options.command);
    std::vector<char*> environment = pointers(options.environment);
    pid_t child = 0;
    const int code = posix_spawn(&child, arguments.front(), &actions_, &attributes_,
                                 arguments.data(), environment.data());
    return code == 0 ? child : -code;
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    // posix_spawn does not write to them.
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_start("the program", errno);
  Pipe out{Descriptor(ends[0]), Descriptor(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return out;
}

// One child, from its start until it has been waited for.
class Child {
 public:
  Child(ChildOptions options, std::stop_token stop)
      : options_(std::move(options)),
        stop_(std::move(stop)),
        out_(options_.output_bytes_max),
        err_(options_.output_bytes_max) {}
  ~Child() {
    if (pid_ > 0) {
      end("");
      reap();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result<void> start();
  ChildResult run();

 private:
  void end(const std::string& why);
  void reap();
  bool read_from(Descriptor& stream, HeadAndTail& into);
  void check(Clock::time_point now);
  int wait_time(Clock::time_point now) const;
  void look();

  ChildOptions options_;
  std::stop_token stop_;
  pid_t pid_ = 0;  // 0: not started, or gone
  Descriptor exited_;
  Descriptor out_stream_;
  Descriptor err_stream_;
  Descriptor woken_;  // by a stop
  HeadAndTail out_;
  HeadAndTail err_;
  std::size_t read_bytes_ = 0;
  Clock::time_point deadline_{};
  Clock::time_point next_check_{};
  bool ended_ = false;  // by us
  bool child_exited_ = false;
  ChildResult result_;
};

Result<void> Child::start() {
  auto out = make_pipe();
  auto err = make_pipe();
  woken_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out || !err || !woken_.open()) return cannot_start(options_.command.front(), errno);
  // What the child gets is first moved out of the way of the numbers that it gets.
  std::vector<Descriptor> moved;
  std::vector<int> wanted = {out->write_end.number(), err->write_end.number()};
  wanted.insert(wanted.end(), options_.descriptors.begin(), options_.descriptors.end());
  const int above = static_cast<int>(wanted.size()) + 1;
  for (const int number : wanted) {
    moved.emplace_back(::fcntl(number, F_DUPFD_CLOEXEC, above));
    if (!moved.back().open()) return cannot_start(options_.command.front(), errno);
  }
  SpawnPlan plan;
  posix_spawn_file_actions_addopen(plan.actions(), 0, "/dev/null", O_RDONLY, 0);
  int target = 1;
  for (const Descriptor& source : moved) {
    posix_spawn_file_actions_adddup2(plan.actions(), source.number(), target++);
  }
  posix_spawn_file_actions_addclosefrom_np(plan.actions(), target);
  if (!options_.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(plan.actions(), options_.folder.c_str());
  }
  const int pid = plan.spawn(options_);
  if (pid < 0) return cannot_start(options_.command.front(), -pid);
  pid_ = pid;
  out_stream_ = std::move(out->read_end);
  err_stream_ = std::move(err->read_end);
  exited_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!exited_.open()) return cannot_start(options_.command.front(), errno);
  deadline_ = Clock::now() + options_.time_max;
  next_check_ = Clock::now();
  return {};
}

void Child::end(const std::string& why) {
  if (!ended_) {
    ended_ = true;
    if (!child_exited_) result_.ended_by_us = why;
    deadline_ = Clock::now() + limits::child_end_time_max;
  }
  // The child itself too: until it has called setsid() it is in our group.
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
}

// The group is killed before the child is waited for: until then its id cannot be another's.
void Child::reap() {
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
}

// False at the end of the stream.
bool Child::read_from(Descriptor& stream, HeadAndTail& into) {
  std::array<char, 64 * limits::KiB> bytes;
  const ssize_t got = ::read(stream.number(), bytes.data(), bytes.size());
  if (got > 0) {
    read_bytes_ += static_cast<std::size_t>(got);
    into.add({bytes.data(), static_cast<std::size_t>(got)});
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  stream.reset();
  return false;
}

void Child::look() {
  next_check_ = Clock::now() + limits::shell_watch_interval;
  if (!options_.watch || ended_ || child_exited_) return;
  if (auto why = options_.watch(pid_)) end(*why);
}

void Child::check(Clock::time_point now) {
  if (ended_) return;
  if (stop_.stop_requested()) {
    end("it was stopped");
  } else if (now >= deadline_) {
    end("it took longer than its time limit of " + std::to_string(options_.time_max.count()) +
        " ms");
  } else if (read_bytes_ > options_.output_read_max) {
    end("it wrote more than " + std::to_string(options_.output_read_max) + " bytes of output");
  } else if (now >= next_check_) {
    look();
  }
}

int Child::wait_time(Clock::time_point now) const {
  auto until = deadline_;
  if (!ended_ && !child_exited_ && options_.watch) until = std::min(until, next_check_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

ChildResult Child::run() {
  const auto wake = [this] {
    constexpr std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(woken_.number(), &one, sizeof one);
  };
  const std::stop_callback on_stop(stop_, wake);
  // Until the child has left and both streams have ended. A stream that something outside the group
  // holds open is given up after limits::child_end_time_max.
  while (!child_exited_ || out_stream_.open() || err_stream_.open()) {
    const auto now = Clock::now();
    check(now);
    if (ended_ && now >= deadline_) break;
    std::array<pollfd, 4> all{{{child_exited_ ? -1 : exited_.number(), POLLIN, 0},
                               {out_stream_.number(), POLLIN, 0},
                               {err_stream_.number(), POLLIN, 0},
                               {ended_ ? -1 : woken_.number(), POLLIN, 0}}};
    if (::poll(all.data(), all.size(), wait_time(now)) <= 0) continue;
    if (out_stream_.open() && all[1].revents != 0) read_from(out_stream_, out_);
    if (err_stream_.open() && all[2].revents != 0) read_from(err_stream_, err_);
    if (!child_exited_ && all[0].revents != 0) {
      child_exited_ = true;
      // What it left running in its group ends with it, and with that the streams.
      end("");
    }
  }
  if (pid_ > 0) reap();
  result_.out = out_.take();
  result_.err = err_.take();
  return std::move(result_);
}

}  // namespace

Result<ChildResult> run_child(ChildOptions options, std::stop_token stop) {
  Child child(std::move(options), std::move(stop));
  if (auto started = child.start(); !started) return base::fail(started.error());
  return child.run();
}

}  // namespace colonnade::tools
