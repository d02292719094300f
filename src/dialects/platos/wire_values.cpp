#include "dialects/platos/wire_values.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;

std::string wire_time(base::Time time) {
  constexpr std::size_t up_to_milliseconds = 23;
  return base::to_rfc3339(time).substr(0, up_to_milliseconds) + "Z";
}

void write_optional_time(base::JsonWriter& json, std::string_view name,
                         const std::optional<base::Time>& time) {
  json.key(name);
  if (time) {
    json.value(wire_time(*time));
  } else {
    json.null();
  }
}

void write_text_or_null(base::JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

std::string model_text(const core::ModelSettings& settings, std::string_view otherwise) {
  const ModelName fallback = model_from(otherwise);
  const std::string provider = settings.provider.value_or(fallback.provider.value_or(""));
  const bool same_provider = provider == fallback.provider.value_or("");
  const std::string model = settings.model.value_or(same_provider ? fallback.model : "default");
  return provider.empty() ? model : provider + ":" + model;
}

ModelName model_from(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {.model = std::string(text)};
  return {.provider = std::string(text.substr(0, colon)),
          .model = std::string(text.substr(colon + 1))};
}

double cents_of(std::int64_t micros) { return static_cast<double>(micros) / micros_per_cent; }

std::string wire_agent_id(std::string_view id) {
  return std::string(id.empty() ? core::default_agent_id : id);
}

base::Result<base::Json> parse_object(std::string_view body) {
  if (body.empty()) return base::Json::object();
  auto tree = base::parse_json(body, "body");
  if (!tree) return tree;
  if (!tree->is_object()) {
    return fail(ErrorKind::invalid, "the body must be a JSON object", "body");
  }
  return tree;
}

base::Result<std::size_t> query_number(const net::Request& request, std::string_view name,
                                       std::size_t otherwise, std::size_t most) {
  const std::string text = request.query_parameter(name).value_or("");
  if (text.empty()) return otherwise;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return most;
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorKind::invalid, std::string(name) + " must be a whole number",
                std::string(name));
  }
  return number == 0 ? otherwise : std::min(number, most);
}

base::Result<std::optional<bool>> query_flag(const net::Request& request, std::string_view name) {
  const std::string text = request.query_parameter(name).value_or("");
  if (text.empty()) return std::optional<bool>();
  if (text == "true" || text == "1") return std::optional<bool>(true);
  if (text == "false" || text == "0") return std::optional<bool>(false);
  return fail(ErrorKind::invalid, std::string(name) + " must be true or false", std::string(name));
}

}  // namespace colonnade::dialects::platos
