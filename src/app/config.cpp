#include "app/config.hpp"

#include <algorithm>
#include <filesystem>

#include "app/config_file.hpp"
#include "app/config_mcp.hpp"
#include "app/config_platos.hpp"
#include "app/config_tasks.hpp"
#include "app/config_telemetry.hpp"
#include "app/config_trust.hpp"
#include "app/files.hpp"
#include "app/known_variables.hpp"
#include "app/nearest.hpp"
#include "app/yaml.hpp"
#include "base/secret_text.hpp"
#include "base/this_machine.hpp"

namespace colonnade::app {
namespace {

std::string current_folder() {
  std::error_code ignored;
  return std::filesystem::current_path(ignored).string();
}

constexpr const char* file_of_current_folder = "colonnade.yaml";

// The user's own file; "" when there is none.
std::string file_of_user(const Environment& environment) {
  std::string place;
  if (auto config_home = environment.get("XDG_CONFIG_HOME")) {
    place = *config_home + "/colonnade/colonnade.yaml";
  } else if (auto home = environment.get("HOME")) {
    place = *home + "/.config/colonnade/colonnade.yaml";
  }
  std::error_code ignored;
  return std::filesystem::exists(place, ignored) ? place : std::string();
}

struct FoundFile {
  std::string path{};  // "" for none
  // Read already, so that what was trusted and what is parsed are the same bytes.
  std::optional<std::string> content{};
};

// --config and $COLONNADE_CONFIG must be there; the usual places may be empty.
FoundFile find_file(const ConfigInput& input, Config& config) {
  if (!input.file.empty()) return {.path = input.file};
  if (auto named = input.environment.get("COLONNADE_CONFIG")) return {.path = *named};
  const std::string own = file_of_user(input.environment);
  std::error_code ignored;
  const bool is_here = std::filesystem::exists(file_of_current_folder, ignored);
  const bool is_own =
      !own.empty() && std::filesystem::equivalent(file_of_current_folder, own, ignored);
  if (!is_here || is_own) return {.path = own};
  if (input.current_folder && std::filesystem::is_regular_file(file_of_current_folder, ignored)) {
    auto content = read_small_file(file_of_current_folder, yaml::file_bytes_max);
    if (content && is_trusted_config(input.environment, file_of_current_folder, *content)) {
      return {.path = file_of_current_folder, .content = std::move(*content)};
    }
  }
  config.ignored_file = file_of_current_folder;
  return {.path = own};
}

void apply_file(const ConfigInput& input, const std::string& home, Config& config,
                ConfigFaults& faults) {
  const FoundFile found = find_file(input, config);
  config.file = found.path;
  if (config.file.empty()) return;
  const auto tree =
      found.content ? yaml::parse(*found.content, config.file) : yaml::parse_file(config.file);
  if (!tree) {
    const bool is_missing = tree.error().kind == base::ErrorKind::not_found;
    const std::string place = input.file.empty() ? "environment COLONNADE_CONFIG: " : "--config: ";
    faults.push_back((is_missing ? place : "") + tree.error().message);
    return;
  }
  const std::string folder = std::filesystem::absolute(config.file).parent_path().string();
  apply_config_file(*tree, config.file, folder, home, config, faults);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (std::string item = trimmed(text.substr(0, comma)); !item.empty()) {
      out.push_back(std::move(item));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

// Sets one setting from text, or says what was wrong at `place`.
void apply_text(const Setting& setting, const std::vector<std::string>& text,
                const std::string& place, const std::string& home, Config& config,
                ConfigFaults& faults) {
  if (!set_from_text(setting, config.settings, text)) {
    std::string found;
    for (const std::string& item : text) found += (found.empty() ? "" : ", ") + item;
    if (setting.secret) found = "something else";
    found = base::hide_secrets_in_url(found);
    faults.push_back(place + ": expected " + expected(setting) + ", but found \"" + found + "\"");
    return;
  }
  if (setting.is_path) make_paths_absolute(setting, config.settings, current_folder(), home);
  config.origins[std::string(setting.name)] = place;
}

void apply_environment(const Environment& environment, const std::string& home, Config& config,
                       ConfigFaults& faults) {
  for (const Setting& setting : settings_table()) {
    const std::string variable = environment_variable(setting);
    const auto text = environment.get(variable);
    if (!text) continue;
    const auto texts = is_list(setting) ? split_list(*text) : std::vector{*text};
    apply_text(setting, texts, "environment " + variable, home, config, faults);
  }
  for (const ProviderVariable& row : provider_variables()) {
    const auto text = environment.get(row.variable);
    if (!text) continue;
    const bool known = std::ranges::any_of(
        config.settings.providers, [&](const auto& entry) { return entry.first == row.provider; });
    const bool is_key = row.target == &ProviderSettings::api_key;
    if (!known && !row.makes_provider) continue;
    ProviderSettings& provider = config.settings.provider_entry(row.provider);
    provider.*(row.target) = key_text(*text);
    const std::string full = "providers." + std::string(row.provider);
    config.origins[full + (is_key ? ".api_key" : ".base_url")] =
        "environment " + std::string(row.variable);
  }
}

void apply_flags(const FlagValues& flags, const std::string& home, Config& config,
                 ConfigFaults& faults) {
  for (const auto& [name, values] : flags) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr) continue;
    apply_text(*setting, values, "flag " + flag_name(*setting), home, config, faults);
  }
}

// Other servers' names count where ours and the file say nothing.
void apply_known_variables(const Environment& environment, const std::string& home, Config& config,
                           ConfigFaults& faults) {
  for (const KnownValue& known : known_values(environment)) {
    const Setting* setting = find_setting(known.setting);
    if (setting == nullptr || config.origins.contains(known.setting)) continue;
    const auto texts = is_list(*setting) ? split_list(known.text) : std::vector{known.text};
    apply_text(*setting, texts, "environment " + known.variable, home, config, faults);
  }
}

void fill_folders(const Environment& environment, const std::string& home, Config& config) {
  Settings& settings = config.settings;
  if (settings.data_dir.empty()) {
    if (auto data_home = environment.get("XDG_DATA_HOME")) {
      settings.data_dir = *data_home + "/colonnade";
    } else if (!home.empty()) {
      settings.data_dir = home + "/.local/share/colonnade";
    }
  }
  if (settings.token_file.empty() && !settings.data_dir.empty()) {
    settings.token_file = settings.data_dir + "/operator.token";
  }
}

bool is_base_path(const std::string& path) {
  return path.starts_with('/') && !path.ends_with('/') &&
         path.find_first_of(" ?#%") == std::string::npos && !path.contains("//");
}

bool is_http_address(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

void check_memory(const Settings& s, ConfigFaults& faults) {
  if (!s.memory.embeddings.url.empty() && !is_http_address(s.memory.embeddings.url)) {
    faults.emplace_back(
        "memory.embeddings.url: expected an address that begins with http:// or https://");
  }
  if (!s.memory.embeddings.url.empty() && s.memory.embeddings.model.empty()) {
    faults.emplace_back(
        "memory.embeddings.model: missing; say which model the server shall use, such as "
        "text-embedding-3-small");
  }
  if (s.memory.embeddings.url.empty() && !s.memory.embeddings.model.empty()) {
    faults.emplace_back(
        "memory.embeddings.url: missing; set the address of the server of memory.embeddings.model");
  }
}

// Who comes through a proxy looks like this machine, so that a mode without tokens wants to be told
// that there is none.
void check_open_mode(const Settings& s, const std::string& name, ConfigFaults& faults) {
  if (s.proxy != ProxyInFront::none) {
    faults.push_back(
        name +
        ": lets in whatever reaches a loopback address, and a proxy, tunnel or forwarded port "
        "hands strangers on to it unseen; set proxy: none when there is nothing of the kind, else "
        "give clients tokens");
  }
  const bool is_reachable = std::ranges::any_of(
      s.listen, [](const ListenAddress& address) { return base::is_this_machine(address.host); });
  if (!is_reachable) {
    faults.push_back(
        name +
        ": counts on loopback addresses only, and listen has none; add 127.0.0.1:8790 to it, or "
        "give clients tokens");
  }
}

void check_open_modes(const Settings& s, ConfigFaults& faults) {
  if (s.proxy == ProxyInFront::none && !s.trusted_proxies.empty()) {
    faults.emplace_back("proxy: none, but trusted_proxies names some; leave one of them out");
  }
  if (s.faramesh.open) check_open_mode(s, "faramesh.open", faults);
  if (s.tandem.open) check_open_mode(s, "tandem.open", faults);
}

// What one setting alone cannot tell.
void check_together(const Config& config, ConfigFaults& faults) {
  const Settings& s = config.settings;
  if (s.data_dir.empty()) {
    faults.emplace_back(
        "data_dir: there is neither $XDG_DATA_HOME nor $HOME to derive it from; set data_dir, "
        "COLONNADE_DATA_DIR or --data-dir");
  }
  if (s.tls.certificate_file.empty() != s.tls.private_key_file.empty()) {
    const bool key_missing = s.tls.private_key_file.empty();
    faults.push_back(std::string("tls.") + (key_missing ? "private_key_file" : "certificate_file") +
                     ": TLS needs both files; set this one too, or neither");
  }
  check_open_modes(s, faults);
  if (!s.base_path.empty() && !is_base_path(s.base_path)) {
    faults.push_back(
        "base_path: expected a path such as /c/r1, without a slash at its end, but found \"" +
        s.base_path + "\"");
  }
  for (const auto& [name, provider] : s.providers) {
    const auto& kinds = known_providers();
    const bool known =
        std::ranges::find(kinds, name, &KnownProvider::name) != std::ranges::end(kinds);
    if (kind_of(name, provider).empty()) {
      faults.push_back("providers." + name +
                       ".kind: missing; set anthropic or chat_completions (any server that speaks "
                       "OpenAI's chat completions)");
    }
    if (!known && provider.base_url.empty()) {
      faults.push_back("providers." + name +
                       ".base_url: missing; set its address, such as "
                       "http://127.0.0.1:11434/v1");
    }
    if (!provider.base_url.empty() && !is_http_address(provider.base_url)) {
      faults.push_back("providers." + name +
                       ".base_url: expected an address that begins with http:// or https://");
    }
  }
  check_memory(s, faults);
  check_telemetry(s, faults);
  check_mcp_servers(s, faults);
  check_platos_entities(s, faults);
  check_platos_tasks(s, faults);
  if (s.provider.empty() || s.provider == "offline") return;
  std::vector<std::string> names{"offline"};
  for (const auto& [name, provider] : s.providers) names.push_back(name);
  if (std::ranges::find(names, s.provider) != names.end()) return;
  const std::string meant = nearest(s.provider, names);
  faults.push_back("provider: no provider is named \"" + s.provider + "\"" +
                   (meant.empty() ? "; add it under providers, or set its key in the environment"
                                  : "; did you mean \"" + meant + "\"?"));
}

}  // namespace

std::expected<Config, ConfigFaults> load_config(const ConfigInput& input) {
  Config config;
  ConfigFaults faults;
  const std::string home = input.environment.get("HOME").value_or("");
  apply_file(input, home, config, faults);
  apply_environment(input.environment, home, config, faults);
  apply_flags(input.flags, home, config, faults);
  apply_known_variables(input.environment, home, config, faults);
  fill_folders(input.environment, home, config);
  config.settings.configuration_file = config.file;
  if (faults.empty()) check_together(config, faults);
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return config;
}

namespace {

void resolve_websearch(WebSearchSettings& search, ConfigFaults& faults) {
  if (search.api_key.empty() && !search.api_key_file.empty()) {
    auto key = read_key_file(search.api_key_file);
    if (!key) faults.push_back("websearch.api_key_file: " + key.error().message);
    if (key) search.api_key = std::move(*key);
  }
  if (search.provider == WebSearch::searxng && search.url.empty()) {
    faults.push_back("websearch.url: is missing; set it to where the SearXNG server is");
  }
  const bool names_key = !search.api_key.empty() || !search.api_key_file.empty();
  if (search.provider == WebSearch::brave && !names_key) {
    faults.push_back(
        "websearch.api_key: is missing; set it, or websearch.api_key_file, to Brave's "
        "subscription token");
  }
  const bool is_url = search.url.starts_with("http://") || search.url.starts_with("https://");
  if (!search.url.empty() && !is_url) {
    faults.push_back("websearch.url: must begin with http:// or https://, but is " + search.url);
  }
}

void resolve_budgets(BudgetSettings& budgets, ConfigFaults& faults) {
  constexpr std::size_t secret_bytes_min = 16;
  if (budgets.webhook_secret.empty() && !budgets.webhook_secret_file.empty()) {
    auto secret = read_key_file(budgets.webhook_secret_file);
    if (!secret) faults.push_back("budgets.webhook_secret_file: " + secret.error().message);
    if (secret) budgets.webhook_secret = std::move(*secret);
  }
  if (!budgets.webhook_secret.empty() && budgets.webhook_secret.size() < secret_bytes_min) {
    faults.emplace_back("budgets.webhook_secret: has fewer than 16 bytes; make a longer one");
  }
  const bool has_prices = budgets.assumed_input_price && budgets.assumed_output_price;
  if (budgets.unknown_price == UnknownPrice::assume && !has_prices) {
    faults.emplace_back(
        "budgets.unknown_price: assume needs budgets.assumed_input_price and "
        "budgets.assumed_output_price");
  }
}

}  // namespace

std::expected<void, ConfigFaults> resolve_secrets(Settings& settings,
                                                  const Environment& environment) {
  ConfigFaults faults;
  for (auto& [name, provider] : settings.providers) {
    if (!provider.api_key.empty()) continue;
    const std::string full = "providers." + name;
    if (!provider.api_key_env.empty()) {
      if (auto key = environment.get(provider.api_key_env)) {
        provider.api_key = key_text(*key);
      } else {
        faults.push_back(full + ".api_key_env: the environment variable " + provider.api_key_env +
                         " is not set");
      }
    } else if (!provider.api_key_file.empty()) {
      auto key = read_key_file(provider.api_key_file);
      if (!key) {
        faults.push_back(full + ".api_key_file: " + key.error().message);
      } else {
        provider.api_key = std::move(*key);
        provider.key_from_file = true;
      }
    }
  }
  resolve_websearch(settings.websearch, faults);
  resolve_budgets(settings.budgets, faults);
  resolve_mcp_secrets(settings, environment, faults);
  resolve_platos_secrets(settings, environment, faults);
  resolve_telemetry_secrets(settings, environment, faults);
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return {};
}

std::vector<std::pair<std::string, std::string>> unknown_variables(const Environment& environment) {
  std::vector<std::string> known{"COLONNADE_CONFIG"};
  for (const Setting& setting : settings_table()) known.push_back(environment_variable(setting));
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : environment.all()) {
    if (!name.starts_with("COLONNADE_") || std::ranges::find(known, name) != known.end()) {
      continue;
    }
    out.emplace_back(name, nearest(name, known));
  }
  return out;
}

}  // namespace colonnade::app
