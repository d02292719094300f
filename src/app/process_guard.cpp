#include "app/process_guard.hpp"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "app/known_variables.hpp"

namespace colonnade::app {
namespace {

// unsetenv() only forgets the place; the bytes stay where the kernel reads them.
void overwrite(const std::string& variable) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with(variable + "=")) continue;
    ::explicit_bzero(*entry + variable.size() + 1, text.size() - variable.size() - 1);
  }
}

}  // namespace

std::vector<std::string> secret_variables(const Settings& settings) {
  std::vector<std::string> out;
  const auto add = [&out](const std::string& name) {
    if (!name.empty()) out.push_back(name);
  };
  for (const Setting& setting : settings_table()) {
    if (setting.secret) out.push_back(environment_variable(setting));
  }
  for (const ProviderVariable& row : provider_variables()) {
    if (row.target == &ProviderSettings::api_key) out.emplace_back(row.variable);
  }
  for (const KnownVariable& row : known_variables()) {
    const Setting* setting = find_setting(row.setting);
    if (setting != nullptr && setting->secret) out.emplace_back(row.variable);
  }
  out.emplace_back("FATHOM_TOKEN");  // of the commands that talk to a server
  for (const auto& [name, provider] : settings.providers) add(provider.api_key_env);
  for (const auto& [name, server] : settings.mcp.servers) {
    for (const auto& [variable, source] : server.env_from) add(source);
    for (const auto& [header, source] : server.headers_from) add(source);
    add(server.oauth_client_secret_env);
  }
  return out;
}

void guard_process(const std::vector<std::string>& variables) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  for (const std::string& variable : variables) {
    // Twice under one name is possible; unsetenv() removes both.
    overwrite(variable);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any other thread
    ::unsetenv(variable.c_str());
  }
}

}  // namespace colonnade::app
