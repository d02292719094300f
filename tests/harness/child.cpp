#include "harness/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include "harness/sockets.hpp"

namespace colonnade::bench {
namespace {

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* output,
                         std::optional<int> cpu) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(*cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
  }
  const int null = ::open("/dev/null", O_RDONLY);
  const int out = ::open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (null < 0 || out < 0) ::_exit(126);
  ::dup2(null, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Child::Child(const ChildOptions& options) {
  const auto arguments = pointers(options.command);
  const auto environment = pointers(options.environment);
  const std::string output = options.output_file.empty() ? "/dev/null" : options.output_file;
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(arguments.data(), environment.data(), output.c_str(), options.cpu);
}

Child::~Child() {
  if (!running()) return;
  signal(SIGKILL);
  wait(std::chrono::seconds(10));
}

bool Child::running() {
  if (status_) return false;
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0) return true;
  status_ = ended == pid_ ? status : -1;
  return false;
}

void Child::signal(int number) {
  if (running()) ::kill(pid_, number);
}

std::optional<int> Child::wait(std::chrono::milliseconds patience) {
  if (!running()) return status_;
  const Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd poll{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  ::poll(&poll, 1, static_cast<int>(patience.count()));
  running();
  return status_;
}

std::size_t resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::microseconds cpu_time(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::size_t name_end = all.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(all.substr(name_end + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) fields >> field;  // state to cmajflt: fields 3 to 13
  long long user = 0;
  long long system = 0;
  fields >> user >> system;
  return std::chrono::microseconds((user + system) * 1'000'000 / ::sysconf(_SC_CLK_TCK));
}

}  // namespace colonnade::bench
