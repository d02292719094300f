#include "core/packs/pack_skills.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/packs/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

// The newest of each name.
std::vector<const Pack*> newest_packs(const std::vector<Pack>& all) {
  std::map<std::string_view, const Pack*> by_name;
  for (const Pack& one : all) {
    if (one.state != PackState::installed) continue;
    const Pack*& known = by_name[one.manifest.name];
    if (known == nullptr || known->installed_at < one.installed_at) known = &one;
  }
  std::vector<const Pack*> out;
  for (const auto& [name, pack] : by_name) out.push_back(pack);
  return out;
}

}  // namespace

std::string pack_skill_name(const PackManifest& manifest, std::string_view item_id) {
  return manifest.name + ":" + std::string(item_id);
}

Task<Result<std::vector<Skill>>> PackSkills::list(SkillReader who, std::stop_token stop) {
  auto out = co_await own_.list(who, std::move(stop));
  if (!out) co_return out;
  const auto packs = co_await store_.packs(who.scope);
  if (!packs) co_return fail(packs.error());
  for (const Pack* pack : newest_packs(*packs)) {
    for (const PackItem& one : pack->manifest.items) {
      if (one.kind != PackItemKind::skill) continue;
      out->push_back(
          {.name = pack_skill_name(pack->manifest, one.id), .description = one.description});
    }
  }
  co_return out;
}

Task<Result<std::vector<Skill>>> PackSkills::templates(SkillReader who, std::stop_token stop) {
  return own_.templates(std::move(who), std::move(stop));
}

Task<Result<Skill>> PackSkills::get(SkillReader who, std::string name, std::stop_token stop) {
  if (!name.contains(':')) {
    auto own = co_await own_.get(std::move(who), std::move(name), std::move(stop));
    co_return own;
  }
  const auto packs = co_await store_.packs(who.scope);
  if (!packs) co_return fail(packs.error());
  for (const Pack* pack : newest_packs(*packs)) {
    for (const PackItem& one : pack->manifest.items) {
      if (one.kind != PackItemKind::skill || pack_skill_name(pack->manifest, one.id) != name) {
        continue;
      }
      const PackPlace place(pack->scope, pack->manifest.name, pack->manifest.version);
      auto text = co_await files_.text(who.account, place, one.path,
                                       limits::pack_definition_bytes_max, std::move(stop));
      if (!text) co_return fail(std::move(text.error()));
      Skill out = read_(one.id, *text);
      out.name = std::move(name);
      co_return out;
    }
  }
  co_return fail(ErrorKind::not_found, "there is no skill named '" + name + "'", "name");
}

}  // namespace colonnade::core
