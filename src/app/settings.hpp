// What an operator can set, and the one table that says how: name, type, default, help. The file,
// the environment, the flags, `colonnade config show` and docs/reference/configuration.md all read
// this table.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/limits.hpp"
#include "base/result.hpp"
#include "core/context/limits.hpp"
#include "core/governance/limits.hpp"
#include "core/runs/limits.hpp"
#include "core/tools/limits.hpp"
#include "net/limits.hpp"

namespace colonnade::app {

struct ListenAddress {
  std::string host{};
  std::uint16_t port = 0;  // 0: any free port
  bool operator==(const ListenAddress&) const = default;
};
// "127.0.0.1:8790", "[::1]:8790"; nullopt for anything else.
std::optional<ListenAddress> parse_listen_address(std::string_view text);
std::string to_string(const ListenAddress& address);
// Where a client on this machine reaches it: a wildcard host becomes the loopback address.
std::string local_url(const ListenAddress& address, bool tls);

// One entry of `providers`. At most one of the three ways to give the key is used, in this order.
struct ProviderSettings {
  std::string kind{};  // "anthropic", "chat_completions"; "" for the well-known names' own
  std::string base_url{};
  std::string api_key{};       // the key itself
  std::string api_key_env{};   // the environment variable that holds it
  std::string api_key_file{};  // the file that holds it
  std::string default_model{};
};

// One entry of `mcp.servers`: a server that gives agents tools. Either a command or a URL.
struct McpServerSettings {
  std::vector<std::string> command{};
  std::string url{};
  std::map<std::string, std::string> env{};           // secrets
  std::map<std::string, std::string> env_from{};      // names of environment variables
  std::map<std::string, std::string> headers{};       // secrets
  std::map<std::string, std::string> headers_from{};  // names of environment variables
  std::string oauth_client_id{};
  std::string oauth_client_secret{};      // secret
  std::string oauth_client_secret_env{};  // the environment variable that holds it
  std::string oauth_private_key{};        // secret: the PEM text itself, read from the file
  std::string oauth_private_key_file{};
  std::string oauth_issuer{};
  std::string oauth_metadata_url{};
  std::string oauth_scope{};
  bool oauth_client_credentials = false;
};

struct Settings {
  std::string data_dir{};
  std::string token_file{};       // "": operator.token in data_dir
  std::string secret_key_file{};  // "": secrets.key in data_dir
  std::vector<ListenAddress> listen{{"127.0.0.1", 8790}};
  bool classic_ports = false;
  std::string base_path{};
  std::vector<std::string> trusted_proxies{"127.0.0.1", "::1"};
  std::string tls_certificate_file{};
  std::string tls_private_key_file{};
  std::vector<std::string> cors_origins{};
  std::string metrics{"local"};
  int io_threads = 0;
  int worker_threads = 2;
  std::string durability{"full"};
  std::string log_level{"info"};
  std::string log_file{};
  std::string provider{};
  std::string model{};
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  std::string reasoning_effort{};
  std::string agent_name{"Assistant"};
  std::string agent_instructions{"You are a helpful assistant."};
  int turn_rounds = limits::run_rounds_max;
  int model_retries = limits::model_retries_max;
  std::chrono::seconds run_time = limits::run_time_max;
  std::chrono::seconds tool_time = limits::tool_time_max;
  int connections = static_cast<int>(limits::http_connections_max);
  std::string prices_file{};
  std::string windows_file{};
  int context_compact_at_percent = limits::context_compact_at_percent;
  std::optional<int> context_input_tokens_max{};
  std::string context_summary_provider{};
  std::string context_summary_model{};
  std::string tool_workspaces{};  // "": workspaces in data_dir
  std::string tool_workspace{};   // one folder for all threads; "": one for each
  std::string tool_sandbox{"required"};
  std::vector<std::string> tool_private_hosts{};
  std::string embeddings_url{};  // "": no embeddings server
  std::string embeddings_model{};
  std::string embeddings_api_key{};  // secret
  int embeddings_dimensions = 0;     // 0: the model's own
  bool memory_word_vectors = true;
  std::string memory_word_vectors_file{};  // "": beside the program
  std::string policy_file{};               // "": the rules that the tools imply
  std::string policy_profile{};            // "": none
  std::string policy_version{};            // "": made from the file's content
  std::chrono::seconds approval_time = limits::approval_time_max;
  std::string approval_on_timeout{"deny"};
  std::vector<std::string> redacted_names{};   // besides core::Redaction's own
  std::vector<std::string> faramesh_tokens{};  // secrets
  bool faramesh_open = false;
  std::chrono::seconds drain_time = limits::drain_time_max;
  // In the order of the file; the environment's own keys are merged in by name.
  std::vector<std::pair<std::string, ProviderSettings>> providers{};
  std::string mcp_redirect_url{};  // "": the callback on the first address
  std::vector<std::pair<std::string, McpServerSettings>> mcp_servers{};  // in the file's order

  // The entry of that name, made when there is none.
  ProviderSettings& provider_entry(std::string_view name);
};

// How to reach a member. The member's type is the setting's type.
template <class T>
using Member = T& (*)(Settings&);
using Target =
    std::variant<Member<std::string>, Member<bool>, Member<int>, Member<std::optional<int>>,
                 Member<std::optional<double>>, Member<std::chrono::seconds>,
                 Member<std::vector<std::string>>, Member<std::vector<ListenAddress>>>;

struct Setting {
  std::string_view name;  // as in the file, groups with dots: "tls.certificate_file"
  Target target;
  std::string_view help;
  std::vector<std::string> choices{};  // text: nothing else is allowed
  double min = 0;                      // numbers and seconds
  double max = 1e9;
  bool is_path = false;             // "~/" is the home folder; relative to the file that names it
  std::string_view default_note{};  // when the default is worked out at start
  bool secret = false;              // shown nowhere, and no flag: other users see command lines
};

// Every setting that has one fixed name, in the order in which they are shown.
const std::vector<Setting>& settings_table();
const Setting* find_setting(std::string_view name);

// The settings of one provider, `providers.<name>.<member>` in the file.
struct ProviderSetting {
  std::string_view name;
  std::string ProviderSettings::* target;
  std::string_view help;
  std::vector<std::string> choices{};
  bool is_path = false;
  bool secret = false;
};
const std::vector<ProviderSetting>& provider_settings_table();

// Variables that providers' own tools use too, understood without a file.
struct ProviderVariable {
  std::string_view variable;
  std::string_view provider;
  std::string ProviderSettings::* target;
  bool makes_provider = true;  // by itself; otherwise it only adds to one that is known
};
const std::vector<ProviderVariable>& provider_variables();

// "tls.certificate_file" → "COLONNADE_TLS_CERTIFICATE_FILE", "--tls-certificate-file".
std::string environment_variable(const Setting& setting);
std::string flag_name(const Setting& setting);
bool is_list(const Setting& setting);
bool is_boolean(const Setting& setting);

// What a value must look like: "an integer from 0 to 64", "one of full, normal".
std::string expected(const Setting& setting);

// Sets it from plain text (flags, environment; for lists each element by itself). False when the
// text does not fit; nothing is changed then.
bool set_from_text(const Setting& setting, Settings& settings,
                   const std::vector<std::string>& text);
// The value as it would be written in the file, on one line; "" when it is unset.
std::string value_text(const Setting& setting, const Settings& settings);

}  // namespace colonnade::app
