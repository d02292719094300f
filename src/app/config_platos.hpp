// `platos.entities` of the configuration file, from its tree to settings, and the secrets of the
// Platos dialect: each the text itself, ${NAME} of the environment, or file:PATH.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.hpp"
#include "app/yaml.hpp"

namespace colonnade::app {

// Told of each fault, with the line it is at, and of each value that was taken.
struct PlatosReading {
  std::function<void(int line, const std::string& message)> fault{};
  std::function<void(const std::string& setting, int line)> taken{};
};

// Values of secrets get into no message.
void read_platos_entities(const yaml::Value& tree, Settings& settings,
                          const PlatosReading& reading);

// What the entities must be, each and together; one sentence for each fault.
void check_platos_entities(const Settings& settings, ConfigFaults& faults);

// Puts the texts of all secrets in place of what names them. Faults name the setting and the
// variable or file, and a secret that is too short; never a secret.
void resolve_platos_secrets(Settings& settings, const Environment& environment,
                            ConfigFaults& faults);

// Every member that is set, for `config show`: its name below platos.entities and its value, "" for
// a secret.
std::vector<std::pair<std::string, std::string>> shown_platos_entities(const Settings& settings);

// The table of members for the reference page.
std::string platos_entities_reference();

}  // namespace colonnade::app
