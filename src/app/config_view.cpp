#include "app/config_view.hpp"

#include <algorithm>

#include "app/config_mcp.hpp"
#include "app/config_platos.hpp"
#include "app/config_tasks.hpp"
#include "app/known_variables.hpp"
#include "base/json.hpp"
#include "base/secret_text.hpp"
#include "base/visible_text.hpp"

namespace colonnade::app {
namespace {

// The shown value: whatever it is, no password inside it.
std::string safe(const std::string& value) { return base::hide_secrets_in_url(value); }

std::string origin_of(const Config& config, const std::string& name) {
  const auto found = config.origins.find(name);
  return found == config.origins.end() ? "default" : found->second;
}

// A pipe would end a table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string default_cell(const Setting& setting) {
  if (!setting.default_note.empty()) return std::string(setting.default_note);
  const std::string value = value_text(setting, Settings{});
  return value.empty() ? "unset" : "`" + value + "`";
}

constexpr std::string_view reference_head = R"(# Configuration

This page is written by `colonnade config reference`; a test keeps it equal.

Values come from four places. The first that names a setting wins:

1. flags of the command line,
2. the environment,
3. one YAML file: `--config FILE`, else `$COLONNADE_CONFIG`, else `./colonnade.yaml` if it is there
   and trusted, else `$XDG_CONFIG_HOME/colonnade/colonnade.yaml` (`~/.config` when that is unset),
4. defaults.

`colonnade config show` prints what is in force and where each value came from. Passwords and keys
inside URLs are shown as `[redacted]`, as in the log.

The file of the current folder can name programs to run and servers to send keys to, and the folder
may be somebody else's. So it is ignored, with a line on standard error, until you have read it and
run `colonnade config trust` there. That counts for this path and this content: a changed file wants
it again. What is trusted is kept in `$XDG_STATE_HOME/colonnade/trusted-configs` (`~/.local/state`
when that is unset), for you alone; remove its line to take it back. `colonnade mcp`, which other
programs start, never reads the file of the current folder.

In the file, a dot in a name is a group:

```yaml
listen: [127.0.0.1:8790]
log:
  level: info
agent:
  instructions: |
    You answer briefly.
providers:
  anthropic:
    api_key_file: ~/.config/colonnade/anthropic.key
  local:
    kind: chat_completions
    base_url: http://127.0.0.1:11434/v1
    default_model: llama3.2
```

Values are typed as YAML 1.2 types them: `true` and `false` are the only booleans, a value in quotes
is always text, and a number has no leading zero. An unknown key, a key that is there twice and a
value of another type are errors that name the line. A relative path in the file is relative to the
file; `~/` is the home folder. Lists in the environment are separated by commas; a flag for a list
may be given several times.

## Settings

| name | environment | flag | value | default |
|---|---|---|---|---|
)";

constexpr std::string_view providers_head = R"(
## Providers

`providers` holds one group for each provider, by a name of your choice. Some names are known and
need no more than a key: `anthropic`, `openai`, `openrouter`, `groq`, `mistral` and `together`;
`ollama` is known too and needs none. `offline` is always there, needs no key and says in its
replies that it is a stand-in.

| name | value | meaning |
|---|---|---|
)";

constexpr std::string_view variables_head = R"(
These variables are understood without a file. Those that make the provider known by themselves
need no entry in the file; `OPENAI_BASE_URL` does, because many servers of that wire need no key.

| variable | sets | makes the provider known |
|---|---|---|
)";

constexpr std::string_view mcp_head = R"(
## MCP servers

`mcp.servers` holds one group for each server, by a name of letters, digits and dashes; its tools
are `<name>__<tool>`. See [the guide](../howto/use-mcp-servers.md).

| name | value | meaning |
|---|---|---|
)";

constexpr std::string_view platos_head = R"(
## Entities that sign Platos tokens

`platos.entities` is a list with a group for each entity. `colonnade entity add` does the same in
the store. A secret is the text itself, `${NAME}` of the environment, or `file:/absolute/path`. See
[the guide](../howto/entities-and-tenants.md).

| name | value | meaning |
|---|---|---|
)";

constexpr std::string_view tasks_head = R"(
## Tasks that users trigger

`platos.tasks` is a list with a group for each task of the catalog. Operators write others over
Platos' wire (`/api/v1/agent/platos-tasks`); those that stand here are changed here alone. Texts
that are JSON stand in quotes. See [the reference of jobs](jobs.md#tasks).

| name | value | meaning |
|---|---|---|
)";

constexpr std::string_view known_head = R"(
## Names of a Faramesh server and of a Tandem engine

These variables are understood as other names of settings, so that what starts one of these may
start this one. Our own names, flags and the file come first; of two for one setting the first
counts.

