// The work that the jobs load has done: its tasks, its schedules, and what their tools write.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "harness/connection.hpp"

namespace colonnade::kill {

// What all servers and clients of one data folder have in common.
//
//   turn      a turn of an agent, tried again as often as it is lost
//   brittle   the same with two attempts
//   note      one call of the shell tool, which must not be made twice
//   tick      the same on a schedule: it writes the due time that it stands for
struct JobWorld {
  bool stub_provider = false;
  std::string folder{};        // where tools write: notes.txt, ticks.txt, tries/
  int life = 0;                // the server's, counted
  std::atomic<int> shared{0};  // orders of this life that two clients place
};

// Makes the folder, and beside it the policy, the prices and `file`, the configuration.
void write_configuration(const JobWorld& world, const std::string& file);

// Adds a line with the mark, which has no spaces, to notes.txt.
std::string note_command(const JobWorld& world, const std::string& mark);
// The same at the second attempt; the first one fails.
std::string second_try_command(const JobWorld& world, const std::string& mark);
// The mark that such a command writes.
std::string mark_in(const std::string& command);

// The headers of a user's requests over Platos' wire.
std::string user_headers();

// Every second and every two seconds, of each misfire rule, in both dialects.
struct Schedules {
  std::vector<std::string> platos{};  // ids
  std::vector<std::string> tandem{};
};
Schedules begin_schedules(const bench::Target& target, const JobWorld& world);
void stop_schedules(const bench::Target& target, const Schedules& schedules);

}  // namespace colonnade::kill
