#include "app/config_file.hpp"

#include <algorithm>
#include <filesystem>

#include "app/config_mcp.hpp"
#include "app/config_platos.hpp"
#include "app/config_tasks.hpp"
#include "app/nearest.hpp"

namespace colonnade::app {
namespace {

// How YAML 1.2 reads a scalar that is not in quotes.
enum class Plain { text, boolean, number, null };

bool looks_like_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && text[0] >= '0' && text[0] <= '9' &&
         text.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
         std::ranges::count(text, '.') <= 1 && !text.contains("--") &&
         text.find('-', 1) == std::string_view::npos;
}

Plain plain_kind(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    return Plain::boolean;
  }
  if (text.empty() || text == "~" || text == "null") return Plain::null;
  return looks_like_number(text) ? Plain::number : Plain::text;
}

class Reader {
 public:
  Reader(std::string name, std::string folder, std::string home, Config& config,
         ConfigFaults& faults)
      : name_(std::move(name)),
        folder_(std::move(folder)),
        home_(std::move(home)),
        config_(config),
        faults_(faults) {}

  void group(const std::vector<yaml::Entry>& entries, const std::string& prefix) {
    for (const yaml::Entry& entry : entries) {
      const std::string full = prefix + entry.key;
      if (const Setting* setting = find_setting(full)) {
        value(*setting, entry.value);
      } else if (full == "providers") {
        providers(entry.value);
      } else if (full == "mcp.servers") {
        mcp_servers(entry.value);
      } else if (full == "platos.entities") {
        platos_entities(entry.value);
      } else if (full == "platos.tasks") {
        platos_tasks(entry.value);
      } else if (is_group(full)) {
        subgroup(full, entry.value);
      } else {
        unknown(entry.line, full, known_names(prefix));
      }
    }
  }

 private:
  static bool is_group(const std::string& full) {
    return std::ranges::any_of(settings_table(), [&](const Setting& setting) {
      return setting.name.starts_with(full + ".");
    });
  }

  // Everything that may stand at this place, and every full name: a key in the wrong group is
  // found by its last part.
  static std::vector<std::string> known_names(const std::string& prefix) {
    std::vector<std::string> names;
    for (const Setting& setting : settings_table()) {
      names.emplace_back(setting.name);
      if (const auto dot = setting.name.find('.'); dot != std::string_view::npos) {
        names.emplace_back(setting.name.substr(0, dot));
      }
    }
    if (prefix.empty()) names.emplace_back("providers");
    names.emplace_back("mcp.servers");
    names.emplace_back("platos.entities");
    names.emplace_back("platos.tasks");
    return names;
  }

  void fault(int line, const std::string& message) {
    faults_.push_back(name_ + ":" + std::to_string(line) + ": " + message);
  }

  void unknown(int line, const std::string& full, const std::vector<std::string>& names) {
    std::string meant = nearest(full, names);
    if (meant.empty()) {
      const std::string last = full.substr(full.rfind('.') + 1);
      const auto found = std::ranges::find_if(
          names, [&](const std::string& known) { return known.ends_with("." + last); });
      if (found != names.end()) meant = *found;
    }
    fault(line, "unknown key \"" + full + "\"" +
                    (meant.empty() ? "; `colonnade config show` lists all settings"
                                   : "; did you mean \"" + meant + "\"?"));
  }

  void subgroup(const std::string& full, const yaml::Value& tree) {
    if (tree.kind == yaml::Value::Kind::null) return;
    if (tree.kind == yaml::Value::Kind::map) return group(tree.entries, full + ".");
    std::string members;
    for (const Setting& setting : settings_table()) {
      if (!setting.name.starts_with(full + ".")) continue;
      if (!members.empty()) members += ", ";
      members += setting.name.substr(full.size() + 1);
    }
    fault(tree.line,
          full + ": expected a group of keys (" + members + "), but found " + yaml::describe(tree));
  }

