// What of an agent a body says: the reading half of agent_wire.hpp.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/agents/agents.hpp"
#include "core/tasks/background_tools.hpp"
#include "dialects/platos/agent_wire.hpp"
#include "dialects/platos/retry_rules.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

namespace {

// platos §2.1
constexpr int steps_max = 100;
constexpr int context_limit_max = 1000;
constexpr int compact_threshold_max = 10'000;
constexpr std::size_t name_bytes_max = 256;
constexpr std::array<std::string_view, 3> tool_modes{"direct", "sub-agent", "execute-tool"};

// One of the wire's three, else "".
std::string_view known_tool_mode(const Json& value) {
  for (const std::string_view mode : tool_modes) {
    if (value == mode) return mode;
  }
  return "";
}

std::unexpected<base::Error> wrong(std::string_view name, std::string_view must) {
  return fail(ErrorKind::invalid, std::string(name) + " must be " + std::string(must),
              std::string(name));
}

// A body being laid over an agent; the first wrong member is remembered.
class AgentBody {
 public:
  AgentBody(const Json& body, core::Agent& agent) : body_(body), agent_(agent) {}

  Result<void> apply() {
    identity();
    prompt();
    numbers();
    models();
    tools();
    context_mapping();
    kept();
    if (error_) return fail(std::move(*error_));
    return {};
  }

 private:
  const Json* member(const char* name) const {
    const auto found = body_.find(name);
    return found == body_.end() ? nullptr : &*found;
  }
  void refuse(std::string_view name, std::string_view must) {
    if (!error_) error_ = std::move(wrong(name, must).error());
  }
  // A text; null is "".
  void text(const char* name, std::string& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (value->is_null()) {
      out.clear();
    } else if (value->is_string()) {
      out = value->get<std::string>();
    } else {
      refuse(name, "a string or null");
    }
  }
  void flag(const char* name, bool& out) {
    const Json* value = member(name);
    if (value == nullptr) return;
    if (value->is_boolean()) {
      out = value->get<bool>();
    } else {
      refuse(name, "true or false");
    }
  }
  std::optional<int> number(const char* name, int most) {
    const Json* value = member(name);
    if (value == nullptr) return std::nullopt;
    const bool fits = value->is_number_integer() && *value >= 1 && *value <= most;
    if (fits) return value->get<int>();
    refuse(name, "a whole number from 1 to " + std::to_string(most));
    return std::nullopt;
  }

  void identity() {
    if (const Json* name = member("name")) {
      const bool fits = name->is_string() && !name->get_ref<const std::string&>().empty() &&
                        name->get_ref<const std::string&>().size() <= name_bytes_max;
      if (fits) agent_.name = name->get<std::string>();
      if (!fits) refuse("name", "a string of 1 to 256 bytes");
    }
    if (const Json* slug = member("slug"); slug != nullptr && !slug->is_null()) {
      const bool fits = slug->is_string() && slug->get_ref<const std::string&>() ==
                                                 core::slug_of(slug->get<std::string>());
      if (fits) agent_.slug = slug->get<std::string>();
      if (!fits) refuse("slug", "lower-case letters and digits joined by dashes");
    }
    flag("isActive", agent_.active);
    if (const Json* visibility = member("visibility")) {
      const bool guests = *visibility == "public-guest";
      if (guests || *visibility == "private") {
        agent_.open_to_guests = guests;
      } else {
        refuse("visibility", "private or public-guest");
      }
    }
  }

