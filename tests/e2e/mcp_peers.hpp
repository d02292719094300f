// Where the packages of tests/peers are.
#pragma once

#include <filesystem>
#include <string>

namespace colonnade::e2e {

inline std::string peer(const std::string& path) {
  const auto found =
      std::filesystem::path(COLONNADE_SOURCE_DIR) / "tests/peers/node_modules" / path;
  return std::filesystem::exists(found) ? found.string() : "";
}

}  // namespace colonnade::e2e
