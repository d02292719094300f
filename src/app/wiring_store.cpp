#include "app/wiring_store.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "app/running_server.hpp"
#include "storage/sqlite/maintenance.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::app {
namespace {

class FileMaintenance final : public storage::Maintenance {
 public:
  explicit FileMaintenance(std::string path) : path_(std::move(path)) {}

  base::Result<void> migrate() override { return storage::sqlite::migrate(path_); }
  base::Result<int> schema() override { return storage::sqlite::schema_version(path_); }
  int newest_schema() const override { return storage::sqlite::newest_schema(); }
  base::Result<std::vector<std::string>> integrity_check() override {
    return storage::sqlite::integrity_check(path_);
  }
  base::Result<void> backup(const std::string& target) override {
    return storage::sqlite::backup(path_, target);
  }

 private:
  std::string path_;
};

}  // namespace

base::Result<std::unique_ptr<storage::Store>> open_store(const Settings& settings,
                                                         OlderSchema older_schema) {
  storage::sqlite::StoreOptions options;
  options.durability = settings.durability == Durability::normal ? storage::Durability::normal
                                                                 : storage::Durability::full;
  options.migrate = older_schema == OlderSchema::migrate;
  return storage::sqlite::Store::open(database_path(settings.data_dir), options);
}

std::string no_data_folder(const Settings& settings) {
  return "there is no store in " + settings.data_dir +
         "; check the folder's name (--data-dir, data_dir), or make a new store there with "
         "`colonnade serve`";
}

base::Result<void> check_store_exists(const Settings& settings) {
  std::error_code ignored;
  if (std::filesystem::exists(database_path(settings.data_dir), ignored)) return {};
  return base::fail(base::ErrorKind::not_found, no_data_folder(settings));
}

std::unique_ptr<storage::Maintenance> store_maintenance(const Settings& settings) {
  return std::make_unique<FileMaintenance>(database_path(settings.data_dir));
}

}  // namespace colonnade::app
