// long: the one table of settings, and how each kind is read and written
#include "app/settings.hpp"
#include "core/memory/limits.hpp"
#include "core/models/limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <utility>

namespace colonnade::app {
namespace {

using Text = Member<std::string>;
using Texts = Member<std::vector<std::string>>;
using Addresses = Member<std::vector<ListenAddress>>;
using Whole = Member<int>;
using OptionalWhole = Member<std::optional<int>>;
using OptionalNumber = Member<std::optional<double>>;
using Seconds = Member<std::chrono::seconds>;
using Flag = Member<bool>;

// `member` reaches it in a Settings.
template <auto member>
constexpr EnumMember enumeration() {
  using Enum = std::remove_reference_t<decltype(member(std::declval<Settings&>()))>;
  static_assert(std::is_enum_v<Enum>);
  return {.get =
              [](const Settings& settings) {
                // Reached through an accessor that can also write; nothing is written here.
                return static_cast<std::size_t>(member(const_cast<Settings&>(settings)));
              },
          .set = [](Settings& settings,
                    std::size_t value) { member(settings) = static_cast<Enum>(value); }};
}

constexpr int threads_max = 256;  // more I/O threads than any machine here has cores
constexpr int worker_threads_max = 64;
constexpr int job_workers_max = 1024;
constexpr double day_seconds = 86'400;
constexpr double price_max = 1e6;  // a million tokens for more is a mistake
constexpr double rate_max = 1e9;   // as good as none
constexpr double spans_days_max = 3650;

std::vector<Setting> make_table() {  // long: the one table, a row for each setting
  return {
      {.name = "data_dir",
       .target = Text([](Settings& s) -> auto& { return s.data_dir; }),
       .help = "The folder that holds everything the server stores. Owner only; made when absent.",
       .is_path = true,
       .default_note = "$XDG_DATA_HOME/colonnade, else ~/.local/share/colonnade"},
      {.name = "token_file",
       .target = Text([](Settings& s) -> auto& { return s.token_file; }),
       .help = "Where the operator's token is written at the first start (mode 0600), and where "
               "commands on this machine read it.",
       .is_path = true,
       .default_note = "operator.token in data_dir"},
      {.name = "secret_key_file",
       .target = Text([](Settings& s) -> auto& { return s.secret_key_file; }),
       .help = "The key that stored secrets are sealed with, such as those of MCP servers (mode "
               "0600). Made at the first start. Keep it when you move the data: without it they "
               "have to be given again.",
       .is_path = true,
       .default_note = "secrets.key in data_dir"},
      {.name = "listen",
       .target = Addresses([](Settings& s) -> auto& { return s.listen; }),
       .help = "Addresses to serve on, host:port each. Port 0 takes any free one. Anything but a "
               "loopback address is reachable from outside: use TLS or a proxy then."},
      {.name = "classic_ports",
       .target = Flag([](Settings& s) -> auto& { return s.classic_ports; }),
       .help = "Also listen where the dialects' own clients look by default: 8790, 3100, 39731 and "
               "8000, on the first listen address's host."},
      {.name = "base_path",
       .target = Text([](Settings& s) -> auto& { return s.base_path; }),
       .help =
           "A path prefix that a proxy in front leaves in place, such as /c/r1. Paths are served "
           "with and without it."},
      {.name = "trusted_proxies",
       .target = Texts([](Settings& s) -> auto& { return s.trusted_proxies; }),
       .help =
           "Proxies whose X-Forwarded-For is believed: addresses or networks, such as 127.0.0.1 "
           "or 10.0.0.0/8. A client is the last hop that none of them is. Empty: the header is "
           "ignored, and all who come through a proxy count as one client."},
      {.name = "proxy",
       .target = enumeration<[](Settings& s) -> auto& { return s.proxy; }>(),
       .help = "Whether a reverse proxy, a tunnel or a forwarded port hands other machines' "
               "requests on to the loopback addresses. none: nothing does, which faramesh.open "
               "and tandem.open need to be told. in_front: something does, so that nobody counts "
               "as this machine. "
               "Empty: nobody knows; metrics counts the loopback addresses as this machine's own "
               "unless trusted_proxies, allowed_hosts, base_path or mcp.redirect_url speak of a "
               "proxy.",
       .choices = {"", "none", "in_front"}},
      {.name = "allowed_hosts",
       .target = Texts([](Settings& s) -> auto& { return s.allowed_hosts; }),
       .help = "Host names that loopback addresses answer to besides localhost and loopback "
               "addresses, as a proxy in front passes them on; \"*\" for all. Any other name is "
               "refused: a web page's owner can make one point here. The host of "
               "mcp.redirect_url counts too."},
      {.name = "allowed_origins",
       .target = Texts([](Settings& s) -> auto& { return s.allowed_origins; }),
       .help = "The only web origins whose pages may ask, besides the server's own; requests of "
               "other pages are refused whatever token they have. Empty: a token decides, and what "
               "needs none is refused to all pages but those of cors.origins."},
      {.name = "tls.certificate_file",
       .target = Text([](Settings& s) -> auto& { return s.tls.certificate_file; }),
       .help = "Certificate chain (PEM). With it, and a key, every address speaks HTTPS.",
       .is_path = true},
      {.name = "tls.private_key_file",
       .target = Text([](Settings& s) -> auto& { return s.tls.private_key_file; }),
       .help = "The certificate's private key (PEM).",
       .is_path = true},
      {.name = "cors.origins",
       .target = Texts([](Settings& s) -> auto& { return s.cors.origins; }),
       .help =
           "Web origins whose pages may call the server, such as https://app.example; or \"*\"."},
      {.name = "metrics",
       .target = enumeration<[](Settings& s) -> auto& { return s.metrics; }>(),
       .help = "Who may read /metrics. local: this machine without a token, others with one (the "
               "setting proxy says when this machine can be told); token: only with one; open: "
               "anybody; off: nobody.",
       .choices = {"local", "token", "open", "off"}},
      {.name = "io_threads",
       .target = Whole([](Settings& s) -> auto& { return s.io_threads; }),
       .help = "Threads that serve connections and runs. 0: one for each core.",
       .max = threads_max},
      {.name = "worker_threads",
       .target = Whole([](Settings& s) -> auto& { return s.worker_threads; }),
       .help = "Threads for long reads, such as searches; one account has half of them at most.",
       .min = 1,
       .max = worker_threads_max},
      {.name = "jobs.workers",
       .target = Whole([](Settings& s) -> auto& { return s.jobs.workers; }),
       .help =
           "How many background jobs run at once: runs of tasks, schedules and the server's own "
           "work.",
       .min = 1,
       .max = job_workers_max},
      {.name = "jobs.per_account",
       .target = Whole([](Settings& s) -> auto& { return s.jobs.per_account; }),
       .help = "How many of them one user may have at once. 0: three quarters of the workers.",
       .max = job_workers_max},
      {.name = "jobs.questions",
       .target = enumeration<[](Settings& s) -> auto& { return s.jobs.questions; }>(),
       .help =
           "What a background job does when a tool call needs a human's approval: ask and wait, "
           "or fail at once.",
       .choices = {"ask", "fail"}},
      {.name = "durability",
       .target = enumeration<[](Settings& s) -> auto& { return s.durability; }>(),
       .help =
           "full: what was answered survives a power cut. normal: it survives a killed process, "
           "and a power cut may take the last moments.",
       .choices = {"full", "normal"}},
      {.name = "log.level",
       .target = enumeration<[](Settings& s) -> auto& { return s.log.level; }>(),
       .help = "How much is logged.",
       .choices = {"debug", "info", "warn", "error", "off"}},
      {.name = "log.file",
       .target = Text([](Settings& s) -> auto& { return s.log.file; }),
       .help = "The file that log lines are appended to, opened again on SIGHUP. Empty: standard "
               "error.",
       .is_path = true},
      {.name = "provider",
       .target = Text([](Settings& s) -> auto& { return s.provider; }),
       .help = "The provider that is asked when nobody chose one: a name under providers, or "
               "offline.",
       .default_note = "the first under providers, else the first with a key, else offline"},
      {.name = "model",
       .target = Text([](Settings& s) -> auto& { return s.model; }),
       .help = "The model that is asked when nobody chose one.",
       .default_note = "the provider's default_model"},
      {.name = "temperature",
       .target = OptionalNumber([](Settings& s) -> auto& { return s.temperature; }),
       .help = "Sampling temperature when nobody chose one. Unset: the vendor's default.",
       .max = 2},
      {.name = "max_output_tokens",
       .target = OptionalWhole([](Settings& s) -> auto& { return s.max_output_tokens; }),
       .help = "Longest reply of one model call, in tokens. Unset: the provider's default.",
       .min = 1,
       .max = 1e7},
      {.name = "reasoning_effort",
       .target = enumeration<[](Settings& s) -> auto& { return s.reasoning_effort; }>(),
       .help = "How hard a reasoning model thinks when nobody chose. Empty: the vendor's default.",
       .choices = {"", "low", "medium", "high"}},
      {.name = "agent.name",
       .target = Text([](Settings& s) -> auto& { return s.agent.name; }),
       .help = "The name of the agent that a thread without one talks to."},
      {.name = "agent.instructions",
       .target = Text([](Settings& s) -> auto& { return s.agent.instructions; }),
       .help = "That agent's system prompt."},
      {.name = "limits.rounds",
       .target = Whole([](Settings& s) -> auto& { return s.limits.rounds; }),
       .help = "Model calls in one run, at most.",
       .min = 1,
       .max = 10'000},
      {.name = "limits.retries",
       .target = Whole([](Settings& s) -> auto& { return s.limits.retries; }),
       .help = "How often a failed model call is made again.",
       .max = 20},
      {.name = "limits.run_seconds",
       .target = Seconds([](Settings& s) -> auto& { return s.limits.run_time; }),
       .help = "Longest run, in seconds, without the time it waits for approvals.",
       .min = 1,
       .max = 7 * day_seconds},
      {.name = "limits.tool_seconds",
       .target = Seconds([](Settings& s) -> auto& { return s.limits.tool_time; }),
       .help = "Longest tool call, in seconds.",
       .min = 1,
       .max = day_seconds},
      {.name = "limits.message_bytes_max",
       .target = Whole([](Settings& s) -> auto& { return s.limits.message_bytes_max; }),
       .help = "Largest message of a user, in bytes. What a dialect takes in one request bounds it "
               "too.",
       .min = 1024,
       .max = 64.0 * 1024 * 1024},
      {.name = "limits.connections",
       .target = Whole([](Settings& s) -> auto& { return s.limits.connections; }),
       .help = "Connections open at once, on each address.",
       .min = 1,
       .max = 1e6},
      {.name = "limits.bodies_mib",
       .target = Whole([](Settings& s) -> auto& { return s.limits.bodies_mib; }),
       .help = "Memory of all request bodies that are under way, in MiB. Beyond it, 503.",
       .min = 16,
       .max = 1e6},
      {.name = "limits.bodies_per_account_mib",
       .target = Whole([](Settings& s) -> auto& { return s.limits.bodies_per_account_mib; }),
       .help = "The same, of one account (a user in a scope). Beyond it, 429.",
       .min = 16,
       .max = 1e6},
      {.name = "limits.bodies_per_address_mib",
       .target = Whole([](Settings& s) -> auto& { return s.limits.bodies_per_address_mib; }),
       .help = "The same, of those at one address who need no credential. Clients behind one proxy "
               "share its address.",
       .min = 16,
       .max = 1e6},
      {.name = "context.windows_file",
       .target = Text([](Settings& s) -> auto& { return s.context.windows_file; }),
       .help = "A table of model windows that replaces the one built in.",
       .is_path = true},
      {.name = "context.input_tokens_max",
       .target = OptionalWhole([](Settings& s) -> auto& { return s.context.input_tokens_max; }),
       .help = "The largest request to a model, in tokens, where its window would allow more.",
       .min = static_cast<double>(limits::context_window_tokens_min),
       .max = 1e8,
       .default_note = "as much as fits into the window besides a reply"},
      {.name = "context.compact_at_percent",
       .target = Whole([](Settings& s) -> auto& { return s.context.compact_at_percent; }),
       .help = "When a request takes this share of what it may have, the thread's older turns are "
               "summarised.",
       .min = 10,
       .max = 100},
      {.name = "context.summary_provider",
       .target = Text([](Settings& s) -> auto& { return s.context.summary_provider; }),
       .help = "The provider that writes those summaries.",
       .default_note = "the one that the run asks"},
      {.name = "context.summary_model",
       .target = Text([](Settings& s) -> auto& { return s.context.summary_model; }),
       .help = "The model that writes them; a small one is cheaper.",
       .default_note = "the run's model, or the default_model of context.summary_provider"},
      {.name = "tools.workspaces",
       .target = Text([](Settings& s) -> auto& { return s.tools.workspaces; }),
       .help = "The folder that holds a folder for each thread, where its tools work.",
       .is_path = true,
       .default_note = "workspaces in data_dir"},
      {.name = "tools.workspace",
       .target = Text([](Settings& s) -> auto& { return s.tools.workspace; }),
       .help = "One folder where the tools of all threads work, instead of one for each.",
       .is_path = true},
      {.name = "tools.sandbox",
       .target = enumeration<[](Settings& s) -> auto& { return s.tools.sandbox; }>(),
       .help =
           "required: the shell tool runs commands under bubblewrap or not at all. off: it runs "
           "them with the server's own rights, limits and a clean environment apart.",
       .choices = {"required", "off"}},
      {.name = "tools.private_hosts",
       .target = Texts([](Settings& s) -> auto& { return s.tools.private_hosts; }),
       .help = "Hosts that the fetch tool may ask although their addresses are not public, as URLs "
               "name them; \"*\" for all."},
      {.name = "websearch.provider",
       .target = enumeration<[](Settings& s) -> auto& { return s.websearch.provider; }>(),
       .help = "What the websearch tool asks: a SearXNG server by its JSON API, or Brave's search. "
               "off: the tool says how to set one.",
       .choices = {"off", "searxng", "brave"}},
      {.name = "websearch.url",
       .target = Text([](Settings& s) -> auto& { return s.websearch.url; }),
       .help = "Where it is: for searxng such as http://127.0.0.1:8888, without /search. Its "
               "address need not be public.",
       .default_note = "for brave its own address"},
      {.name = "websearch.api_key",
       .target = Text([](Settings& s) -> auto& { return s.websearch.api_key; }),
       .help = "Brave's subscription token; for searxng a bearer token, if it wants one.",
       .secret = true},
      {.name = "websearch.api_key_file",
       .target = Text([](Settings& s) -> auto& { return s.websearch.api_key_file; }),
       .help = "The file that holds it.",
       .is_path = true},
      {.name = "skills.folder",
       .target = Text([](Settings& s) -> auto& { return s.skills.folder; }),
       .help =
           "The folder of skills: a folder for each, with a SKILL.md. Those in its folder "
           "templates are templates. Links that lead out of it are passed over, and no thread "
           "may be bound to a folder that overlaps it. It must lie apart from the data folder and "
           "from folders that tools write in.",
       .is_path = true,
       .default_note = "skills in data_dir"},
      {.name = "packs.trusted_keys",
       .target = Texts([](Settings& s) -> auto& { return s.packs.trusted_keys; }),
       .help = "Ed25519 public keys whose signatures make a pack a verified one, each as "
               "publisher:key; a key is 64 hexadecimal digits."},
      {.name = "packs.require_signature",
       .target = Flag([](Settings& s) -> auto& { return s.packs.require_signature; }),
       .help = "Install no pack without a signature by one of these keys."},
      {.name = "packs.secret_scan_strict",
       .target = Flag([](Settings& s) -> auto& { return s.packs.secret_scan_strict; }),
       .help = "Install no pack with a file that holds what looks like a key."},
      {.name = "memory.embeddings.url",
       .target = Text([](Settings& s) -> auto& { return s.memory.embeddings.url; }),
       .help = "A server of embeddings that speaks OpenAI's wire, without /embeddings at the end, "
               "such as https://api.openai.com/v1 or http://127.0.0.1:11434/v1. With it, memories "
               "are found by what they mean."},
      {.name = "memory.embeddings.model",
       .target = Text([](Settings& s) -> auto& { return s.memory.embeddings.model; }),
       .help = "The model that it is asked for. Another one later makes all vectors anew."},
      {.name = "memory.embeddings.api_key",
       .target = Text([](Settings& s) -> auto& { return s.memory.embeddings.api_key; }),
       .help = "Its key. Empty for a server that needs none.",
       .secret = true},
      {.name = "memory.embeddings.dimensions",
       .target = Whole([](Settings& s) -> auto& { return s.memory.embeddings.dimensions; }),
       .help = "How long the vectors shall be, for models that let one choose. 0: the model's own.",
       .max = limits::memory_dimensions_max},
      {.name = "memory.word_vectors",
       .target = Flag([](Settings& s) -> auto& { return s.memory.word_vectors; }),
       .help =
           "Without an embeddings server: use the table of English word vectors that comes with "
           "the server, when it is there. It is basic: it knows kindred words, not sentences. "
           "false: memories are found by their words alone."},
      {.name = "memory.word_vectors_file",
       .target = Text([](Settings& s) -> auto& { return s.memory.word_vectors_file; }),
       .help = "That table.",
       .is_path = true,
       .default_note = "word_vectors.bin beside the program, else in ../share/colonnade"},
      {.name = "memory.ingest_runs",
       .target = Flag([](Settings& s) -> auto& { return s.memory.ingest_runs; }),
       .help = "Make private memories of each run that ends: the question and the answer for good, "
               "tool calls for 30 days, decisions of people for 14, questions and plans for 60."},
      {.name = "policy.file",
       .target = Text([](Settings& s) -> auto& { return s.policy.file; }),
       .help =
           "The policy that decides on every tool call and submitted action, read again when it "
           "changes. Empty: tools that change nothing run, the others ask a human.",
       .is_path = true},
      {.name = "policy.profile",
       .target = Text([](Settings& s) -> auto& { return s.policy.profile; }),
       .help = "The execution profile that comes before the policy. Missing or wrong, it denies "
               "everything.",
       .is_path = true},
      {.name = "policy.version",
       .target = Text([](Settings& s) -> auto& { return s.policy.version; }),
       .help = "The policy's version as decisions name it.",
       .default_note = "made from the file's content"},
      {.name = "approvals.seconds",
       .target = Seconds([](Settings& s) -> auto& { return s.approvals.time; }),
       .help = "How long a question to a human stays open, in seconds.",
       .min = 1,
       .max = 365 * day_seconds},
      {.name = "approvals.on_timeout",
       .target = enumeration<[](Settings& s) -> auto& { return s.approvals.on_timeout; }>(),
       .help = "What counts as the answer when nobody gave one in time.",
       .choices = {"deny", "approve"}},
      {.name = "audit.redact",
       .target = Texts([](Settings& s) -> auto& { return s.audit.redact; }),
       .help = "Members of arguments whose values never reach the audit trail, besides password, "
               "token, secret and their like; matched anywhere in a name, case, - and _ ignored."},
      {.name = "audit.key_file",
       .target = Text([](Settings& s) -> auto& { return s.audit.key_file; }),
       .help = "The Ed25519 key (PEM) that the audit trail is signed with, readable by its owner "
               "only; made when it is missing. The public half is audit.pub in data_dir.",
       .is_path = true,
       .default_note = "audit.key in data_dir"},
      {.name = "audit.sign_seconds",
       .target = Seconds([](Settings& s) -> auto& { return s.audit.sign_interval; }),
       .help = "How often the audit trail is signed, in seconds, when something was added; 0: only "
               "when it is exported and when the server stops, which it always is.",
       .max = 30 * day_seconds},
      {.name = "faramesh.tokens",
       .target = Texts([](Settings& s) -> auto& { return s.faramesh.tokens; }),
       .help = "Tokens that Faramesh clients were given elsewhere and may go on using. Whoever has "
               "one acts as admin, below /v1 and /playground only. Besides our own tokens.",
       .secret = true},
      {.name = "faramesh.open",
       .target = Flag([](Settings& s) -> auto& { return s.faramesh.open; }),
       .help = "Programs on this machine may use the Faramesh paths as admin without any token, as "
               "a Faramesh server without FARAMESH_TOKEN lets them. Not through a proxy, and not "
               "from web pages. Needs proxy: none, and a loopback address in listen."},
      {.name = "tandem.tokens",
       .target = Texts([](Settings& s) -> auto& { return s.tandem.tokens; }),
       .help =
           "Tokens that Tandem clients were given elsewhere and may go on using. Whoever has one "
           "acts as the operator admin of main/main/main, on Tandem's paths only. Besides our "
           "own tokens.",
       .secret = true},
      {.name = "tandem.open",
       .target = Flag([](Settings& s) -> auto& { return s.tandem.open; }),
       .help =
           "Programs on this machine may use Tandem's paths as admin without any token, as a "
           "Tandem engine without TANDEM_API_TOKEN lets them. Not through a proxy, and not from "
           "web pages. Needs proxy: none, and a loopback address in listen."},
      {.name = "mcp.redirect_url",
       .target = Text([](Settings& s) -> auto& { return s.mcp.redirect_url; }),
       .help = "Where authorization servers of MCP servers send a human's browser back to: this "
               "server's /api/v1/mcp/callback as browsers reach it.",
       .default_note = "on the first listen address"},
      {.name = "platos.platform_secret",
       .target = Text([](Settings& s) -> auto& { return s.platos.platform_secret; }),
       .help =
           "What tokens of the platform itself are signed with, guests' among them: 32 bytes at "
           "least, or ${NAME} of the environment, or file:PATH. Without it they are refused.",
       .secret = true},
      {.name = "platos.user_id_required",
       .target = Flag([](Settings& s) -> auto& { return s.platos.user_id_required; }),
       .help = "Direct headers must name a user; otherwise those without one stand for the user "
               "service."},
      {.name = "platos.requests_per_user_minute",
       .target = Whole([](Settings& s) -> auto& { return s.platos.requests_per_user_minute; }),
       .help = "Requests that a user may make in a minute of the clock; 0 counts none.",
       .max = rate_max},
      {.name = "platos.requests_per_scope_minute",
       .target = Whole([](Settings& s) -> auto& { return s.platos.requests_per_scope_minute; }),
       .help = "Requests that a scope's users may make in a minute; 0 counts none.",
       .max = rate_max},
      {.name = "platos.requests_per_scope_day",
       .target = Whole([](Settings& s) -> auto& { return s.platos.requests_per_scope_day; }),
       .help = "Requests that a scope's users may make in a day of UTC; 0 counts none.",
       .max = rate_max},
      {.name = "platos.turns_per_user_minute",
       .target = Whole([](Settings& s) -> auto& { return s.platos.turns_per_user_minute; }),
       .help = "Turns that an end user may begin in a minute; 0 counts none. Operators are not "
               "counted.",
       .max = rate_max},
      {.name = "platos.turns_per_user_hour",
       .target = Whole([](Settings& s) -> auto& { return s.platos.turns_per_user_hour; }),
       .help = "Turns that an end user may begin in an hour; 0 counts none.",
       .max = rate_max},
      {.name = "platos.turns_per_user_day",
       .target = Whole([](Settings& s) -> auto& { return s.platos.turns_per_user_day; }),
       .help = "Turns that an end user may begin in a day of UTC; 0 counts none.",
       .max = rate_max},
      {.name = "platos.tool_calls_per_minute",
       .target = Whole([](Settings& s) -> auto& { return s.platos.tool_calls_per_minute; }),
       .help = "Tools that one agent may call for an end user in a minute; 0 counts none.",
       .max = rate_max},
      {.name = "tandem.directories",
       .target = Texts([](Settings& s) -> auto& { return s.tandem.directories; }),
       .help = "Folders: threads may be bound to them and to what is below them, so that their "
               "tools work there. The server's operator may name any folder that does not overlap "
               "the server's own files.",
       .is_path = true},
      {.name = "telemetry.spans_days",
       .target = Whole([](Settings& s) -> auto& { return s.telemetry.spans_days; }),
       .help =
           "Days that the spans of runs are kept after they began. The runs, and what they cost, "
           "stay as long as their threads.",
       .min = 1,
       .max = spans_days_max},
      {.name = "telemetry.otlp.endpoint",
       .target = Text([](Settings& s) -> auto& { return s.telemetry.otlp.endpoint; }),
       .help = "The address of an OpenTelemetry collector that takes OTLP over HTTP, such as "
               "http://127.0.0.1:4318; /v1/traces is added to one without a path. Each run is sent "
               "there as a trace when it has ended. Empty: nothing is sent."},
      {.name = "telemetry.otlp.headers",
       .target = Texts([](Settings& s) -> auto& { return s.telemetry.otlp.headers; }),
       .help = "Headers of these requests, \"Name: value\" each. A value may be ${NAME} of the "
               "environment, or file:PATH.",
       .secret = true},
      {.name = "telemetry.otlp.content",
       .target = Flag([](Settings& s) -> auto& { return s.telemetry.otlp.content; }),
       .help =
           "Traces carry what was said, and the arguments and results of tools, without secrets. "
           "Otherwise they carry names, numbers and codes alone."},
      {.name = "prices_file",
       .target = Text([](Settings& s) -> auto& { return s.prices_file; }),
       .help = "A table of model prices that replaces the one built in (`colonnade config prices` "
               "prints that), or adds to it with the line `extends: built-in`.",
       .is_path = true},
      {.name = "budgets.unknown_price",
       .target = enumeration<[](Settings& s) -> auto& { return s.budgets.unknown_price; }>(),
       .help = "What budgets do about a model that no table of prices knows. refuse: they do not "
               "let it be asked where they limit money. assume: it costs budgets.assumed_*.",
       .choices = {"refuse", "assume"}},
      {.name = "budgets.assumed_input_price",
       .target = OptionalNumber([](Settings& s) -> auto& { return s.budgets.assumed_input_price; }),
       .help = "US dollars for a million tokens that such a model reads.",
       .max = price_max},
      {.name = "budgets.assumed_output_price",
       .target =
           OptionalNumber([](Settings& s) -> auto& { return s.budgets.assumed_output_price; }),
       .help = "US dollars for a million tokens that it writes.",
       .max = price_max},
      {.name = "budgets.webhook_secret",
       .target = Text([](Settings& s) -> auto& { return s.budgets.webhook_secret; }),
       .help = "What the calls of budgets' webhooks are signed with, 16 bytes at least. Without it "
               "no budget may have a webhook. Their addresses are those that fetch may ask, with "
               "tools.private_hosts.",
       .secret = true},
      {.name = "budgets.webhook_secret_file",
       .target = Text([](Settings& s) -> auto& { return s.budgets.webhook_secret_file; }),
       .help = "The file that holds it.",
       .is_path = true},
      {.name = "drain_seconds",
       .target = Seconds([](Settings& s) -> auto& { return s.drain_time; }),
       .help = "How long a server that was told to stop lets requests finish, in seconds.",
       .max = 3600},
  };
}

bool parse_boolean(std::string_view text, bool& out) {
  if (text != "true" && text != "false") return false;
  out = text == "true";
  return true;
}

template <class T>
bool parse_number(const Setting& setting, std::string_view text, T& out) {
  // "010" is eight to some readers and ten to others: neither gets it.
  if (text.size() > 1 && text[0] == '0' && text[1] != '.') return false;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  const auto number = static_cast<double>(value);
  if (!std::isfinite(number) || number < setting.min || number > setting.max) return false;
  out = value;
  return true;
}

// Stores one setting's text in its member, by the member's type.
struct Store {
  const Setting& setting;
  const std::vector<std::string>& text;

  bool one() const { return text.size() == 1; }

  bool operator()(std::string& out) const {
    if (one()) out = text[0];
    return one();
  }
  bool operator()(bool& out) const { return one() && parse_boolean(text[0], out); }
  bool operator()(int& out) const { return one() && parse_number(setting, text[0], out); }
  bool operator()(std::optional<int>& out) const {
    int value = 0;
    if (!one() || !parse_number(setting, text[0], value)) return false;
    out = value;
    return true;
  }
  bool operator()(std::optional<double>& out) const {
    double value = 0;
    if (!one() || !parse_number(setting, text[0], value)) return false;
    out = value;
    return true;
  }
  bool operator()(std::chrono::seconds& out) const {
    int value = 0;
    if (!one() || !parse_number(setting, text[0], value)) return false;
    out = std::chrono::seconds(value);
    return true;
  }
  bool operator()(std::vector<std::string>& out) const {
    if (std::ranges::any_of(text, &std::string::empty)) return false;
    out = text;
    return true;
  }
  bool operator()(std::vector<ListenAddress>& out) const {
    std::vector<ListenAddress> addresses;
    for (const std::string& item : text) {
      auto address = parse_listen_address(item);
      if (!address) return false;
      addresses.push_back(std::move(*address));
    }
    if (addresses.empty()) return false;
    out = std::move(addresses);
    return true;
  }
};

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

template <class T, class Format>
std::string list_text(const std::vector<T>& items, Format format) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ", ";
    out += format(item);
  }
  return out + "]";
}

struct Show {
  std::string operator()(const std::string& v) const { return v; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int v) const { return std::to_string(v); }
  std::string operator()(const std::optional<int>& v) const { return v ? std::to_string(*v) : ""; }
  std::string operator()(const std::optional<double>& v) const { return v ? number_text(*v) : ""; }
  std::string operator()(std::chrono::seconds v) const { return std::to_string(v.count()); }
  std::string operator()(const std::vector<std::string>& v) const {
    return list_text(v, [](const std::string& item) { return item; });
  }
  std::string operator()(const std::vector<ListenAddress>& v) const {
    return list_text(v, [](const ListenAddress& item) { return to_string(item); });
  }
};

struct Expected {
  const Setting& setting;

