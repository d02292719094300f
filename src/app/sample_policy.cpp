#include "app/sample_policy.hpp"

#include <filesystem>
#include <system_error>

namespace colonnade::app {

// In the share folder of a build; in that of an installation.
std::string sample_policy_file() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto folder = program.parent_path();
  const auto sample = std::filesystem::path(COLONNADE_SAMPLE_POLICY);
  for (const auto& place : {folder / sample, folder.parent_path() / sample}) {
    if (std::filesystem::exists(place, error)) return place.string();
  }
  return {};
}

std::string missing_policy_remedy() {
  const std::string sample = sample_policy_file();
  return "write it, or unset policy.file" +
         (sample.empty() ? std::string() : "; a sample is " + sample);
}

}  // namespace colonnade::app