  void prompt() {
    text("systemPrompt", agent_.instructions);
    const Json* blocks = member("dynamicBlocks");
    if (blocks != nullptr) {
      agent_.profile.dynamic_blocks.clear();
      if (blocks->is_array()) {
        for (const Json& block : *blocks) add_block(block);
      } else if (!blocks->is_null()) {
        refuse("dynamicBlocks", "a list or null");
      }
    }
    prompt_blocks();
    const Json* schema = member("outputSchema");
    if (schema == nullptr) return;
    if (!schema->is_object() && !schema->is_null()) refuse("outputSchema", "an object or null");
    agent_.profile.output_schema = *schema;
  }
  void prompt_blocks() {
    const Json* blocks = member("promptBlocks");
    if (blocks == nullptr) return;
    agent_.profile.prompt_blocks.clear();
    if (blocks->is_array()) {
      for (const Json& block : *blocks) add_prompt_block(block);
    } else if (!blocks->is_null()) {
      refuse("promptBlocks", "a list or null");
    }
  }
  void add_prompt_block(const Json& block) {
    const auto is = [&](const char* name, auto&& fits) {
      const auto found = block.find(name);
      return found == block.end() || found->is_null() || fits(*found);
    };
    const auto text = [](const Json& value) { return value.is_string(); };
    const auto flag = [](const Json& value) { return value.is_boolean(); };
    const bool fits = block.is_object() && is("id", text) && is("type", text) && is("name", text) &&
                      is("content", text) && is("enabled", flag) && is("editable", flag);
    if (!fits) {
      refuse("promptBlocks",
             "a list of objects with id, type, name and content as strings, and with enabled and "
             "editable as true or false");
      return;
    }
    core::PromptBlock made{.id = text_of(block, "id"),
                           .type = text_of(block, "type"),
                           .name = text_of(block, "name"),
                           .content = text_of(block, "content"),
                           .enabled = flag_of(block, "enabled"),
                           .editable = flag_of(block, "editable"),
                           .order = order_of(block)};
    if (made.type.empty()) made.type = "custom";
    agent_.profile.prompt_blocks.push_back(std::move(made));
  }
  // true unless it is said to be not.
  static bool flag_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || !found->is_boolean() || found->get<bool>();
  }
  static std::optional<int> order_of(const Json& block) {
    const auto order = block.find("order");
    const bool ordered = order != block.end() && order->is_number_integer() &&
                         *order >= -1'000'000 && *order <= 1'000'000;
    return ordered ? std::optional(order->get<int>()) : std::nullopt;
  }
  static std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }
  void add_block(const Json& block) {
    if (!block.is_object() || text_of(block, "key").empty()) {
      refuse("dynamicBlocks", "a list of objects, each with a key");
      return;
    }
    core::DynamicBlock made{.key = text_of(block, "key"),
                            .name = text_of(block, "name"),
                            .default_content = text_of(block, "defaultContent"),
                            .description = text_of(block, "description"),
                            .order = order_of(block)};
    agent_.profile.dynamic_blocks.push_back(std::move(made));
  }

  void numbers() {
    core::HistoryLimits& history = agent_.profile.history;
    if (const auto steps = number("maxSteps", steps_max)) agent_.settings.rounds_max = steps;
    history.context_limit =
        number("contextLimit", context_limit_max).value_or(history.context_limit);
    history.compact_threshold =
        number("compactThreshold", compact_threshold_max).value_or(history.compact_threshold);
    const Json* mode = member("historyMode");
    if (mode == nullptr) return;
    if (*mode == "rolling") {
      history.mode = core::HistoryMode::rolling;
    } else if (*mode == "compact") {
      history.mode = core::HistoryMode::compact;
    } else {
      refuse("historyMode", "rolling or compact");
    }
  }

  void models() {
    if (const Json* model = member("model")) {
      agent_.settings.provider.reset();
      agent_.settings.model.reset();
      if (model->is_string() && !model->get_ref<const std::string&>().empty()) {
        ModelName name = model_from(model->get<std::string>());
        agent_.settings.provider = std::move(name.provider);
        agent_.settings.model = std::move(name.model);
      } else if (!model->is_null()) {
        refuse("model", "provider:model or null");
      }
    }
    const Json* routes = member("modelRoutes");
    if (routes == nullptr) return;
    agent_.profile.model_routes.clear();
    if (routes->is_array()) {
      for (const Json& route : *routes) add_route(route);
    } else if (!routes->is_null()) {
      refuse("modelRoutes", "a list or null");
    }
  }
  void add_route(const Json& route) {
    if (!route.is_object() || text_of(route, "label").empty() || text_of(route, "model").empty()) {
      refuse("modelRoutes", "a list of objects, each with a label and a model");
      return;
    }
    ModelName name = model_from(text_of(route, "model"));
    const auto chosen = route.find("isDefault");
    agent_.profile.model_routes.push_back(
        {.label = text_of(route, "label"),
         .provider = std::move(name.provider),
         .model = std::move(name.model),
         .provider_key_id = text_of(route, "providerKeyId"),
         .is_default = chosen != route.end() && chosen->is_boolean() && chosen->get<bool>()});
  }

  void tools() {
    const Json* config = member("toolsBlockConfig");
    if (config == nullptr) return;
    agent_.tools.reset();
    agent_.profile.tool_permissions.clear();
    if (config->is_null()) return;
    if (!config->is_object()) {
      refuse("toolsBlockConfig", "an object or null");
      return;
    }
    const auto enabled = config->find("enabledTools");
    if (enabled != config->end() && !enabled->is_null()) {
      agent_.tools = names("toolsBlockConfig.enabledTools", *enabled);
    }
    const auto permissions = config->find("perToolPerms");
    if (permissions == config->end() || permissions->is_null()) return;
    if (!permissions->is_object()) {
      refuse("toolsBlockConfig.perToolPerms", "an object or null");
      return;
    }
    for (const auto& [tool, permission] : permissions->items()) add_permission(tool, permission);
  }
  void add_permission(const std::string& tool, const Json& permission) {
    core::ToolPermission made;
    const auto mark = [&](const char* name, bool& out) {
      const auto found = permission.find(name);
      if (found == permission.end() || found->is_null()) return;
      if (!found->is_boolean()) {
        refuse("toolsBlockConfig.perToolPerms." + tool + "." + name, "true or false");
      } else {
        out = found->get<bool>();
      }
    };
    if (!permission.is_object()) {
      refuse("toolsBlockConfig.perToolPerms." + tool, "an object");
      return;
    }
    mark("requiresApproval", made.requires_approval);
    mark("destructive", made.destructive);
    agent_.profile.tool_permissions.insert_or_assign(tool, made);
  }
  std::vector<std::string> names(std::string_view name, const Json& list) {
    std::vector<std::string> out;
    const bool texts = list.is_array() &&
                       std::ranges::all_of(list, [](const Json& each) { return each.is_string(); });
    if (!texts) {
      refuse(name, "a list of strings");
      return out;
    }
    for (const Json& each : list) out.push_back(each.get<std::string>());
    return out;
  }

  void context_mapping() {
    const Json* mapping = member("contextMapping");
    if (mapping == nullptr) return;
    agent_.profile.prompt_variables.reset();
    if (mapping->is_null()) return;
    if (!mapping->is_object()) {
      refuse("contextMapping", "an object or null");
      return;
    }
    const auto variables = mapping->find("promptVars");
    if (variables == mapping->end() || variables->is_null()) return;
    agent_.profile.prompt_variables = names("contextMapping.promptVars", *variables);
  }

  void sub_agent(const Json& config) {
    core::SubAgent& made = agent_.profile.sub_agent;
    made = {};
    if (config.is_null()) return;
    if (!config.is_object()) return refuse("subAgentConfig", "an object or null");
    if (const std::string model = text_of(config, "model"); !model.empty()) {
      ModelName name = model_from(model);
      made.provider = std::move(name.provider);
      made.model = std::move(name.model);
    }
    made.instructions = text_of(config, "systemPrompt");
    const auto steps = config.find("maxSteps");
    if (steps == config.end() || steps->is_null()) return;
    const bool fits = steps->is_number_integer() && *steps >= 1 && *steps <= steps_max;
    if (!fits) return refuse("subAgentConfig.maxSteps", "a whole number from 1 to 100");
    made.rounds_max = steps->get<int>();
  }

  // What is given back as it came; null is nothing.
  void kept() {
    static constexpr std::array members{
        "enableUserProfiling", "toolMode",        "toolsBlockConfig", "subAgentConfig",
        "memoryConfig",        "metaTools",       "featureFlags",     "extractionPolicy",
        "governanceConfig",    "contextMapping",  "providerKeyId",    "agentRetryConfig",
        "enableThreading",     "threadingConfig", "clusteringId"};
    Json& all = agent_.profile.members;
    for (const char* name : members) {
      const Json* value = member(name);
      if (value == nullptr) continue;
      if (!all.is_object()) all = Json::object();
      if (value->is_null()) {
        all.erase(name);
      } else {
        all[name] = *value;
      }
    }
    if (all.is_object() && all.empty()) all = nullptr;
    const Json* mode = member("toolMode");
    const bool known = mode == nullptr || mode->is_null() || !known_tool_mode(*mode).empty();
    if (!known) refuse("toolMode", "direct, sub-agent or execute-tool");
    if (const Json* retries = member("agentRetryConfig")) {
      apply_retry_rules(*retries, agent_.settings);
    }
    const std::string_view tools = tool_mode_of(all);
    agent_.profile.tool_mode = tools == tool_modes[1]   ? core::ToolMode::sub_agent
                               : tools == tool_modes[2] ? core::ToolMode::by_name
                                                        : core::ToolMode::direct;
    if (const Json* config = member("subAgentConfig")) sub_agent(*config);
    if (const Json* config = member("metaTools")) extra_tools(*config);
  }

  // {<tool>: true}, of the tools for background runs; whatever else it says is kept alone.
  void extra_tools(const Json& config) {
    std::vector<std::string>& made = agent_.profile.extra_tools;
    made.clear();
    if (!config.is_object()) return;
    for (const std::string_view tool : core::background_tools) {
      const auto said = config.find(std::string(tool));
      if (said != config.end() && *said == true) made.emplace_back(tool);
    }
  }

  const Json& body_;
  core::Agent& agent_;
  std::optional<base::Error> error_{};
};

}  // namespace

