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
  int first_starts = -1;  // of runs; -1: one for every five kills
  int runs = 1000;        // of budgets, at once
  std::uint64_t seed = 0;
};

// Threads, messages and streams of Fathom's clients.
void kill_runs(const Options& options);
// Jobs: schedules of every second, triggers under keys, batches, calls of tools with effects.
void kill_jobs(const Options& options);
// Many runs under one cap; the kills are among them, so that a few are enough.
void kill_budgets(const Options& options);

}  // namespace colonnade::kill
