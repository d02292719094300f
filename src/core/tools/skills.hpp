// The port to skills: texts that tell an agent how to do something, by name.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"

namespace colonnade::core {

struct Skill {
  std::string name{};
  std::string description{};  // when to use it; "" for none
  std::string content{};      // the text itself; "" in lists
};

// Thread-safe. Every call runs in the share of `account` and resumes on the calling lane. Errors
// besides those named: unavailable (the folder cannot be read), those of base::Workers, cancelled
// after a stop.
class Skills {
 public:
  virtual ~Skills() = default;
  // By name, without their texts; limits::skills_max at most. Empty when there is no folder.
  virtual base::Task<base::Result<std::vector<Skill>>> list(std::string account,
                                                            std::stop_token stop) = 0;
  // Those that skills are made from.
  virtual base::Task<base::Result<std::vector<Skill>>> templates(std::string account,
                                                                 std::stop_token stop) = 0;
  // not_found when there is none of that name, too_large beyond limits::skill_bytes_max.
  virtual base::Task<base::Result<Skill>> get(std::string account, std::string name,
                                              std::stop_token stop) = 0;
};

}  // namespace colonnade::core
