// What an operator can set, and the one table that says how: name, type, default, help. The file,
// the environment, the flags, `colonnade config show` and docs/reference/configuration.md all read
// this table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/limits.hpp"
#include "app/listen_address.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "core/access/limits.hpp"
#include "core/context/limits.hpp"
#include "core/governance/limits.hpp"
#include "core/jobs/limits.hpp"
#include "core/runs/limits.hpp"
#include "core/spans/limits.hpp"
#include "core/tools/limits.hpp"
#include "net/body_limits.hpp"
#include "net/limits.hpp"

namespace colonnade::app {

// One entry of `providers`. At most one of the three ways to give the key is used, in this order.
struct ProviderSettings {
  std::string kind{};  // "anthropic", "chat_completions"; "" for the well-known names' own
  std::string base_url{};
  std::string api_key{};       // the key itself
  std::string api_key_env{};   // the environment variable that holds it
  std::string api_key_file{};  // the file that holds it
  bool key_from_file = false;  // api_key was read from api_key_file
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
  bool sandbox = false;                      // the command runs in the sandbox
  std::vector<std::string> sandbox_read{};   // folders that it sees there
  std::vector<std::string> sandbox_write{};  // folders that it may change there
  bool sandbox_network = false;
};

enum class ProxyInFront { unknown, none, in_front };
enum class MetricsReaders { local, token, open, off };
enum class Durability { full, normal };
enum class ReasoningEffort { vendor_default, low, medium, high };
enum class Sandboxing { required, off };
enum class UnansweredApproval { deny, approve };
enum class UnknownPrice { refuse, assume };
enum class JobQuestions { ask, fail };
enum class WebSearch { off, searxng, brave };

// The groups of the file, each with the members that its names have there.
struct TlsSettings {
  std::string certificate_file{};
  std::string private_key_file{};
};

struct CorsSettings {
  std::vector<std::string> origins{};
};

struct LogSettings {
  base::log::Level level = base::log::Level::info;
  std::string file{};  // "": standard error
};

struct AgentSettings {
  std::string name{"Assistant"};
  std::string instructions{"You are a helpful assistant."};
};

struct LimitSettings {
  int rounds = limits::run_rounds_max;
  int retries = limits::model_retries_max;
  std::chrono::seconds run_time = limits::run_time_max;
  std::chrono::seconds tool_time = limits::tool_time_max;
  int message_bytes_max = static_cast<int>(limits::message_bytes_max);
  int connections = static_cast<int>(limits::http_connections_max);
  int bodies_mib = limits::http_bodies_bytes_max / limits::MiB;
  int bodies_per_account_mib = limits::http_bodies_account_bytes_max / limits::MiB;
  int bodies_per_address_mib = limits::http_bodies_address_bytes_max / limits::MiB;
};

struct ContextSettings {
  std::string windows_file{};
  int compact_at_percent = limits::context_compact_at_percent;
  std::optional<int> input_tokens_max{};
  std::string summary_provider{};
  std::string summary_model{};
};

struct ToolSettings {
  std::string workspaces{};  // "": workspaces in data_dir
  std::string workspace{};   // one folder for all threads; "": one for each
  Sandboxing sandbox = Sandboxing::required;
  std::vector<std::string> private_hosts{};
};

struct WebSearchSettings {
  WebSearch provider = WebSearch::off;
  std::string url{};
  std::string api_key{};       // secret
  std::string api_key_file{};  // read into api_key
};

struct SkillSettings {
  std::string folder{};  // "": skills in data_dir
};

struct EmbeddingSettings {
  std::string url{};  // "": no embeddings server
  std::string model{};
  std::string api_key{};  // secret
  int dimensions = 0;     // 0: the model's own
};

struct MemorySettings {
  EmbeddingSettings embeddings{};
  bool word_vectors = true;
  std::string word_vectors_file{};  // "": beside the program
  bool ingest_runs = false;
};

struct JobSettings {
  int workers = static_cast<int>(limits::job_slots_default);
  int per_account = 0;  // 0: three quarters of the workers
  JobQuestions questions = JobQuestions::ask;
};

struct PolicySettings {
  std::string file{};     // "": the rules that the tools imply
  std::string profile{};  // "": none
  std::string version{};  // "": made from the file's content
};

struct ApprovalSettings {
  std::chrono::seconds time = limits::approval_time_max;
  UnansweredApproval on_timeout = UnansweredApproval::deny;
};

struct BudgetSettings {
  UnknownPrice unknown_price = UnknownPrice::refuse;
  // Dollars per million tokens, of unknown_price assume.
  std::optional<double> assumed_input_price{};
  std::optional<double> assumed_output_price{};
  std::string webhook_secret{};       // secret
  std::string webhook_secret_file{};  // read into webhook_secret
};

struct AuditSettings {
  std::vector<std::string> redact{};         // besides core::Redaction's own
  std::string key_file{};                    // "": audit.key in data_dir
  std::chrono::seconds sign_interval{3600};  // 0: only at an export and at the end
};

struct FarameshSettings {
  std::vector<std::string> tokens{};  // secrets
  bool open = false;
};

struct TandemSettings {
  std::vector<std::string> tokens{};  // secrets
  bool open = false;
  std::vector<std::string> directories{};
};

struct OtlpSettings {
  std::string endpoint{};              // "": nothing is exported
  std::vector<std::string> headers{};  // "Name: value"; secrets
  bool content = false;
};

struct TelemetrySettings {
  int spans_days = limits::spans_days_default;
  OtlpSettings otlp{};
};

// One entry of `platos.entities`.
struct PlatosEntitySettings {
  std::string organization{};
  std::string project{};
  std::string entity{};
  std::string secret{};         // a secret, or what names it
  std::string second_secret{};  // the same; "" for none
};

// One entry of `platos.tasks`; numbers and JSON as they are written.
struct PlatosTaskSettings {
  std::string scope{};  // "": main/main/main
  std::string task_id{};
  std::string name{};
  std::string description{};
  std::string trigger{};
  std::string allowed_agents{};
  std::string cron{};
  std::string zone{};
  std::string timeout{};
  std::string max_retries{};
  std::string active{};
  std::string payload_schema{};
  std::string handler{};
  std::string agent_id{};
  std::string prompt{};
  std::string thread_id{};
  std::string output_schema{};
  std::string tool{};
  std::string args{};
};

struct PlatosSettings {
  std::vector<PlatosEntitySettings> entities{};
  std::vector<PlatosTaskSettings> tasks{};
  std::string platform_secret{};  // a secret, or what names it; "": none
  bool user_id_required = false;
  int requests_per_user_minute = 0;  // 0: not counted, as in all of these
  int requests_per_scope_minute = 0;
  int requests_per_scope_day = 0;
  int turns_per_user_minute = limits::turns_per_user_minute;
  int turns_per_user_hour = limits::turns_per_user_hour;
  int turns_per_user_day = limits::turns_per_user_day;
  int tool_calls_per_minute = limits::tool_calls_per_agent_and_user_minute;
};

struct McpSettings {
  std::string redirect_url{};  // "": the callback on the first address
  std::vector<std::pair<std::string, McpServerSettings>> servers{};  // in the file's order
};

struct Settings {
  std::string data_dir{};
  std::string token_file{};       // "": operator.token in data_dir
  std::string secret_key_file{};  // "": secrets.key in data_dir
  std::vector<ListenAddress> listen{{"127.0.0.1", 8790}};
  bool classic_ports = false;
  std::string base_path{};
  ProxyInFront proxy = ProxyInFront::unknown;
  std::vector<std::string> trusted_proxies{};
  std::vector<std::string> allowed_hosts{};    // besides this machine's own, on loopback addresses
  std::vector<std::string> allowed_origins{};  // empty: all, as far as a credential lets them in
  TlsSettings tls{};
  CorsSettings cors{};
  MetricsReaders metrics = MetricsReaders::local;
  int io_threads = 0;
  int worker_threads = 4;
  JobSettings jobs{};
  Durability durability = Durability::full;
  LogSettings log{};
  std::string provider{};
  std::string model{};
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  ReasoningEffort reasoning_effort = ReasoningEffort::vendor_default;
  AgentSettings agent{};
  LimitSettings limits{};
  ContextSettings context{};
  ToolSettings tools{};
  WebSearchSettings websearch{};
  SkillSettings skills{};
  MemorySettings memory{};
  PolicySettings policy{};
  ApprovalSettings approvals{};
  AuditSettings audit{};
  BudgetSettings budgets{};
  FarameshSettings faramesh{};
  McpSettings mcp{};
  PlatosSettings platos{};
  TandemSettings tandem{};
  TelemetrySettings telemetry{};
  std::string prices_file{};
  std::chrono::seconds drain_time = colonnade::limits::drain_time_max;
  // In the order of the file; the environment's own keys are merged in by name.
  std::vector<std::pair<std::string, ProviderSettings>> providers{};

