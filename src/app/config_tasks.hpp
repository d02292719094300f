// `platos.tasks` of the configuration file: from its tree to settings, and to tasks of the catalog.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/config.hpp"
#include "app/config_platos.hpp"
#include "app/yaml.hpp"
#include "core/tasks/catalog_task.hpp"

namespace colonnade::app {

void read_platos_tasks(const yaml::Value& tree, Settings& settings, const PlatosReading& reading);

// What the tasks must be, each and together; one sentence for each fault. Whether a cron expression
// is one is looked at when the server starts.
void check_platos_tasks(const Settings& settings, ConfigFaults& faults);

// As the catalog has them. The settings were checked.
std::vector<core::CatalogTask> configured_tasks(const Settings& settings);

// Every member that is set, for `config show`: its name and its value.
std::vector<std::pair<std::string, std::string>> shown_platos_tasks(const Settings& settings);

// The table of members for the reference page.
std::string platos_tasks_reference();

}  // namespace colonnade::app
