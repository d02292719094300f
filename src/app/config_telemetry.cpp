#include "app/config_telemetry.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/files.hpp"

namespace colonnade::app {
namespace {

struct HeaderText {
  std::string name{};
  std::string value{};
};

// Letters, digits and the marks of RFC 9110's tokens.
bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || marks.contains(c);
  });
}

// "Name: value"; nullopt for what is none.
std::optional<HeaderText> header_from(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_header_name(text.substr(0, colon))) {
    return std::nullopt;
  }
  std::string_view value = text.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (value.empty() || value.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
  return HeaderText{.name = std::string(text.substr(0, colon)), .value = std::string(value)};
}

std::string header_place(std::size_t index) {
  return "telemetry.otlp.headers[" + std::to_string(index) + "]";
}

// The value that `given` stands for; nullopt after a fault.
std::optional<std::string> header_value(const std::string& place, const std::string& given,
                                        const Environment& environment, ConfigFaults& faults) {
  constexpr std::string_view file_prefix = "file:";
  if (given.starts_with("${") && given.ends_with("}")) {
    const std::string variable = given.substr(2, given.size() - 3);
    auto value = environment.get(variable);
    if (value) return key_text(*value);
    faults.push_back(place + ": the environment variable " + variable + " is not set");
    return std::nullopt;
  }
  if (!given.starts_with(file_prefix)) return given;
  const std::string path = given.substr(file_prefix.size());
  if (!path.starts_with('/')) {
    faults.push_back(place + ": file: takes an absolute path, such as file:/etc/colonnade/otlp");
    return std::nullopt;
  }
  auto text = read_key_file(path);
  if (text) return *std::move(text);
  faults.push_back(place + ": " + text.error().message);
  return std::nullopt;
}

}  // namespace

void check_telemetry(const Settings& settings, ConfigFaults& faults) {
  const OtlpSettings& otlp = settings.telemetry.otlp;
  const bool is_address =
      otlp.endpoint.starts_with("http://") || otlp.endpoint.starts_with("https://");
  if (!otlp.endpoint.empty() && !is_address) {
    faults.emplace_back(
        "telemetry.otlp.endpoint: expected an address that begins with http:// or https://, such "
        "as http://127.0.0.1:4318");
  }
  if (otlp.endpoint.empty() && (otlp.content || !otlp.headers.empty())) {
    faults.emplace_back(
        "telemetry.otlp.endpoint: missing; set the address of the collector that the other "
        "telemetry.otlp settings are for");
  }
  for (std::size_t i = 0; i < otlp.headers.size(); ++i) {
    if (header_from(otlp.headers[i])) continue;
    faults.push_back(header_place(i) + ": expected a header, such as \"Authorization: ${NAME}\"");
  }
}

void resolve_telemetry_secrets(Settings& settings, const Environment& environment,
                               ConfigFaults& faults) {
  std::vector<std::string>& headers = settings.telemetry.otlp.headers;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto header = header_from(headers[i]);
    if (!header) continue;  // a fault before
    const auto value = header_value(header_place(i), header->value, environment, faults);
    if (value) headers[i] = header->name + ": " + *value;
  }
}

std::vector<std::pair<std::string, std::string>> otlp_headers(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& text : settings.telemetry.otlp.headers) {
    auto header = header_from(text);
    if (header) out.emplace_back(std::move(header->name), std::move(header->value));
  }
  return out;
}

}  // namespace colonnade::app
