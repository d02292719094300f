// Skills as files: a folder for each, with a SKILL.md in it. That begins with `name` and
// `description` between two lines of "---"; the folder's name counts where it does not.
#pragma once

#include <string>
#include <string_view>

#include "base/workers.hpp"
#include "core/tools/skills.hpp"

namespace colonnade::tools {

// What a SKILL.md says.
core::Skill parse_skill(std::string_view folder_name, std::string_view text);

class SkillFolder final : public core::Skills {
 public:
  // `folder` is absolute and is read at every call; it need not exist, and its own path may go
  // through links. Below its folder `templates` are templates. A link in it that leads out of it
  // is passed over. `workers` must outlive it.
  SkillFolder(base::Workers& workers, std::string folder)
      : workers_(workers), folder_(std::move(folder)) {}

  base::Task<base::Result<std::vector<core::Skill>>> list(core::SkillReader who,
                                                          std::stop_token stop) override;
  base::Task<base::Result<std::vector<core::Skill>>> templates(core::SkillReader who,
                                                               std::stop_token stop) override;
  base::Task<base::Result<core::Skill>> get(core::SkillReader who, std::string name,
                                            std::stop_token stop) override;

 private:
  base::Workers& workers_;
  std::string folder_;
};

}  // namespace colonnade::tools
