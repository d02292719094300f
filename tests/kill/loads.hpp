// The loads that the server is killed under. Each throws std::logic_error with the evidence when
// something does not hold, and prints a line for what was done that begins with "held".
#pragma once

#include <cstdint>
#include <string>

namespace colonnade::kill {

struct Options {
  std::string server{};  // the program
  std::string work{};    // a folder for data folders, which exists
  int kills = 10;
  int clients = 4;
  int first_starts = -1;  // -1: one for every five kills
  std::uint64_t seed = 0;
};

// Threads, messages and streams of Fathom's clients.
void kill_runs(const Options& options);

}  // namespace colonnade::kill
