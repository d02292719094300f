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

bool has_bytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return !error && size > 0;
}

// What shows that there was a store; "" when nothing does.
std::string trace_of_use(const std::string& data_dir) {
  std::error_code error;
  std::string token = data_dir + "/operator.token";
  if (std::filesystem::exists(token, error)) return token;
  std::string log = database_path(data_dir) + "-wal";
  if (has_bytes(log)) return log;
  std::string workspaces = data_dir + "/workspaces";
  const bool none = std::filesystem::is_empty(workspaces, error);
  return error || none ? "" : workspaces;
}

}  // namespace

// A new store in its place would look like a first start, with a new token, and hide the loss.
base::Result<void> check_store_is_there(const std::string& data_dir) {
  const std::string path = database_path(data_dir);
  if (has_bytes(path)) return {};
  const std::string trace = trace_of_use(data_dir);
  if (trace.empty()) return {};
  return base::fail(base::ErrorKind::conflict,
                    path + " is missing or empty, but " + trace +
                        " shows that this data folder was used; bring the file back with "
                        "`colonnade restore FILE`, or move the whole folder away to begin anew");
}

namespace {

class FileMaintenance final : public storage::Maintenance {
 public:
  explicit FileMaintenance(const std::string& data_dir)
      : data_dir_(data_dir), path_(database_path(data_dir)) {}

  base::Result<void> migrate() override {
    if (auto there = check_store_is_there(data_dir_); !there) return there;
    return storage::sqlite::migrate(path_);
  }
  base::Result<int> schema() override { return storage::sqlite::schema_version(path_); }
  int newest_schema() const override { return storage::sqlite::newest_schema(); }
  base::Result<std::vector<std::string>> integrity_check() override {
    return storage::sqlite::integrity_check(path_);
  }
  base::Result<void> backup(const std::string& target) override {
    return storage::sqlite::backup(path_, target);
  }
  base::Result<std::string> restore(const std::string& source) override {
    return storage::sqlite::restore(path_, source);
  }

 private:
  std::string data_dir_;
  std::string path_;
};

}  // namespace

base::Result<std::unique_ptr<storage::Store>> open_store(const Settings& settings,
                                                         OlderSchema older_schema) {
  if (auto there = check_store_is_there(settings.data_dir); !there) {
    return std::unexpected(std::move(there.error()));
  }
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
  return std::make_unique<FileMaintenance>(settings.data_dir);
}

}  // namespace colonnade::app