  // The entry of that name, made when there is none.
  ProviderSettings& provider_entry(std::string_view name);

  // The file that these were read from; "" for none. No setting by itself.
  std::string configuration_file{};
};

// How to reach a member. The member's type is the setting's type.
template <class T>
using Member = T& (*)(Settings&);
// An enumeration, by the number of its enumerator: 0 for the first of the row's `choices`.
struct EnumMember {
  std::size_t (*get)(const Settings&);
  void (*set)(Settings&, std::size_t);
};
using Target =
    std::variant<Member<std::string>, Member<bool>, Member<int>, Member<std::optional<int>>,
                 Member<std::optional<double>>, Member<std::chrono::seconds>,
                 Member<std::vector<std::string>>, Member<std::vector<ListenAddress>>, EnumMember>;

struct Setting {
  std::string_view name;  // as in the file, groups with dots: "tls.certificate_file"
  Target target;
  std::string_view help;
  std::vector<std::string> choices{};  // one for each enumerator, in their order; else none
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

// Providers whose names say what wire they speak and where they are.
struct KnownProvider {
  std::string_view name;
  std::string_view kind;
};
const std::vector<KnownProvider>& known_providers();
// The wire that the provider of that name speaks; "" when neither says.
std::string_view kind_of(std::string_view name, const ProviderSettings& settings);

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
// A word without quotes, or a text with or without them.
bool is_word(const Setting& setting);

// What a value must look like: "an integer from 0 to 64", "one of full, normal".
std::string expected(const Setting& setting);

// Sets it from plain text (flags, environment; for lists each element by itself). False when the
// text does not fit; nothing is changed then.
bool set_from_text(const Setting& setting, Settings& settings,
                   const std::vector<std::string>& text);
// The value as it would be written in the file, on one line; "" when it is unset.
std::string value_text(const Setting& setting, const Settings& settings);

}  // namespace colonnade::app