  std::string range() const {
    return "from " + number_text(setting.min) + " to " +
           std::to_string(static_cast<long long>(setting.max));
  }
  std::string operator()(Text) const { return setting.choices.empty() ? "a string" : choice(); }
  std::string operator()(EnumMember) const { return choice(); }
  std::string choice() const {
    std::string out = "one of ";
    for (const std::string& choice : setting.choices) {
      if (out.size() > 7) out += ", ";
      out += choice.empty() ? "\"\"" : choice;
    }
    return out;
  }
  std::string operator()(Flag) const { return "true or false"; }
  std::string operator()(Whole) const { return "an integer " + range(); }
  std::string operator()(OptionalWhole) const { return "an integer " + range(); }
  std::string operator()(OptionalNumber) const { return "a number " + range(); }
  std::string operator()(Seconds) const { return "seconds, an integer " + range(); }
  std::string operator()(Texts) const { return "a list of strings"; }
  std::string operator()(Addresses) const {
    return "a list of addresses, host:port each, such as 127.0.0.1:8790 or [::1]:8790";
  }
};

std::string spelled(std::string_view name, char separator, bool upper) {
  std::string out;
  for (const char c : name) {
    if (c == '.' || c == '_') {
      out += separator;
    } else {
      out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}

}  // namespace

ProviderSettings& Settings::provider_entry(std::string_view name) {
  for (auto& [known, entry] : providers) {
    if (known == name) return entry;
  }
  return providers.emplace_back(std::string(name), ProviderSettings{}).second;
}

const std::vector<Setting>& settings_table() {
  static const std::vector<Setting> table = make_table();
  return table;
}

const Setting* find_setting(std::string_view name) {
  const auto& table = settings_table();
  const auto found = std::ranges::find(table, name, &Setting::name);
  return found == table.end() ? nullptr : &*found;
}

const std::vector<ProviderSetting>& provider_settings_table() {
  static const std::vector<ProviderSetting> table = {
      {.name = "kind",
       .target = &ProviderSettings::kind,
       .help = "The wire it speaks. Known for the names above; needed for others.",
       .choices = {"anthropic", "chat_completions"}},
      {.name = "base_url",
       .target = &ProviderSettings::base_url,
       .help = "Where it is. Known for the same names."},
      {.name = "default_model",
       .target = &ProviderSettings::default_model,
       .help = "The model it is asked for when nobody chose one."},
      {.name = "api_key_env",
       .target = &ProviderSettings::api_key_env,
       .help = "The environment variable that holds its key."},
      {.name = "api_key_file",
       .target = &ProviderSettings::api_key_file,
       .help = "The file that holds its key, and nothing else.",
       .is_path = true},
      {.name = "api_key",
       .target = &ProviderSettings::api_key,
       .help = "The key itself; better kept out of this file by one of the other two.",
       .secret = true},
  };
  return table;
}

const std::vector<KnownProvider>& known_providers() {
  static const std::vector<KnownProvider> table = {
      {.name = "anthropic", .kind = "anthropic"},
      {.name = "openai", .kind = "chat_completions"},
      {.name = "openrouter", .kind = "chat_completions"},
      {.name = "ollama", .kind = "chat_completions"},
      {.name = "groq", .kind = "chat_completions"},
      {.name = "mistral", .kind = "chat_completions"},
      {.name = "together", .kind = "chat_completions"},
  };
  return table;
}

std::string_view kind_of(std::string_view name, const ProviderSettings& settings) {
  if (!settings.kind.empty()) return settings.kind;
  const auto known = std::ranges::find(known_providers(), name, &KnownProvider::name);
  return known == known_providers().end() ? std::string_view() : known->kind;
}

const std::vector<ProviderVariable>& provider_variables() {
  static const std::vector<ProviderVariable> table = {
      {"ANTHROPIC_API_KEY", "anthropic", &ProviderSettings::api_key},
      {"ANTHROPIC_BASE_URL", "anthropic", &ProviderSettings::base_url, false},
      {"OPENAI_API_KEY", "openai", &ProviderSettings::api_key},
      // Many servers of this wire need no key.
      {"OPENAI_BASE_URL", "openai", &ProviderSettings::base_url},
      {"OPENROUTER_API_KEY", "openrouter", &ProviderSettings::api_key},
      {"OPENROUTER_BASE_URL", "openrouter", &ProviderSettings::base_url, false},
      {"GROQ_API_KEY", "groq", &ProviderSettings::api_key},
      {"MISTRAL_API_KEY", "mistral", &ProviderSettings::api_key},
      {"TOGETHER_API_KEY", "together", &ProviderSettings::api_key},
  };
  return table;
}

std::string environment_variable(const Setting& setting) {
  return "COLONNADE_" + spelled(setting.name, '_', true);
}

std::string flag_name(const Setting& setting) { return "--" + spelled(setting.name, '-', false); }

bool is_list(const Setting& setting) {
  return std::holds_alternative<Texts>(setting.target) ||
         std::holds_alternative<Addresses>(setting.target);
}

bool is_boolean(const Setting& setting) { return std::holds_alternative<Flag>(setting.target); }

bool is_word(const Setting& setting) {
  return std::holds_alternative<Text>(setting.target) ||
         std::holds_alternative<EnumMember>(setting.target);
}

std::string expected(const Setting& setting) {
  return std::visit(Expected{setting}, setting.target);
}

bool set_from_text(const Setting& setting, Settings& settings,
                   const std::vector<std::string>& text) {
  if (const auto* member = std::get_if<EnumMember>(&setting.target)) {
    const auto found =
        text.size() == 1 ? std::ranges::find(setting.choices, text[0]) : setting.choices.end();
    if (found == setting.choices.end()) return false;
    member->set(settings, static_cast<std::size_t>(found - setting.choices.begin()));
    return true;
  }
  const Store store{setting, text};
  return std::visit(
      [&](auto member) {
        if constexpr (std::is_same_v<decltype(member), EnumMember>)
          return false;
        else
          return store(member(settings));
      },
      setting.target);
}

std::string value_text(const Setting& setting, const Settings& settings) {
  if (const auto* member = std::get_if<EnumMember>(&setting.target)) {
    return setting.choices.at(member->get(settings));
  }
  // Members are reached through one accessor that can also write; nothing is written here.
  auto& reachable = const_cast<Settings&>(settings);
  return std::visit(
      [&](auto member) {
        if constexpr (std::is_same_v<decltype(member), EnumMember>)
          return std::string();
        else
          return Show{}(member(reachable));
      },
      setting.target);
}

}  // namespace colonnade::app
