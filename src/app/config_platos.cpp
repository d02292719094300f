#include "app/config_platos.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "app/files.hpp"
#include "app/nearest.hpp"
#include "core/access/entities.hpp"
#include "core/access/limits.hpp"

namespace colonnade::app {
namespace {

// One row for each member of an entity.
struct EntityMember {
  std::string_view name;
  std::string PlatosEntitySettings::* target;
  std::string_view meaning;
  bool secret = false;
  bool required = true;
};

constexpr EntityMember entity_members[] = {
    {.name = "organization",
     .target = &PlatosEntitySettings::organization,
     .meaning = "The organization that the entity belongs to, as tokens name it."},
    {.name = "project",
     .target = &PlatosEntitySettings::project,
     .meaning = "Its project, as tokens name it."},
    {.name = "entity",
     .target = &PlatosEntitySettings::entity,
     .meaning = "The entity's id, as tokens name it."},
    {.name = "secret",
     .target = &PlatosEntitySettings::secret,
     .meaning = "What its tokens are signed with: 32 bytes at least, as the text is. A secret.",
     .secret = true},
    {.name = "second_secret",
     .target = &PlatosEntitySettings::second_secret,
     .meaning = "Another one that counts as well, while the secret is being changed. A secret.",
     .secret = true,
     .required = false},
};

std::string entity_place(std::size_t number) {
  return "platos.entities[" + std::to_string(number) + "]";
}

bool is_given(const yaml::Value& value) {
  return value.kind == yaml::Value::Kind::scalar && !value.text.empty();
}

void read_entity(const yaml::Value& tree, const std::string& full, Settings& settings,
                 const PlatosReading& reading) {
  PlatosEntitySettings out;
  for (const yaml::Entry& entry : tree.entries) {
    std::string path = full;
    path.append(".").append(entry.key);
    const auto row = std::ranges::find(entity_members, entry.key, &EntityMember::name);
    if (row == std::end(entity_members)) {
      std::vector<std::string> names;
      for (const EntityMember& one : entity_members) names.emplace_back(one.name);
      const std::string meant = nearest(entry.key, names);
      reading.fault(entry.line, "unknown key \"" + path + "\"" +
                                    (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
      continue;
    }
    if (!is_given(entry.value)) {
      const std::string seen = row->secret ? "something else" : yaml::describe(entry.value);
      std::string fault = path + ": expected a string, but found ";
      reading.fault(entry.value.line, fault += seen);
      continue;
    }
    out.*(row->target) = entry.value.text;
    reading.taken(path, entry.value.line);
  }
  settings.platos.entities.push_back(std::move(out));
}

// The text that `given` stands for. A fault names `full` and what was looked for.
void resolve_secret(const std::string& full, const Environment& environment, std::string& given,
                    ConfigFaults& faults) {
  constexpr std::string_view file_prefix = "file:";
  if (given.starts_with("${") && given.ends_with("}")) {
    const std::string variable = given.substr(2, given.size() - 3);
    auto value = environment.get(variable);
    if (!value) {
      faults.push_back(full + ": the environment variable " + variable + " is not set");
      return;
    }
    given = key_text(*value);
  } else if (given.starts_with(file_prefix)) {
    const std::string path = given.substr(file_prefix.size());
    if (!path.starts_with('/')) {
      faults.push_back(full + ": file: takes an absolute path, such as file:/etc/colonnade/secret");
      return;
    }
    auto text = read_key_file(path);
    if (!text) {
      faults.push_back(full + ": " + text.error().message);
      return;
    }
    given = *std::move(text);
  }
  const auto fits = core::check_entity_secret(given);
  if (!fits) faults.push_back(full + ": " + fits.error().message);
}

}  // namespace

void read_platos_entities(const yaml::Value& tree, Settings& settings,
                          const PlatosReading& reading) {
  if (tree.kind == yaml::Value::Kind::null) return;
  if (tree.kind != yaml::Value::Kind::list) {
    reading.fault(tree.line,
                  "platos.entities: expected a list of groups (organization, project, entity, "
                  "secret), but found " +
                      yaml::describe(tree));
    return;
  }
  settings.platos.entities.clear();
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    const std::string full = entity_place(i);
    if (tree.items[i].kind == yaml::Value::Kind::map) {
      read_entity(tree.items[i], full, settings, reading);
      continue;
    }
    reading.fault(tree.items[i].line,
                  full + ": expected a group of keys (organization, project, entity, secret)");
  }
}

void check_platos_entities(const Settings& settings, ConfigFaults& faults) {
  std::set<core::EntityName> seen;
  for (std::size_t i = 0; i < settings.platos.entities.size(); ++i) {
    const PlatosEntitySettings& one = settings.platos.entities[i];
    const std::string full = entity_place(i);
    bool whole = true;
    for (const EntityMember& row : entity_members) {
      if (!row.required || !(one.*(row.target)).empty()) continue;
      faults.push_back(full + "." + std::string(row.name) + ": missing");
      whole = false;
    }
    if (!whole) continue;
    core::EntityName name{
        .organization = one.organization, .project = one.project, .entity = one.entity};
    if (const auto fits = core::check_entity_name(name); !fits) {
      faults.push_back(full + ": " + fits.error().message);
    } else if (!seen.insert(std::move(name)).second) {
      faults.push_back(full + ": the entity stands twice; a second secret is second_secret");
    }
  }
}

void resolve_platos_secrets(Settings& settings, const Environment& environment,
                            ConfigFaults& faults) {
  for (std::size_t i = 0; i < settings.platos.entities.size(); ++i) {
    PlatosEntitySettings& one = settings.platos.entities[i];
    for (const EntityMember& row : entity_members) {
      std::string& value = one.*(row.target);
      if (!row.secret || value.empty()) continue;
      resolve_secret(entity_place(i) + "." + std::string(row.name), environment, value, faults);
    }
  }
  std::string& platform = settings.platos.platform_secret;
  if (!platform.empty()) resolve_secret("platos.platform_secret", environment, platform, faults);
}

std::vector<std::pair<std::string, std::string>> shown_platos_entities(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < settings.platos.entities.size(); ++i) {
    for (const EntityMember& row : entity_members) {
      const std::string& value = settings.platos.entities[i].*(row.target);
      if (value.empty()) continue;
      out.emplace_back(entity_place(i) + "." + std::string(row.name), row.secret ? "" : value);
    }
  }
  return out;
}

std::string platos_entities_reference() {
  std::string out;
  for (const EntityMember& row : entity_members) {
    out += "| `platos.entities[].";
    out.append(row.name).append(row.required ? "` | a string | " : "` | a string, or nothing | ");
    out.append(row.meaning).append(" |\n");
  }
  return out;
}

}  // namespace colonnade::app
