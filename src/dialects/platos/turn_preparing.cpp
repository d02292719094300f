#include "dialects/platos/turn_preparing.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/agents/prompt_template.hpp"
#include "dialects/platos/retry_rules.hpp"
#include "dialects/platos/thread_wire.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr const char* config_header = "X-Platos-Config";
constexpr std::size_t config_bytes_max = 8192;  // platos §2.2
constexpr int config_steps_max = 100;
constexpr int config_context_max = 1000;

// The user as the server knows them, and over it what the token says (platos §1.6).
Json user_context(const Caller& caller, base::Time now) {
  Json user = {{"id", caller.who.user_id}, {"current_time", wire_time(now)}};
  if (!caller.user_meta.name.empty()) user["name"] = caller.user_meta.name;
  if (!caller.user_meta.email.empty()) user["email"] = caller.user_meta.email;
  return {{"user", std::move(user)}};
}

std::unexpected<base::Error> wrong_config(std::string_view member, std::string_view must) {
  return fail(
      ErrorKind::invalid,
      std::string(config_header) + ": " + std::string(member) + " must be " + std::string(must),
      config_header);
}

Result<std::optional<int>> config_number(const Json& config, const char* name, int most) {
  const auto found = config.find(name);
  if (found == config.end() || found->is_null()) return std::optional<int>();
  const bool fits = found->is_number_integer() && *found >= 1 && *found <= most;
  if (!fits) return wrong_config(name, "a whole number from 1 to " + std::to_string(most));
  return std::optional<int>(found->get<int>());
}

}  // namespace

core::NewMessage with_turn_options(const Caller& caller, const TurnRequest& request,
                                   core::NewMessage message, base::Time now) {
  core::TurnOptions& options = message.options;
  options.agent_id = request.agent_id;
  options.pin_version = true;
  options.model_label = request.model_label;
  options.system_prompt = request.system_prompt;
  options.output_schema = request.output_schema;
  options.dynamic_blocks = request.dynamic_blocks;
  options.reply_to = request.reply_to;
  options.replaces = request.replaces;
  options.context = user_context(caller, now);
  // Only an operator says something else of the session than the thread does.
  if (caller.who.is_operator()) {
    options.context = core::laid_over(request.session_context, options.context);
  }
  if (request.system_prompt) message.metadata[prompt_override_key] = *request.system_prompt;
  if (!request.output_schema.is_null()) message.metadata[output_schema_key] = request.output_schema;
  return message;
}

Result<void> apply_turn_config(std::string_view header, core::NewMessage& message) {
  if (header.empty()) return {};
  if (header.size() > config_bytes_max) {
    return fail(ErrorKind::invalid,
                std::string(config_header) + " must have at most " +
                    std::to_string(config_bytes_max) + " bytes",
                config_header);
  }
  const auto config = base::parse_json(header, config_header);
  if (!config) return fail(config.error());
  if (!config->is_object()) return wrong_config("it", "a JSON object");
  if (const auto model = config->find("model"); model != config->end() && !model->is_null()) {
    if (!model->is_string()) return wrong_config("model", "provider:model");
    ModelName name = model_from(model->get<std::string>());
    message.settings.provider = std::move(name.provider);
    message.settings.model = std::move(name.model);
  }
  const auto steps = config_number(*config, "maxSteps", config_steps_max);
  if (!steps) return fail(steps.error());
  if (*steps) message.settings.rounds_max = *steps;
  const auto limit = config_number(*config, "contextLimit", config_context_max);
  if (!limit) return fail(limit.error());
  if (*limit) message.options.context_limit = *limit;
  if (const auto retries = config->find("agentRetryConfig");
      retries != config->end() && !retries->is_null()) {
    apply_retry_rules(*retries, message.settings);
  }
  if (const auto mode = config->find("historyMode"); mode != config->end() && !mode->is_null()) {
    if (*mode != "rolling" && *mode != "compact") {
      return wrong_config("historyMode", "rolling or compact");
    }
    message.options.history_mode =
        *mode == "rolling" ? core::HistoryMode::rolling : core::HistoryMode::compact;
  }
  return {};
}

}  // namespace colonnade::dialects::platos
