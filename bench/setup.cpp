#include "setup.hpp"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace colonnade::bench {
namespace {

void allow_cpus(std::optional<int> only) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const auto count = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  for (int cpu = 0; cpu < count; ++cpu) {
    if (!only || *only == cpu) CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

std::string Setup::fresh_folder(const std::string& name) const {
  const std::string out = work + "/" + name;
  std::filesystem::remove_all(out);
  return out;
}

PortProgram::PortProgram(const Setup& setup, const std::string& name, std::optional<int> cpu) {
  const std::string output = setup.work + "/" + name + ".out";
  std::filesystem::remove(output);
  child_ = std::make_unique<Child>(ChildOptions{.command = {setup.programs + "/" + name},
                                                .environment = {},
                                                .output_file = output,
                                                .cpu = cpu});
  const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
  while (port_ == 0) {
    const std::string text = end_of_file(output);
    if (text.starts_with("port ") && text.ends_with("\n")) {
      port_ = static_cast<std::uint16_t>(std::atoi(text.c_str() + 5));
    } else if (!child_->running() || SteadyClock::now() > deadline) {
      throw std::runtime_error(name + " did not come up");
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

std::map<std::string, std::vector<double>> measured_by(const Setup& setup,
                                                       const std::string& program,
                                                       const std::vector<std::string>& arguments) {
  std::map<std::string, std::vector<double>> out;
  const std::string output = setup.work + "/" + program + ".out";
  std::vector<std::string> command = {setup.programs + "/" + program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (int round = 0; round < setup.rounds; ++round) {
    std::filesystem::remove(output);
    Child child(
        {.command = command, .environment = {}, .output_file = output, .cpu = setup.measured_cpu});
    const auto code = child.wait(std::chrono::seconds(120));
    std::istringstream lines(end_of_file(output, 4000));
    std::string name;
    bool printed = false;
    for (double value = 0; lines >> name >> value; printed = true) out[name].push_back(value);
    if (code != 0 || !printed) throw std::runtime_error(program + " failed");
  }
  return out;
}

Pinned::Pinned(std::optional<int> cpu) : pinned_(cpu.has_value()) {
  if (pinned_) allow_cpus(cpu);
}

Pinned::~Pinned() {
  if (pinned_) allow_cpus({});
}

std::string first_id(std::string_view json) {
  const std::size_t at = json.find("\"id\":\"");
  if (at == std::string_view::npos) throw std::runtime_error("no id in: " + std::string(json));
  const std::size_t begin = at + 6;
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string make_thread(const Target& target, const std::string& title) {
  return first_id(must_fetch(target, "POST", "/api/v1/threads", "{\"title\":\"" + title + "\"}"));
}

void send_message(const Target& target, const std::string& thread, const std::string& text) {
  must_fetch(target, "POST", "/api/v1/threads/" + thread + "/messages",
             "{\"text\":\"" + text + "\"}");
}

}  // namespace colonnade::bench
