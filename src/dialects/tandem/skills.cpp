#include "dialects/tandem/skills.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {

using base::Json;
using base::Task;

namespace {

constexpr const char* global = "global";

Json encoded(const core::Skill& skill) {
  return {{"id", skill.name},
          {"name", skill.name},
          {"description", skill.description},
          {"location", global}};
}

net::Response listed(const char* name, const std::vector<core::Skill>& skills) {
  Json out = Json::array();
  for (const core::Skill& one : skills) out.push_back(encoded(one));
  const std::size_t count = out.size();
  return answer(Json{{name, std::move(out)}, {"count", count}});
}

}  // namespace

Task<net::Reply> SkillsResource::list(core::Principal who, RequestPtr request) {
  const std::string location = request->query_parameter("location").value_or(global);
  if (location != global && !location.empty()) co_return listed("skills", {});
  core::SkillReader reader(who.scope, who.user_id);
  auto skills = co_await skills_.list(std::move(reader), request->disconnected);
  if (!skills) co_return error_response(skills.error());
  co_return listed("skills", *skills);
}

Task<net::Reply> SkillsResource::get(core::Principal who, RequestPtr request) {
  core::SkillReader reader(who.scope, who.user_id);
  auto skill = co_await skills_.get(std::move(reader), request->path_parameters.front(),
                                    request->disconnected);
  if (!skill) {
    const bool is_missing = skill.error().kind == base::ErrorKind::not_found;
    co_return is_missing ? error_response(skill.error(), "SKILL_NOT_FOUND")
                         : error_response(skill.error());
  }
  Json out = encoded(*skill);
  out["content"] = std::move(skill->content);
  co_return answer(out);
}

Task<net::Reply> SkillsResource::templates(core::Principal who, RequestPtr request) {
  core::SkillReader reader(who.scope, who.user_id);
  auto templates = co_await skills_.templates(std::move(reader), request->disconnected);
  if (!templates) co_return error_response(templates.error());
  co_return listed("templates", *templates);
}

std::vector<net::Route> skills_routes(const Callers& in, SkillsResource& skills) {
  return {row(net::Method::get, "/skills", in(skills, &SkillsResource::list)),
          row(net::Method::get, "/skills/templates", in(skills, &SkillsResource::templates)),
          row(net::Method::get, "/skills/{name}", in(skills, &SkillsResource::get))};
}

}  // namespace colonnade::dialects::tandem
