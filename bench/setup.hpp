// What every measurement gets: the programs, a folder on the disk that is measured, and the cores.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/child.hpp"
#include "harness/server.hpp"

namespace colonnade::bench {

struct Setup {
  std::string server{};    // the `colonnade` program
  std::string programs{};  // the folder of stub_provider, fan_out_floor, kill_loop, sdk_bench
  std::string work{};      // emptied before and after
  bool quick = false;      // a smoke run: its figures mean nothing
  int rounds = 3;
  int kills = 200;
  std::string baseline{};       // the older program of --against; "": none
  std::string baseline_name{};  // its commit, for the report
  int pairs = 7;                // of measurements: one of it, one of ours
  // Whoever is measured on one core has the first, load the second; none of it on a single core.
  std::optional<int> measured_cpu{};
  std::optional<int> load_cpu{};

  // An empty folder's path below `work`; the server makes the folder itself.
  std::string fresh_folder(const std::string& name) const;
};

// A program that prints "port <n>" first.
class PortProgram {
 public:
  PortProgram(const Setup& setup, const std::string& name, std::optional<int> cpu = {});
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return child_->pid(); }

 private:
  std::unique_ptr<Child> child_;
  std::uint16_t port_ = 0;
};

// What a program of ours measures and prints as lines of a name and a number: by its names, a value
// for each of the setup's rounds. Throws when it fails.
std::map<std::string, std::vector<double>> measured_by(
    const Setup& setup, const std::string& program, const std::vector<std::string>& arguments = {});

// Pins this process while it lives.
class Pinned {
 public:
  explicit Pinned(std::optional<int> cpu);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  bool pinned_ = false;
};

// A thread's id, made with this title.
std::string make_thread(const Target& target, const std::string& title = "");
// The first "id" of a JSON text.
std::string first_id(std::string_view json);
// Sends a message and waits for the reply; throws unless 200.
void send_message(const Target& target, const std::string& thread, const std::string& text);

}  // namespace colonnade::bench