  void value(const Setting& setting, const yaml::Value& tree) {
    if (is_null(tree)) return;  // as if it were not there
    std::vector<std::string> text;
    if (!texts_of(setting, tree, text) || !set_from_text(setting, config_.settings, text)) {
      fault(tree.line, std::string(setting.name) + ": expected " + expected(setting) +
                           ", but found " + yaml::describe(tree) + remedy(setting, tree));
      return;
    }
    if (setting.is_path) make_paths_absolute(setting, config_.settings, folder_, home_);
    origin(std::string(setting.name), tree.line);
  }

  static bool is_null(const yaml::Value& tree) {
    return tree.kind == yaml::Value::Kind::null ||
           (tree.kind == yaml::Value::Kind::scalar && !tree.quoted &&
            plain_kind(tree.text) == Plain::null);
  }

  // A scalar as text, if its kind (quoted or not) is what the setting's type asks for.
  static bool scalar_of(const Setting& setting, const yaml::Value& tree,
                        std::vector<std::string>& out) {
    if (tree.kind != yaml::Value::Kind::scalar) return false;
    const Plain kind = tree.quoted ? Plain::text : plain_kind(tree.text);
    const bool wants_text = is_word(setting) || is_list(setting);
    const Plain wanted = wants_text            ? Plain::text
                         : is_boolean(setting) ? Plain::boolean
                                               : Plain::number;
    if (kind != wanted) return false;
    out.push_back(tree.text);
    if (is_boolean(setting)) std::ranges::transform(out.back(), out.back().begin(), lower);
    return true;
  }

  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

  // A list setting also takes one bare value.
  static bool texts_of(const Setting& setting, const yaml::Value& tree,
                       std::vector<std::string>& out) {
    if (!is_list(setting) || tree.kind != yaml::Value::Kind::list) {
      return scalar_of(setting, tree, out);
    }
    return std::ranges::all_of(
        tree.items, [&](const yaml::Value& item) { return scalar_of(setting, item, out); });
  }

  static std::string remedy(const Setting& setting, const yaml::Value& tree) {
    if (tree.kind != yaml::Value::Kind::scalar) return "";
    const bool wants_text = is_word(setting);
    const Plain kind = plain_kind(tree.text);
    if (wants_text && setting.choices.empty() && !tree.quoted) return "; put it in quotes";
    if (is_boolean(setting) && (tree.text == "yes" || tree.text == "on")) return "; write true";
    if (is_boolean(setting) && (tree.text == "no" || tree.text == "off")) return "; write false";
    if (!wants_text && tree.quoted && (kind == Plain::number || kind == Plain::boolean)) {
      return "; leave out the quotes";
    }
    if (kind == Plain::number && tree.text.size() > 1 && tree.text[0] == '0') {
      return "; leave out the leading zero";
    }
    return "";
  }

  void origin(const std::string& setting, int line) {
    config_.origins[setting] =
        std::filesystem::path(name_).filename().string() + ":" + std::to_string(line);
  }

  void mcp_servers(const yaml::Value& tree) {
    const McpReading reading{
        .fault = [this](int line, const std::string& message) { fault(line, message); },
        .taken = [this](const std::string& setting, int line) { origin(setting, line); },
        .path_of = [this](const std::string& path) { return absolute_path(path, folder_, home_); }};
    read_mcp_servers(tree, config_.settings, reading);
  }

  void platos_entities(const yaml::Value& tree) {
    const PlatosReading reading{
        .fault = [this](int line, const std::string& message) { fault(line, message); },
        .taken = [this](const std::string& setting, int line) { origin(setting, line); }};
    read_platos_entities(tree, config_.settings, reading);
  }

  void platos_tasks(const yaml::Value& tree) {
    const PlatosReading reading{
        .fault = [this](int line, const std::string& message) { fault(line, message); },
        .taken = [this](const std::string& setting, int line) { origin(setting, line); }};
    read_platos_tasks(tree, config_.settings, reading);
  }

