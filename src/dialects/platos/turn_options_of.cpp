#include "dialects/platos/turn_options_of.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/platos/thread_wire.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

constexpr int config_steps_max = 100;  // platos §2.2
constexpr int config_context_max = 1000;

Json context_of(const Caller& caller, const TurnRequest& request, base::Time now) {
  Json context = Json::object();
  // An override of the session's context is an administrator's to give.
  if (caller.who.is_operator() && request.session_context.is_object()) {
    context = request.session_context;
  }
  Json& user = context["user"];
  if (!user.is_object()) user = Json::object();
  user["id"] = caller.who.user_id;
  if (!caller.user_meta.name.empty()) user["name"] = caller.user_meta.name;
  if (!caller.user_meta.email.empty()) user["email"] = caller.user_meta.email;
  user["current_time"] = wire_time(now);
  return context;
}

Result<std::optional<int>> config_number(const Json& config, const char* name, int most) {
  const auto found = config.find(name);
  if (found == config.end() || found->is_null()) return std::nullopt;
  const bool fits = found->is_number_integer() && *found >= 1 && *found <= most;
  if (fits) return found->get<int>();
  return fail(ErrorKind::invalid,
              std::string("X-Platos-Config: ") + name + " must be a whole number from 1 to " +
                  std::to_string(most),
              name);
}

Result<void> apply_config(const Json& config, core::NewMessage& message) {
  if (!config.is_object()) return {};
  if (const auto model = config.find("model"); model != config.end() && model->is_string()) {
    ModelName named = model_from(model->get_ref<const std::string&>());
    if (named.provider) message.settings.provider = std::move(named.provider);
    message.settings.model = std::move(named.model);
  }
  const auto steps = config_number(config, "maxSteps", config_steps_max);
  if (!steps) return fail(steps.error());
  if (*steps) message.settings.rounds_max = *steps;
  const auto limit = config_number(config, "contextLimit", config_context_max);
  if (!limit) return fail(limit.error());
  if (*limit) message.options.context_limit = *limit;
  if (const auto mode = config.find("historyMode"); mode != config.end() && mode->is_string()) {
    const auto known = core::history_mode_from(mode->get_ref<const std::string&>());
    if (!known || *known == core::HistoryMode::whole) {
      return fail(ErrorKind::invalid, "X-Platos-Config: historyMode must be rolling or compact",
                  "historyMode");
    }
    message.options.history_mode = known;
  }
  return {};
}

// What the stored message shows of its turn.
void note_overrides(const TurnRequest& request, core::NewMessage& message) {
  if (!request.system_prompt && request.output_schema.is_null()) return;
  if (message.metadata.is_null()) message.metadata = Json::object();
  if (request.system_prompt) message.metadata[prompt_override_key] = *request.system_prompt;
  if (!request.output_schema.is_null()) {
    message.metadata[output_schema_key] = request.output_schema;
  }
}

}  // namespace

base::Task<Result<core::NewMessage>> TurnOptionsOf::apply(Caller caller, TurnRequest request,
                                                          core::NewMessage message) {
  message.options.agent_id = request.agent_id;
  message.options.pin_version = true;
  message.options.model_label = request.model_label;
  message.options.system_prompt = request.system_prompt;
  message.options.output_schema = request.output_schema;
  message.options.dynamic_blocks = request.dynamic_blocks;
  message.options.context = context_of(caller, request, clock_.now());
  message.options.reply_to = request.reply_to;
  if (auto applied = apply_config(request.config, message); !applied) {
    co_return fail(std::move(applied.error()));
  }
  note_overrides(request, message);
  if (!request.attachment_ids.empty()) {
    auto files = co_await attachments_.parts(caller.who, std::move(request.attachment_ids));
    if (!files) co_return fail(std::move(files.error()));
    std::ranges::move(*files, std::back_inserter(message.parts));
  }
  co_return message;
}

}  // namespace colonnade::dialects::platos
