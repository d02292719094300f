#include "harness/strace.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "harness/server.hpp"

namespace colonnade::bench {
namespace {

constexpr auto attach_time_max = std::chrono::seconds(10);
constexpr auto summary_time_max = std::chrono::seconds(10);

std::size_t threads_of(pid_t process) {
  const auto folder =
      std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task");
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

// Whether every thread of the process has a tracer.
bool all_traced(pid_t process) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("TracerPid:") && std::atoi(line.c_str() + 10) == 0) return false;
    }
  }
  return threads_of(process) > 0;
}

}  // namespace

SystemCalls::SystemCalls(pid_t process, std::string file) : file_(std::move(file)) {
  const std::string output = file_ + ".out";
  std::filesystem::remove(file_);
  std::filesystem::remove(output);
  child_ = std::make_unique<Child>(ChildOptions{
      .command = {"/usr/bin/strace", "-f", "-c", "-o", file_, "-p", std::to_string(process)},
      .environment = {"PATH=/usr/bin:/bin"},
      .output_file = output});
  const auto deadline = std::chrono::steady_clock::now() + attach_time_max;
  while (!all_traced(process)) {
    if (!child_->running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("strace did not attach: " + end_of_file(output));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // allow(sleep): polls /proc
  }
}

std::uint64_t SystemCalls::stop() {
  child_->signal(SIGINT);
  if (!child_->wait(summary_time_max)) throw std::runtime_error("strace did not end");
  std::stringstream table;
  table << std::ifstream(file_).rdbuf();
  return calls_in_summary(table.str());
}

std::uint64_t calls_in_summary(const std::string& table) {
  std::istringstream lines(table);
  std::uint64_t calls = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::vector<std::string> words;
    for (std::string word; cells >> word;) words.push_back(word);
    // % time, seconds, usecs/call, calls, perhaps errors, name
    if (words.size() < 5 || words.back() == "total" || words.back() == "syscall") continue;
    if (words[0].find_first_not_of("0123456789.") != std::string::npos) continue;
    calls += std::strtoull(words[3].c_str(), nullptr, 10);
  }
  if (calls == 0) throw std::runtime_error("strace counted nothing:\n" + table);
  return calls;
}

}  // namespace colonnade::bench
