#include "app/known_variables.hpp"

#include <optional>

namespace colonnade::app {
namespace {

constexpr std::string_view listen = "listen";
constexpr std::string_view cors = "cors.origins";
constexpr std::string_view secret_scan = "packs.secret_scan_strict";

// Where that server listens by default.
constexpr const char* default_host = "127.0.0.1";
constexpr const char* default_port = "8000";

// The first of two that is set, with its name.
struct Found {
  std::string variable{};
  std::string text{};
};
std::optional<Found> first_of(const Environment& environment, const char* one, const char* other) {
  for (const char* name : {one, other}) {
    if (auto text = environment.get(name)) return Found{.variable = name, .text = *text};
  }
  return std::nullopt;
}

std::optional<KnownValue> listen_value(const Environment& environment) {
  const auto host = first_of(environment, "FARAMESH_HOST", "FARA_API_HOST");
  const auto port = first_of(environment, "FARAMESH_PORT", "FARA_API_PORT");
  if (!host && !port) return std::nullopt;
  std::string name = host ? host->text : default_host;
  if (name.contains(':') && !name.starts_with('[')) name = "[" + name + "]";
  return KnownValue{.setting = listen,
                    .text = name + ":" + (port ? port->text : default_port),
                    .variable = host ? host->variable : port->variable};
}

}  // namespace

const std::vector<KnownVariable>& known_variables() {
  static const std::vector<KnownVariable> table = {
      {"FARAMESH_TOKEN", "faramesh.tokens"},
      {"FARA_AUTH_TOKEN", "faramesh.tokens"},
      {"TANDEM_API_TOKEN", "tandem.tokens"},
      {"FARA_POLICY_FILE", "policy.file"},
      {"FARAMESH_PROFILE_FILE", "policy.profile"},
      {"FARAMESH_POLICY_VERSION", "policy.version"},
      {"FARA_ACTION_TIMEOUT", "limits.tool_seconds"},
      {"FARAMESH_HOST", listen, "the host; the port is 8000 by default"},
      {"FARA_API_HOST", listen, "the same"},
      {"FARAMESH_PORT", listen, "the port; the host is 127.0.0.1 by default"},
      {"FARA_API_PORT", listen, "the same"},
      {"FARAMESH_ENABLE_CORS", cors, "`1` stands for `*`, anything else for nothing"},
      {"TANDEM_PACK_SECRET_SCAN_STRICT", secret_scan,
       "`1` and `true` stand for true, anything else for false"},
  };
  return table;
}

std::vector<KnownValue> known_values(const Environment& environment) {
  std::vector<KnownValue> out;
  for (const KnownVariable& row : known_variables()) {
    if (!row.meaning.empty()) continue;
    if (auto text = environment.get(row.variable)) {
      out.push_back({row.setting, std::move(*text), std::string(row.variable)});
    }
  }
  if (auto address = listen_value(environment)) out.push_back(std::move(*address));
  if (environment.get("FARAMESH_ENABLE_CORS") == "1") {
    out.push_back({cors, "*", "FARAMESH_ENABLE_CORS"});
  }
  if (const auto strict = environment.get("TANDEM_PACK_SECRET_SCAN_STRICT")) {
    const bool is_strict = strict == "1" || strict == "true";
    out.push_back({secret_scan, is_strict ? "true" : "false", "TANDEM_PACK_SECRET_SCAN_STRICT"});
  }
  return out;
}

}  // namespace colonnade::app
