// The effective configuration and where each value came from.
//
// Order, first wins: flags, environment, file, defaults. One file is read: --config, else
// $COLONNADE_CONFIG, else ./colonnade.yaml if it is there and trusted (app/config_trust.hpp), else
// $XDG_CONFIG_HOME/colonnade/colonnade.yaml (~/.config when unset) if it is there.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/environment.hpp"
#include "app/settings.hpp"

namespace colonnade::app {

// What the command line said: a setting's name and the values its flag was given.
using FlagValues = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct ConfigInput {
  std::string file{};  // --config; "": look in the usual places
  // Whether ./colonnade.yaml is one of those places. Never for a command that other programs start
  // wherever they happen to be.
  bool current_folder = true;
  FlagValues flags{};
  Environment environment{};
};

struct Config {
  Settings settings{};
  std::string file{};          // the one that was read; "" for none
  std::string ignored_file{};  // ./colonnade.yaml when it is there and does not count; "" for none
  // By name ("log.level", "providers.openai.api_key"): "flag --log-level", "environment X",
  // "colonnade.yaml:12". What is absent here is a default.
  std::map<std::string, std::string, std::less<>> origins{};
};

// Every fault that was found, one sentence each, ready to be shown: where it is (file and line,
// variable or flag), the setting, what is wrong and what is expected.
using ConfigFaults = std::vector<std::string>;

// Reads everything and fills in the defaults that depend on the machine (folders). Keys that
// providers keep in variables and files of their own are not read here: see resolve_secrets().
std::expected<Config, ConfigFaults> load_config(const ConfigInput& input);

// Reads api_key_env and api_key_file of every provider into api_key, and what websearch and the
// entries of mcp.servers and platos name likewise. Faults name the setting and the variable or
// file, never a key.
std::expected<void, ConfigFaults> resolve_secrets(Settings& settings,
                                                  const Environment& environment);

// Variables that begin with COLONNADE_ and mean nothing here, each with the nearest known one ("").
std::vector<std::pair<std::string, std::string>> unknown_variables(const Environment& environment);

}  // namespace colonnade::app
