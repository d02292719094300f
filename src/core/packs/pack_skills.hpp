// All skills: the operator's own, and those of the scope's packs under "pack:skill".
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"
#include "core/packs/pack_files.hpp"
#include "core/packs/pack_reader.hpp"
#include "core/packs/pack_store.hpp"
#include "core/tools/skills.hpp"

namespace colonnade::core {

// The name of a pack's skill, which no skill of the operator's can have. The newest version of a
// pack counts.
std::string pack_skill_name(const PackManifest& manifest, std::string_view item_id);

class PackSkills final : public Skills {
 public:
  using Read = std::function<Skill(std::string_view name, std::string_view text)>;
  // All must outlive it; `read` reads a SKILL.md.
  PackSkills(Skills& own, PackStore& store, PackFiles& files, Read read)
      : own_(own), store_(store), files_(files), read_(std::move(read)) {}

  base::Task<Result<std::vector<Skill>>> list(SkillReader who, std::stop_token stop) override;
  base::Task<Result<std::vector<Skill>>> templates(SkillReader who, std::stop_token stop) override;
  base::Task<Result<Skill>> get(SkillReader who, std::string name, std::stop_token stop) override;

 private:
  Skills& own_;
  PackStore& store_;
  PackFiles& files_;
  Read read_;
};

}  // namespace colonnade::core
