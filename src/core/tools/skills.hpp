// The port to skills: texts that tell an agent how to do something, by name.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/account.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

struct Skill {
  std::string name{};
  std::string description{};  // when to use it; "" for none
  std::string content{};      // the text itself; "" in lists
};

// Who asks for skills.
struct SkillReader {
  SkillReader(Scope scope_in, std::string_view user_id)
      : scope(std::move(scope_in)), account(account_of(scope, user_id)) {}
  Scope scope;
  std::string account;
};

// Thread-safe. Every call runs in the share of the reader's account and resumes on the calling
// lane. Errors besides those named: unavailable (the folder cannot be read), those of
// base::Workers, cancelled after a stop.
class Skills {
 public:
  virtual ~Skills() = default;
  // By name, without their texts; limits::skills_max at most. Empty when there is no folder.
  virtual base::Task<base::Result<std::vector<Skill>>> list(SkillReader who,
                                                            std::stop_token stop) = 0;
  // Those that skills are made from.
  virtual base::Task<base::Result<std::vector<Skill>>> templates(SkillReader who,
                                                                 std::stop_token stop) = 0;
  // not_found when there is none of that name, too_large beyond limits::skill_bytes_max.
  virtual base::Task<base::Result<Skill>> get(SkillReader who, std::string name,
                                              std::stop_token stop) = 0;
};

}  // namespace colonnade::core
