#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace colonnade::e2e {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

void close_and_forget(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

Folder::Folder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base == nullptr ? "/tmp" : base) + "/colonnade-e2e-XXXXXX";
  path_ = ::mkdtemp(pattern.data());
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(std::string_view name, std::string_view content) const {
  const std::string path = *this / name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Process::Process(const Arguments& arguments, const Variables& variables, const std::string& folder,
                 const std::string& program) {
  std::vector<std::string> texts{program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment{"HOME=" + folder};
  for (const char* kept : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* value = std::getenv(kept);
    if (value != nullptr) environment.push_back(std::string(kept) + "=" + value);
  }
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                                   pointers(texts).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  if (failed != 0) throw std::runtime_error("cannot start " + program);
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_and_forget(in_);
  close_and_forget(out_);
  close_and_forget(err_);
}

void Process::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(in_, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Process::end_input() { close_and_forget(in_); }

bool Process::read_some() {
  pollfd fds[2] = {{.fd = out_, .events = POLLIN, .revents = 0},
                   {.fd = err_, .events = POLLIN, .revents = 0}};
  if (out_ < 0 && err_ < 0) return false;
  const auto wait = std::chrono::milliseconds(patience).count();
  if (::poll(fds, 2, static_cast<int>(wait)) <= 0) return false;
  const auto take = [](const pollfd& polled, int& fd, std::string& text) {
    if (polled.revents == 0) return;
    char piece[4096];
    const ssize_t count = ::read(fd, piece, sizeof piece);
    if (count > 0) {
      text.append(piece, static_cast<std::size_t>(count));
    } else {
      close_and_forget(fd);
    }
  };
  take(fds[0], out_, out_text_);
  take(fds[1], err_, err_text_);
  return true;
}

std::optional<std::string> Process::read_line() { return take_line(out_, out_text_); }

std::optional<std::string> Process::read_error_line() { return take_line(err_, err_text_); }

std::optional<std::string> Process::take_line(const int& stream, std::string& text) {
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end != std::string::npos) {
      std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      return line;
    }
    if (stream < 0 || !read_some()) return std::nullopt;
  }
}

void Process::signal(int number) const { ::kill(pid_, number); }

Process::Ended Process::wait() {
  end_input();
  while (read_some()) {
  }
  Ended out{.code = -999, .out = std::move(out_text_), .err = std::move(err_text_)};
  if (out_ >= 0 || err_ >= 0) return out;  // patience ran out; the destructor kills it
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return out;
}

Process::Ended run(const Arguments& arguments, const Folder& folder, std::string_view input,
                   const Variables& variables) {
  Process process(arguments, variables, folder.path());
  process.write(input);
  return process.wait();
}

std::vector<std::string> subcommands(Arguments command, const Folder& folder) {
  command.emplace_back("--help");
  std::istringstream help(run(command, folder).out);
  std::vector<std::string> out;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line.empty()) listed = false;
    if (listed) out.push_back(line.substr(2, line.find(' ', 2) - 2));
    if (line == "Subcommands:") listed = true;
  }
  return out;
}

namespace {

Arguments serve_arguments(const Arguments& before, const Arguments& more) {
  Arguments out = before;
  out.insert(out.end(), {"serve", "--json", "--listen", "127.0.0.1:0"});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

ServerProcess::ServerProcess(const Folder& folder, const Arguments& more,
                             const Variables& variables, const std::string& program,
                             const Arguments& before)
    : process_(serve_arguments(before, more), variables, folder.path(), program) {
  if (const auto line = process_.read_line()) ready_ = nlohmann::json::parse(*line, nullptr, false);
  if (!ready_.is_object() || !ready_.value("is_first_start", false)) return;
  // It is not printed into a pipe.
  std::string token = read_file(ready_.at("token_file").get<std::string>());
  while (token.ends_with('\n')) token.pop_back();
  ready_["first_token"] = std::move(token);
}

std::string ServerProcess::url() const { return ready_.at("urls").at(0).get<std::string>(); }

std::uint16_t ServerProcess::port() const {
  const std::string text = url();
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

Process::Ended ServerProcess::stop() {
  process_.signal(SIGTERM);
  return process_.wait();
}

}  // namespace colonnade::e2e
