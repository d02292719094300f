#include "dialects/tandem/identity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::fail;
using base::Json;

struct Preset {
  std::string_view id;
  std::string_view label;
  std::string_view description;
};
constexpr Preset presets[] = {
    {"balanced", "Balanced", "Clear and complete, neither curt nor chatty."},
    {"concise", "Concise", "As short as the matter allows."},
    {"friendly", "Friendly", "Warm and encouraging."},
    {"mentor", "Mentor", "Explains why, and teaches on the way."},
    {"critical", "Critical", "Looks for what is wrong before it agrees."},
};

// As npm's client spells members. Answers have ours alone, so one of these in a patch is meant.
constexpr std::pair<const char*, const char*> other_spellings[] = {
    {"canonicalName", "canonical_name"},
    {"avatarUrl", "avatar_url"},
    {"customInstructions", "custom_instructions"},
    {"perAgent", "per_agent"}};

// Of the object and, `depth` levels down, of the objects in it.
void rename_members(Json& object, int depth) {
  if (!object.is_object()) return;
  for (const auto& [other, ours] : other_spellings) {
    const auto found = object.find(other);
    if (found == object.end()) continue;
    Json value = std::move(*found);
    object.erase(other);
    object[ours] = std::move(value);
  }
  if (depth == 0) return;
  for (Json& each : object) rename_members(each, depth - 1);
}

Json without_set_identity() {
  return {{"bot", {{"canonical_name", "Tandem"}, {"aliases", Json::object()}}},
          {"personality", {{"default", {{"preset", "balanced"}}}, {"per_agent", Json::object()}}}};
}

net::Response identity_answer(const Json& set) {
  Json identity = without_set_identity();
  identity.merge_patch(set);
  Json known = Json::array();
  for (const Preset& one : presets) {
    known.push_back({{"id", one.id}, {"label", one.label}, {"description", one.description}});
  }
  return answer(Json{{"identity", std::move(identity)}, {"presets", std::move(known)}});
}

std::unexpected<base::Error> wrong_identity(const std::string& path, const std::string& what) {
  return fail(base::ErrorKind::invalid, path + " " + what, path);
}

base::Result<void> check_text(const Json& value, const std::string& path) {
  if (value.is_null() || value.is_string()) return {};
  return wrong_identity(path, "must be a text, or null to take it away");
}

base::Result<void> check_bot(const Json& bot) {
  for (const auto& [name, value] : bot.items()) {
    const std::string path = base::member_path("bot", name);
    if (name == "canonical_name" || name == "avatar_url") {
      if (auto fits = check_text(value, path); !fits) return fits;
      continue;
    }
    if (name != "aliases")
      return wrong_identity(path, "is unknown; known: canonical_name, avatar_url, aliases");
    if (value.is_null()) continue;
    if (!value.is_object()) return wrong_identity(path, "must be an object of texts");
    for (const auto& [alias, text] : value.items()) {
      if (auto fits = check_text(text, base::member_path(path, alias)); !fits) return fits;
    }
  }
  return {};
}

base::Result<void> check_manner(const Json& manner, const std::string& path) {
  if (manner.is_null()) return {};
  if (!manner.is_object()) return wrong_identity(path, "must be an object");
  for (const auto& [name, value] : manner.items()) {
    const std::string whole = base::member_path(path, name);
    if (name != "preset" && name != "custom_instructions") {
      return wrong_identity(whole, "is unknown; known: preset, custom_instructions");
    }
    if (auto fits = check_text(value, whole); !fits) return fits;
    if (name == "preset" && value.is_string() &&
        std::ranges::find(presets, value.get<std::string>(), &Preset::id) == std::end(presets)) {
      return wrong_identity(whole, "must be balanced, concise, friendly, mentor or critical");
    }
  }
  return {};
}

base::Result<void> check_personality(const Json& personality) {
  for (const auto& [name, value] : personality.items()) {
    const std::string path = base::member_path("personality", name);
    if (name == "default") {
      if (auto fits = check_manner(value, path); !fits) return fits;
      continue;
    }
    if (name != "per_agent") return wrong_identity(path, "is unknown; known: default, per_agent");
    if (value.is_null()) continue;
    if (!value.is_object()) return wrong_identity(path, "must be an object");
    for (const auto& [agent, manner] : value.items()) {
      if (auto fits = check_manner(manner, base::member_path(path, agent)); !fits) return fits;
    }
  }
  return {};
}

}  // namespace

base::Result<void> check_identity_patch(const Json& patch) {
  for (const auto& [name, value] : patch.items()) {
    if (name != "bot" && name != "personality") {
      return wrong_identity(base::member_path("", name),
                            "is unknown; an identity has bot and personality");
    }
    if (value.is_null()) continue;
    if (!value.is_object()) return wrong_identity(name, "must be an object");
    auto fits = name == "bot" ? check_bot(value) : check_personality(value);
    if (!fits) return fits;
  }
  return {};
}

base::Task<net::Reply> IdentityResource::get(core::Principal who, RequestPtr /*request*/) {
  const auto set = co_await identities_.get(std::move(who));
  if (!set) co_return error_response(set.error());
  co_return identity_answer(*set);
}

base::Task<net::Reply> IdentityResource::change(core::Principal who, RequestPtr request) {
  auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  Json patch = *body;
  if (const Json* wrapped = member(*body, {"identity"})) {
    if (!wrapped->is_object()) {
      co_return error_response(wrong_identity("identity", "must be an object").error());
    }
    patch = *wrapped;
  }
  constexpr int depth_of_a_manner = 3;  // personality, per_agent, the agent's
  rename_members(patch, depth_of_a_manner);
  if (auto fits = check_identity_patch(patch); !fits) co_return error_response(fits.error());
  const auto now = co_await identities_.change(std::move(who), std::move(patch));
  if (!now) co_return error_response(now.error());
  co_return identity_answer(*now);
}

std::vector<net::Route> IdentityResource::routes(const Callers& in) {
  return {row(net::Method::get, "/config/identity", in(*this, &IdentityResource::get)),
          row(net::Method::patch, "/config/identity", in(*this, &IdentityResource::change))};
}

}  // namespace colonnade::dialects::tandem
