#include "app/config_trust.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "app/files.hpp"
#include "app/yaml.hpp"
#include "base/ids.hpp"

namespace colonnade::app {
namespace {

using base::fail;

constexpr std::size_t trust_store_bytes_max = 1024 * 1024;
constexpr std::string_view gap = "  ";
constexpr mode_t writable_by_others = 0022;

// Absolute and without links; "" when it is not there.
std::string real_path(const std::string& path) {
  std::error_code missing;
  const auto real = std::filesystem::canonical(path, missing);
  return missing ? std::string() : real.string();
}

std::string line_for(const std::string& real, std::string_view content) {
  return base::sha256_hex(content) + std::string(gap) + real;
}

bool is_ours_alone(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid() &&
         (info.st_mode & writable_by_others) == 0;
}

std::vector<std::string> stored_lines(const std::string& store) {
  std::vector<std::string> out;
  const auto text = read_small_file(store, trust_store_bytes_max);
  if (!text || !is_ours_alone(store)) return out;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    out.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string trust_store_path(const Environment& environment) {
  if (auto state = environment.get("XDG_STATE_HOME")) return *state + "/colonnade/trusted-configs";
  if (auto home = environment.get("HOME")) return *home + "/.local/state/colonnade/trusted-configs";
  return {};
}

bool is_trusted_config(const Environment& environment, const std::string& path,
                       std::string_view content) {
  const std::string store = trust_store_path(environment);
  const std::string real = real_path(path);
  if (store.empty() || real.empty()) return false;
  const std::string wanted = line_for(real, content);
  for (const std::string& line : stored_lines(store)) {
    if (line == wanted) return true;
  }
  return false;
}

base::Result<TrustedConfig> trust_config(const Environment& environment, const std::string& path) {
  const std::string store = trust_store_path(environment);
  if (store.empty()) {
    return fail(base::ErrorKind::invalid,
                "there is neither $XDG_STATE_HOME nor $HOME to keep it in; name the file with "
                "--config instead");
  }
  const auto content = read_small_file(path, yaml::file_bytes_max);
  if (!content) return std::unexpected(content.error());
  const std::string real = real_path(path);
  if (real.empty() || real.find('\n') != std::string::npos) {
    return fail(base::ErrorKind::invalid, path + ": its path cannot be stored");
  }
  std::string out;
  for (const std::string& line : stored_lines(store)) {
    if (!line.empty() && !line.ends_with(std::string(gap) + real)) out += line + "\n";
  }
  out += line_for(real, *content) + "\n";
  if (auto saved = write_owner_only_file(store, out); !saved) {
    return std::unexpected(saved.error());
  }
  return TrustedConfig{.path = real, .sha256 = base::sha256_hex(*content)};
}

}  // namespace colonnade::app