  void providers(const yaml::Value& tree) {
    if (is_null(tree)) return;
    if (tree.kind != yaml::Value::Kind::map) {
      fault(tree.line,
            "providers: expected a group of keys, one for each provider's name, but found " +
                yaml::describe(tree));
      return;
    }
    for (const yaml::Entry& entry : tree.entries) provider(entry);
  }

  void provider(const yaml::Entry& entry) {
    const std::string full = "providers." + entry.key;
    if (entry.key == "offline") {
      fault(entry.line,
            full + ": this name belongs to the built-in offline provider; choose another");
      return;
    }
    ProviderSettings& provider = config_.settings.provider_entry(entry.key);
    if (is_null(entry.value)) return;
    if (entry.value.kind != yaml::Value::Kind::map) {
      fault(entry.value.line,
            full +
                ": expected a group of keys (kind, base_url, default_model, api_key_env, "
                "api_key_file), but found " +
                yaml::describe(entry.value));
      return;
    }
    for (const yaml::Entry& member : entry.value.entries) {
      provider_member(provider, full, member);
    }
  }

  void provider_member(ProviderSettings& provider, const std::string& full,
                       const yaml::Entry& entry) {
    const auto& table = provider_settings_table();
    const auto found = std::ranges::find(table, entry.key, &ProviderSetting::name);
    if (found == table.end()) {
      std::vector<std::string> names;
      for (const ProviderSetting& row : table) names.push_back(full + "." + std::string(row.name));
      return unknown(entry.line, full + "." + entry.key, names);
    }
    if (is_null(entry.value)) return;
    // The same rules as for any text; a key's value never gets into a message.
    const Setting rules{.name = found->name,
                        .target = Member<std::string>(nullptr),
                        .help = found->help,
                        .choices = found->choices};
    const bool is_text = entry.value.kind == yaml::Value::Kind::scalar &&
                         (entry.value.quoted || plain_kind(entry.value.text) == Plain::text);
    const bool is_choice =
        found->choices.empty() ||
        std::ranges::find(found->choices, entry.value.text) != found->choices.end();
    if (!is_text || !is_choice) {
      const std::string seen = found->secret ? "something else" : yaml::describe(entry.value);
      fault(entry.value.line, full + "." + entry.key + ": expected " + expected(rules) +
                                  ", but found " + seen + remedy(rules, entry.value));
      return;
    }
    provider.*(found->target) =
        found->is_path ? absolute_path(entry.value.text, folder_, home_) : entry.value.text;
    origin(full + "." + entry.key, entry.value.line);
  }

  std::string name_;
  std::string folder_;
  std::string home_;
  Config& config_;
  ConfigFaults& faults_;
};

}  // namespace

std::string absolute_path(const std::string& path, const std::string& folder,
                          const std::string& home) {
  if (path.empty() || path[0] == '/') return path;
  if (path == "~" || path.starts_with("~/")) return home + path.substr(1);
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

void apply_config_file(const yaml::Value& root, const std::string& name, const std::string& folder,
                       const std::string& home, Config& config, ConfigFaults& faults) {
  if (root.kind == yaml::Value::Kind::null) return;
  if (root.kind != yaml::Value::Kind::map) {
    faults.push_back(name + ":" + std::to_string(root.line) +
                     ": expected a group of keys such as \"listen: …\", but found " +
                     yaml::describe(root));
    return;
  }
  Reader(name, folder, home, config, faults).group(root.entries, "");
}

void make_paths_absolute(const Setting& setting, Settings& settings, const std::string& folder,
                         const std::string& home) {
  if (const auto* one = std::get_if<Member<std::string>>(&setting.target)) {
    (*one)(settings) = absolute_path((*one)(settings), folder, home);
  } else if (const auto* list = std::get_if<Member<std::vector<std::string>>>(&setting.target)) {
    for (std::string& path : (*list)(settings)) path = absolute_path(path, folder, home);
  }
}

}  // namespace colonnade::app
