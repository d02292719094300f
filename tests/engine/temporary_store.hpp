// A store in a folder that goes away with the test.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "base/ids.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::tests {

// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / ("colonnade-" + base::random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<storage::sqlite::Store> open_store(const std::string& path) {
  auto store =
      storage::sqlite::Store::open(path, {.durability = storage::sqlite::Durability::normal});
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

}  // namespace colonnade::tests
