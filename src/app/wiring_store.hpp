// The store that the configuration asks for: the one place that knows which one it is.
#pragma once

#include <memory>
#include <string>

#include "app/settings.hpp"
#include "base/result.hpp"
#include "storage/store.hpp"

namespace colonnade::app {

enum class OlderSchema { migrate, refuse };

// Makes it when there is none. conflict when another server uses it, or its schema is newer than
// this program; unavailable when it cannot be opened.
base::Result<std::unique_ptr<storage::Store>> open_store(const Settings& settings,
                                                         OlderSchema older_schema);

// For every command that works on a store and makes none: not_found, with the folder and the
// remedy, when there is none. A mistyped folder must not become a new store.
base::Result<void> check_store_exists(const Settings& settings);
// What is said of a data folder that is not there, or has no store in it.
std::string no_data_folder(const Settings& settings);

std::unique_ptr<storage::Maintenance> store_maintenance(const Settings& settings);

}  // namespace colonnade::app