std::string_view tool_mode_of(const Json& members) {
  if (!members.is_object()) return tool_modes[0];
  std::string_view mode;
  if (const auto said = members.find("toolMode"); said != members.end()) {
    mode = known_tool_mode(*said);
  }
  const auto config = members.find("toolsBlockConfig");
  if (mode.empty() && config != members.end() && config->is_object()) {
    mode = known_tool_mode(config->value("mode", Json()));
  }
  return mode.empty() ? tool_modes[0] : mode;
}

Result<void> apply_agent_body(const Json& body, core::Agent& agent) {
  return AgentBody(body, agent).apply();
}

Result<CanaryBody> decode_canary(const Json& body) {
  CanaryBody out;
  if (const auto id = body.find("canaryVersionId"); id != body.end() && !id->is_null()) {
    if (!id->is_string()) return wrong("canaryVersionId", "a string or null");
    out.version_id = id->get<std::string>();
  }
  if (const auto percent = body.find("canaryPercent"); percent != body.end()) {
    const bool fits = percent->is_number_integer() && *percent >= 0 && *percent <= 100;
    if (!fits) return wrong("canaryPercent", "a whole number from 0 to 100");
    out.percent = percent->get<int>();
  }
  return out;
}

}  // namespace colonnade::dialects::platos
