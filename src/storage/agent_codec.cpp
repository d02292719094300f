#include "storage/agent_codec.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "storage/event_codec.hpp"
#include "storage/stored_object.hpp"

namespace colonnade::storage {

using base::JsonWriter;
using base::Result;

namespace {

void write_history(JsonWriter& w, const core::HistoryLimits& history) {
  if (history == core::HistoryLimits{}) return;
  w.key("history").object().field("mode", core::to_string(history.mode));
  write_number(w, "context_limit", history.context_limit);
  write_number(w, "compact_threshold", history.compact_threshold);
  w.end_object();
}

void write_blocks(JsonWriter& w, const std::vector<core::DynamicBlock>& blocks) {
  if (blocks.empty()) return;
  w.key("dynamic_blocks").array();
  for (const core::DynamicBlock& block : blocks) {
    w.object().field("key", block.key);
    write_text(w, "name", block.name);
    write_text(w, "default_content", block.default_content);
    write_text(w, "description", block.description);
    if (block.order) w.field("order", *block.order);
    w.end_object();
  }
  w.end_array();
}

core::DynamicBlock take_block(StoredObject& o) {
  core::DynamicBlock block{.key = o.text("key"),
                           .name = o.text("name"),
                           .default_content = o.text("default_content"),
                           .description = o.text("description")};
  if (o.has("order")) block.order = static_cast<int>(o.number("order"));
  return block;
}

void write_prompt(JsonWriter& w, const std::vector<core::PromptBlock>& blocks) {
  if (blocks.empty()) return;
  w.key("prompt_blocks").array();
  for (const core::PromptBlock& block : blocks) {
    w.object().field("type", block.type);
    write_text(w, "id", block.id);
    write_text(w, "name", block.name);
    write_text(w, "content", block.content);
    if (!block.enabled) w.field("disabled", true);
    if (!block.editable) w.field("fixed", true);
    if (block.order) w.field("order", *block.order);
    w.end_object();
  }
  w.end_array();
}

core::PromptBlock take_prompt_block(StoredObject& o) {
  core::PromptBlock block{.id = o.text("id"),
                          .type = o.text("type"),
                          .name = o.text("name"),
                          .content = o.text("content"),
                          .enabled = !o.flag("disabled"),
                          .editable = !o.flag("fixed")};
  if (o.has("order")) block.order = static_cast<int>(o.number("order"));
  return block;
}

void write_routes(JsonWriter& w, const std::vector<core::ModelRoute>& routes) {
  if (routes.empty()) return;
  w.key("model_routes").array();
  for (const core::ModelRoute& route : routes) {
    w.object().field("label", route.label);
    if (route.provider) w.field("provider", *route.provider);
    write_text(w, "model", route.model);
    write_text(w, "provider_key_id", route.provider_key_id);
    if (route.is_default) w.field("is_default", true);
    w.end_object();
  }
  w.end_array();
}

core::ModelRoute take_route(StoredObject& o) {
  core::ModelRoute route{.label = o.text("label")};
  if (o.has("provider")) route.provider = o.text("provider");
  route.model = o.text("model");
  route.provider_key_id = o.text("provider_key_id");
  route.is_default = o.flag("is_default");
  return route;
}

void write_sub_agent(JsonWriter& w, const core::SubAgent& sub_agent) {
  if (sub_agent == core::SubAgent{}) return;
  w.key("sub_agent").object().field("kind", "sub_agent");
  if (sub_agent.provider) w.field("provider", *sub_agent.provider);
  if (sub_agent.model) w.field("model", *sub_agent.model);
  if (sub_agent.rounds_max) w.field("rounds_max", *sub_agent.rounds_max);
  write_text(w, "instructions", sub_agent.instructions);
  w.end_object();
}

core::SubAgent take_sub_agent(StoredObject& o) {
  core::SubAgent out;
  if (o.has("provider")) out.provider = o.text("provider");
  if (o.has("model")) out.model = o.text("model");
  if (o.has("rounds_max")) out.rounds_max = static_cast<int>(o.number("rounds_max"));
  out.instructions = o.text("instructions");
  return out;
}

void write_permissions(JsonWriter& w, const std::map<std::string, core::ToolPermission>& all) {
  if (all.empty()) return;
  w.key("tool_permissions").array();
  for (const auto& [tool, permission] : all) {
    w.object().field("tool", tool);
    if (permission.requires_approval) w.field("requires_approval", true);
    if (permission.destructive) w.field("destructive", true);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

std::string profile_text(const core::AgentProfile& p) {
  std::string out;
  if (p == core::AgentProfile{}) return out;
  JsonWriter w(out);
  w.object().field("kind", "profile");
  write_history(w, p.history);
  write_prompt(w, p.prompt_blocks);
  write_blocks(w, p.dynamic_blocks);
  write_routes(w, p.model_routes);
  if (p.tool_mode != core::ToolMode::direct) w.field("tool_mode", core::to_string(p.tool_mode));
  write_sub_agent(w, p.sub_agent);
  write_permissions(w, p.tool_permissions);
  if (p.makes_artifacts) w.field("makes_artifacts", true);
  if (!p.extra_tools.empty()) write_texts(w, "extra_tools", p.extra_tools);
  if (p.prompt_variables) {
    w.field("prompt_variables_chosen", true);
    write_texts(w, "prompt_variables", *p.prompt_variables);
  }
  write_tree(w, "output_schema", p.output_schema);
  write_tree(w, "members", p.members);
  w.end_object();
  return out;
}

Result<core::AgentProfile> read_profile(std::string_view text) {
  core::AgentProfile p;
  if (text.empty()) return p;
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject o(*tree);
  o.object("history", [&](StoredObject& history) {
    p.history = {.mode = history.named("mode", core::history_mode_from, core::HistoryMode::whole),
                 .context_limit = static_cast<int>(history.number("context_limit")),
                 .compact_threshold = static_cast<int>(history.number("compact_threshold"))};
  });
  o.each_object("prompt_blocks",
                [&](StoredObject& block) { p.prompt_blocks.push_back(take_prompt_block(block)); });
  o.each_object("dynamic_blocks",
                [&](StoredObject& block) { p.dynamic_blocks.push_back(take_block(block)); });
  o.each_object("model_routes",
                [&](StoredObject& route) { p.model_routes.push_back(take_route(route)); });
  if (o.has("tool_mode")) {
    p.tool_mode = o.named("tool_mode", core::tool_mode_from, core::ToolMode::direct);
  }
  o.object("sub_agent", [&](StoredObject& one) { p.sub_agent = take_sub_agent(one); });
  o.each_object("tool_permissions", [&](StoredObject& permission) {
    p.tool_permissions.insert_or_assign(
        permission.text("tool"),
        core::ToolPermission{.requires_approval = permission.flag("requires_approval"),
                             .destructive = permission.flag("destructive")});
  });
  p.makes_artifacts = o.flag("makes_artifacts");
  if (o.has("extra_tools")) p.extra_tools = o.texts("extra_tools");
  if (o.flag("prompt_variables_chosen")) p.prompt_variables = o.texts("prompt_variables");
  p.output_schema = o.tree("output_schema");
  p.members = o.tree("members");
  if (!o.error().empty()) return stored_wrongly("agent's profile", o.error());
  return p;
}

std::string turn_options_text(const core::TurnOptions& t) {
  std::string out;
  if (t == core::TurnOptions{}) return out;
  JsonWriter w(out);
  w.object().field("kind", "turn");
  write_text(w, "agent_id", t.agent_id);
  if (t.pin_version) w.field("pin_version", true);
  write_text(w, "model_label", t.model_label);
  if (t.system_prompt) w.field("system_prompt", *t.system_prompt).field("own_prompt", true);
  write_tree(w, "output_schema", t.output_schema);
  if (!t.dynamic_blocks.empty()) {
    w.key("dynamic_blocks").array();
    for (const auto& [key, content] : t.dynamic_blocks) {
      w.object().field("key", key).field("content", content).end_object();
    }
    w.end_array();
  }
  write_tree(w, "context", t.context);
  if (t.history_mode) w.field("history_mode", core::to_string(*t.history_mode));
  if (t.as_sub_agent) w.field("as_sub_agent", true);
  if (t.handed_on_by) {
    w.field("handed_on_by_thread", t.handed_on_by->thread_id);
    w.field("handed_on_by_run", t.handed_on_by->run_id);
  }
  if (t.context_limit) w.field("context_limit", *t.context_limit);
  write_text(w, "reply_to", t.reply_to);
  write_text(w, "replaces", t.replaces);
  if (t.tool_use != core::ToolUse::automatic) w.field("tool_use", core::to_string(t.tool_use));
  if (t.tools) {
    w.field("tools_chosen", true);
    write_texts(w, "tools", *t.tools);
  }
  write_text(w, "key_id", t.key_id);
  write_text(w, "automation_id", t.automation_id);
  if (t.tool_seconds_max) w.field("tool_seconds_max", *t.tool_seconds_max);
  write_text(w, "trace_id", t.trace.trace_id);
  write_text(w, "trace_span", t.trace.span_id);
  if (t.grant) {
    w.field("has_grant", true);
    write_text(w, "granted_by", t.grant->by);
    write_texts(w, "granted_tools", t.grant->tools);
  }
  if (t.asks_nobody) w.field("asks_nobody", true);
  write_text(w, "job_id", t.job_id);
  w.end_object();
  return out;
}

Result<core::TurnOptions> read_turn_options(std::string_view text) {
  core::TurnOptions t;
  if (text.empty()) return t;
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject o(*tree);
  t.agent_id = o.text("agent_id");
  t.pin_version = o.flag("pin_version");
  t.model_label = o.text("model_label");
  if (o.flag("own_prompt")) t.system_prompt = o.text("system_prompt");
  t.output_schema = o.tree("output_schema");
  o.each_object("dynamic_blocks", [&](StoredObject& block) {
    std::string key = block.text("key");
    t.dynamic_blocks.insert_or_assign(std::move(key), block.text("content"));
  });
  t.context = o.tree("context");
  if (o.has("history_mode")) {
    t.history_mode = o.named("history_mode", core::history_mode_from, core::HistoryMode::whole);
  }
  if (o.has("context_limit")) t.context_limit = static_cast<int>(o.number("context_limit"));
  t.as_sub_agent = o.flag("as_sub_agent");
  if (o.has("handed_on_by_run")) {
    t.handed_on_by = core::RunPlace{.thread_id = o.text("handed_on_by_thread"),
                                    .run_id = o.text("handed_on_by_run")};
  }
  t.reply_to = o.text("reply_to");
  t.replaces = o.text("replaces");
  if (o.has("tool_use")) {
    t.tool_use = o.named("tool_use", core::tool_use_from, core::ToolUse::automatic);
  }
  if (o.flag("tools_chosen")) t.tools = o.texts("tools");
  t.key_id = o.text("key_id");
  t.automation_id = o.text("automation_id");
  if (o.has("tool_seconds_max")) {
    t.tool_seconds_max = static_cast<int>(o.number("tool_seconds_max"));
  }
  t.trace = {.trace_id = o.text("trace_id"), .span_id = o.text("trace_span")};
  if (o.flag("has_grant")) {
    t.grant = core::WorkGrant{.by = o.text("granted_by"), .tools = o.texts("granted_tools")};
  }
  t.asks_nobody = o.flag("asks_nobody");
  t.job_id = o.text("job_id");
  if (!o.error().empty()) return stored_wrongly("turn's options", o.error());
  return t;
}

std::string rules_text(const std::vector<core::PermissionRule>& rules) {
  std::string out;
  if (rules.empty()) return out;
  JsonWriter w(out);
  w.object().key("rules").array();
  for (const core::PermissionRule& rule : rules) {
    w.object()
        .field("permission", rule.permission)
        .field("pattern", rule.pattern)
        .field("action", core::to_string(rule.action))
        .end_object();
  }
  w.end_array().end_object();
  return out;
}

Result<std::vector<core::PermissionRule>> read_rules(std::string_view text) {
  std::vector<core::PermissionRule> out;
  if (text.empty()) return out;
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject o(*tree);
  o.each_object("rules", [&](StoredObject& rule) {
    core::PermissionRule one{.permission = rule.text("permission"),
                             .pattern = rule.text("pattern")};
    one.action = rule.named("action", core::rule_action_from, core::RuleAction::deny);
    out.push_back(std::move(one));
  });
  if (!o.error().empty()) return stored_wrongly("thread's rules", o.error());
  return out;
}

std::string move_text(const std::optional<core::DirectoryMove>& move) {
  std::string out;
  if (!move) return out;
  JsonWriter w(out);
  w.object().field("at", move->at.micros);
  write_text(w, "origin", move->origin);
  write_text(w, "from", move->from);
  write_text(w, "reason", move->reason);
  w.end_object();
  return out;
}

Result<std::optional<core::DirectoryMove>> read_move(std::string_view text) {
  if (text.empty()) return std::nullopt;
  auto tree = read_tree(text);
  if (!tree) return base::fail(std::move(tree.error()));
  StoredObject o(*tree);
  core::DirectoryMove out{.origin = o.text("origin"),
                          .from = o.text("from"),
                          .reason = o.text("reason"),
                          .at = {o.number("at")}};
  if (!o.error().empty()) return stored_wrongly("thread's move", o.error());
  return out;
}

}  // namespace colonnade::storage
