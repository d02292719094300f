// What the shapes of agents and threads share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

// ISO 8601 in UTC with milliseconds (platos §0.2).
std::string wire_time(base::Time time);
void write_optional_time(base::JsonWriter& json, std::string_view name,
                         const std::optional<base::Time>& time);
// "" is null.
void write_text_or_null(base::JsonWriter& json, std::string_view name, std::string_view text);

// "provider:model". What the settings leave open is as in `otherwise`, such a text too.
std::string model_text(const core::ModelSettings& settings, std::string_view otherwise);
// A model without a provider is asked of whoever is asked by default.
struct ModelName {
  std::optional<std::string> provider{};
  std::string model{};
};
ModelName model_from(std::string_view text);

// Money on the wire is in cents, with fractions.
inline constexpr double micros_per_cent = 10'000;
double cents_of(std::int64_t micros);

// The id of the default agent is "" inside.
std::string wire_agent_id(std::string_view id);

// A body that has to be an object; an empty one is {} (platos §2). Errors: invalid.
base::Result<base::Json> parse_object(std::string_view body);
// A whole number of a query: `otherwise` when it is not there, empty or 0, cut at `most`. invalid,
// naming it, for what is none.
base::Result<std::size_t> query_number(const net::Request& request, std::string_view name,
                                       std::size_t otherwise, std::size_t most);
// true or false, 1 or 0; nullopt when it is not there. invalid, naming it, for anything else.
base::Result<std::optional<bool>> query_flag(const net::Request& request, std::string_view name);

}  // namespace colonnade::dialects::platos
