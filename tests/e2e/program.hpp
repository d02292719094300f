// Runs the program in a folder of its own, with an environment that holds nothing of the tester's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::e2e {

// Long enough for a busy machine with sanitizers; a test that needs it is about to fail.
constexpr std::chrono::seconds patience{60};

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

// A temporary folder; removed with everything in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);

// One running program. Killed when it is destroyed before it has ended.
class Process {
 public:
  Process(const Arguments& arguments, const Variables& variables, const std::string& folder,
          const std::string& program = COLONNADE_PROGRAM);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(std::string_view text);
  void end_input();
  // The next line of standard output, without its end; nullopt at the end or when patience runs
  // out.
  std::optional<std::string> read_line();
  // The same of standard error.
  std::optional<std::string> read_error_line();
  void signal(int number) const;
  pid_t pid() const { return pid_; }

  struct Ended {
    int code = -1;  // exit code; -signal when one ended it; -999 when patience ran out
    std::string out{};
    std::string err{};
  };
  // Ends its input, reads everything that is left and waits.
  Ended wait();

 private:
  std::optional<std::string> take_line(const int& stream, std::string& text);
  bool read_some();  // of either stream; false when both are at their end or patience ran out

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_{};
  std::string err_text_{};
};

// Runs it to its end.
Process::Ended run(const Arguments& arguments, const Folder& folder, std::string_view input = {},
                   const Variables& variables = {});

// The commands below this one, as it lists them in its `--help`.
std::vector<std::string> subcommands(Arguments command, const Folder& folder);

// `serve` on a free port of the loopback address, with its data in `folder`; ready when the
// constructor returns.
class ServerProcess {
 public:
  // `program` is run with the arguments `before` in front of those of the server.
  explicit ServerProcess(const Folder& folder, const Arguments& more = {},
                         const Variables& variables = {},
                         const std::string& program = COLONNADE_PROGRAM,
                         const Arguments& before = {});

  // Null when it did not start. With `first_token`, out of its file, when it was the first start.
  const nlohmann::json& ready() const { return ready_; }
  std::string url() const;
  std::uint16_t port() const;
  Process& process() { return process_; }
  // SIGTERM, then the end.
  Process::Ended stop();

 private:
  Process process_;
  nlohmann::json ready_{};
};

}  // namespace colonnade::e2e