| variable | setting | meaning |
|---|---|---|
)";

}  // namespace

std::vector<ShownSetting> shown_settings(const Config& config) {
  std::vector<ShownSetting> out;
  for (const Setting& setting : settings_table()) {
    const std::string name(setting.name);
    std::string value = value_text(setting, config.settings);
    if (setting.secret && value != value_text(setting, Settings{})) value = "(secret, set)";
    out.push_back({name, safe(value), origin_of(config, name)});
  }
  for (const auto& [name, provider] : config.settings.providers) {
    for (const ProviderSetting& row : provider_settings_table()) {
      const std::string& value = provider.*(row.target);
      if (value.empty()) continue;
      const std::string full = "providers." + name + "." + std::string(row.name);
      out.push_back({full, row.secret ? "(secret, set)" : safe(value), origin_of(config, full)});
    }
  }
  for (const auto& [name, value] : shown_mcp_servers(config.settings)) {
    const std::string full = "mcp.servers." + name;
    out.push_back({full, value.empty() ? "(secret, set)" : safe(value), origin_of(config, full)});
  }
  for (const auto& [full, value] : shown_platos_entities(config.settings)) {
    out.push_back({full, value.empty() ? "(secret, set)" : value, origin_of(config, full)});
  }
  for (const auto& [full, value] : shown_platos_tasks(config.settings)) {
    out.push_back({full, safe(value), origin_of(config, full)});
  }
  for (ShownSetting& row : out) row.value = base::hide_secrets_in_url(row.value);
  return out;
}

std::string config_as_text(const Config& config) {
  const auto shown = shown_settings(config);
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  constexpr std::size_t value_width_max = 40;
  for (const ShownSetting& row : shown) {
    name_width = std::max(name_width, row.name.size());
    value_width = std::max(value_width, std::min(row.value.size(), value_width_max));
  }
  std::string out = "# file: " + (config.file.empty() ? "none" : config.file) + "\n";
  if (!config.ignored_file.empty()) out += "# ignored: " + config.ignored_file + "\n";
  for (const ShownSetting& row : shown) {
    std::string value = row.value;
    std::replace(value.begin(), value.end(), '\n', ' ');
    value = base::escape_hidden_on_one_line(value);
    if (value.empty()) value = "-";
    out += row.name + std::string(name_width - row.name.size() + 2, ' ') + value;
    out += std::string(value.size() < value_width ? value_width - value.size() + 2 : 2, ' ');
    out += row.origin + "\n";
  }
  return out;
}

std::string config_as_json(const Config& config) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("file", config.file);
  json.field("ignored_file", config.ignored_file).key("settings").array();
  for (const ShownSetting& row : shown_settings(config)) {
    json.object().field("name", row.name).field("value", row.value).field("from", row.origin);
    json.end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string configuration_reference() {
  std::string out(reference_head);
  for (const Setting& setting : settings_table()) {
    out += "| `" + std::string(setting.name) + "` | `" + environment_variable(setting) + "` | " +
           (setting.secret ? "none: a secret" : "`" + flag_name(setting) + "`") + " | " +
           cell(expected(setting)) + " | " + cell(default_cell(setting)) + " |\n";
  }
  out += "\n## What they mean\n\n";
  for (const Setting& setting : settings_table()) {
    out += "- `" + std::string(setting.name) + "`: " + std::string(setting.help) + "\n";
  }
  out += providers_head;
  for (const ProviderSetting& row : provider_settings_table()) {
    std::string value = row.is_path ? "path" : row.secret ? "a string, secret" : "a string";
    if (!row.choices.empty()) value.clear();
    for (const auto& choice : row.choices) {
      if (!value.empty()) value += " or ";
      value.append("`").append(choice).append("`");
    }
    out += "| `" + std::string(row.name) + "` | " + value + " | " + cell(row.help) + " |\n";
  }
  out += variables_head;
  for (const ProviderVariable& row : provider_variables()) {
    const bool is_key = row.target == &ProviderSettings::api_key;
    out += "| `" + std::string(row.variable) + "` | `providers." + std::string(row.provider) +
           (is_key ? ".api_key` | " : ".base_url` | ") + (row.makes_provider ? "yes" : "no") +
           " |\n";
  }
  out += mcp_head;
  out += mcp_servers_reference();
  out += platos_head;
  out += platos_entities_reference();
  out += tasks_head;
  out += platos_tasks_reference();
  out += known_head;
  for (const KnownVariable& row : known_variables()) {
    out += "| `" + std::string(row.variable) + "` | `" + std::string(row.setting) + "` | " +
           std::string(row.meaning) + " |\n";
  }
  return out;
}

}  // namespace colonnade::app
