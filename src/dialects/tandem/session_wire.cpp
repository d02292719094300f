#include "dialects/tandem/session_wire.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "core/limits.hpp"
#include "core/threads/limits.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/file_parts.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;

constexpr std::initializer_list<std::string_view> provider_names = {"providerID", "provider_id",
                                                                    "providerId"};
constexpr std::initializer_list<std::string_view> model_names = {"modelID", "model_id", "modelId"};
constexpr std::string_view untitled = "New session";

// Titles that stand for none (tandem §4.1): a better one is made of the first message.
bool is_placeholder(std::string_view title) {
  while (title.starts_with(' ')) title.remove_prefix(1);
  while (title.ends_with(' ')) title.remove_suffix(1);
  return title.empty() || title == untitled || title.starts_with("<") ||
         title.starts_with("[file mime=");
}

// allow|always, ask|once, deny|reject (tandem §4.2).
std::optional<core::RuleAction> action_of(std::string_view word) {
  if (word == "allow" || word == "always") return core::RuleAction::allow;
  if (word == "ask" || word == "once") return core::RuleAction::ask;
  if (word == "deny" || word == "reject") return core::RuleAction::deny;
  return std::nullopt;
}

Result<core::PermissionRule> decode_rule(const Json& row) {
  if (!row.is_object()) {
    return fail(ErrorKind::invalid, "permission must be a list of objects", "permission");
  }
  core::PermissionRule out;
  auto permission = text_member(row, {"permission", "tool"});
  if (!permission) return fail(std::move(permission.error()));
  if (!*permission || (*permission)->empty()) {
    return fail(ErrorKind::invalid, "permission: each rule names a tool in 'permission'",
                "permission");
  }
  out.permission = std::move(**permission);
  auto pattern = text_member(row, {"pattern"});
  if (!pattern) return fail(std::move(pattern.error()));
  if (*pattern && !(*pattern)->empty()) out.pattern = std::move(**pattern);
  const auto action = text_member(row, {"action"});
  if (!action) return fail(action.error());
  const auto word = action_of(action->value_or("ask"));
  if (!word) {
    return fail(ErrorKind::invalid,
                "permission: '" + **action + "' is no action; use allow, ask or deny",
                "permission");
  }
  out.action = *word;
  return out;
}

Result<std::vector<core::PermissionRule>> decode_rules(const Json& body) {
  std::vector<core::PermissionRule> out;
  const Json* rows = member(body, {"permission", "permissions"});
  if (rows == nullptr) return out;
  if (!rows->is_array()) {
    return fail(ErrorKind::invalid, "permission must be a list of rules", "permission");
  }
  for (const Json& row : *rows) {
    auto rule = decode_rule(row);
    if (!rule) return fail(std::move(rule.error()));
    out.push_back(std::move(*rule));
  }
  return out;
}

Result<void> decode_sampling(const Json& body, core::ModelSettings& settings) {
  if (const Json* found = member(body, {"temperature"})) {
    if (!found->is_number()) {
      return fail(ErrorKind::invalid, "temperature must be a number", "temperature");
    }
    settings.temperature = found->get<double>();
  }
  if (const Json* found = member(body, {"max_tokens", "maxTokens"})) {
    const bool fits = found->is_number_integer() && *found > 0 && *found <= 10'000'000;
    if (!fits) {
      return fail(ErrorKind::invalid, "max_tokens must be a positive integer", "max_tokens");
    }
    settings.max_output_tokens = found->get<int>();
  }
  return {};
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void write_text_part(JsonWriter& json, std::string_view type, std::string_view text) {
  json.object().field("type", type).field("text", text).end_object();
}

void write_tool_part(JsonWriter& json, const core::ToolCallPart& call,
                     const core::ToolResultPart* result) {
  json.object().field("type", "tool").field("tool", core::engine_tool(call.tool));
  json.key("args").value(call.arguments);
  const bool failed = result != nullptr && result->is_error;
  json.key("result");
  result != nullptr && !failed ? json.value(result->content) : json.null();
  json.key("error");
  failed ? json.value(result->content) : json.null();
  json.end_object();
}

const core::ToolResultPart* result_of(const std::vector<core::Part>& parts, std::size_t call) {
  const std::string& id = std::get<core::ToolCallPart>(parts[call]).call_id;
  for (std::size_t i = call + 1; i < parts.size(); ++i) {
    const auto* result = std::get_if<core::ToolResultPart>(&parts[i]);
    if (result != nullptr && result->call_id == id) return result;
  }
  return nullptr;
}

void write_part(JsonWriter& json, const std::vector<core::Part>& parts, std::size_t i) {
  const core::Part& part = parts[i];
  if (const auto* text = std::get_if<core::TextPart>(&part)) {
    write_text_part(json, "text", text->text);
  } else if (const auto* refusal = std::get_if<core::RefusalPart>(&part)) {
    write_text_part(json, "text", refusal->text);
  } else if (const auto* reasoning = std::get_if<core::ReasoningPart>(&part)) {
    if (!reasoning->text.empty()) write_text_part(json, "reasoning", reasoning->text);
  } else if (const auto* file = std::get_if<core::FilePart>(&part)) {
    write_text_part(json, "text", file_text(file->mime, file->filename, file->url));
  } else if (const auto* call = std::get_if<core::ToolCallPart>(&part)) {
    write_tool_part(json, *call, result_of(parts, i));
  }
}

void write_info(JsonWriter& json, std::string_view id, std::string_view thread_id,
                std::string_view role, base::Time at) {
  json.key("info").object().field("id", id).field("sessionID", thread_id).field("role", role);
  json.key("time").object().field("created", seconds_of(at)).end_object().end_object();
}

}  // namespace

Result<core::ModelSettings> decode_model(const Json& body) {
  core::ModelSettings out;
  auto provider = text_member(body, {"provider", "providerID", "provider_id", "providerId"});
  if (!provider) return fail(std::move(provider.error()));
  if (*provider && !(*provider)->empty()) out.provider = std::move(**provider);
  auto model = text_member(body, model_names);
  if (!model) return fail(std::move(model.error()));
  if (const Json* named = member(body, {"model"})) {
    if (named->is_string()) {
      model = named->get<std::string>();
    } else if (named->is_object()) {
      auto its_provider = text_member(*named, provider_names);
      if (!its_provider) return fail(std::move(its_provider.error()));
      if (*its_provider && !(*its_provider)->empty()) out.provider = std::move(**its_provider);
      model = text_member(*named, model_names);
      if (!model) return fail(std::move(model.error()));
    } else {
      return fail(ErrorKind::invalid, "model must be an object with providerID and modelID",
                  "model");
    }
  }
  if (*model && !(*model)->empty()) out.model = std::move(**model);
  auto sampled = decode_sampling(body, out);
  if (!sampled) return fail(std::move(sampled.error()));
  return out;
}

Result<NewSession> decode_new_session(const Json& body) {
  NewSession out;
  auto title = text_member(body, {"title"});
  if (!title) return fail(std::move(title.error()));
  if (*title && !is_placeholder(**title)) out.thread.title = core::tidy_title(**title);
  auto directory = text_member(body, {"workspace_root", "workspaceRoot", "directory"});
  if (!directory) return fail(std::move(directory.error()));
  if (*directory && **directory != "." && **directory != "./") {
    out.thread.directory = std::move(**directory);
  }
  auto parent = text_member(body, {"parent_id", "parentID", "parentId"});
  if (!parent) return fail(std::move(parent.error()));
  if (*parent) out.thread.parent_id = base::plain_form(**parent);
  auto settings = decode_model(body);
  if (!settings) return fail(std::move(settings.error()));
  out.thread.settings = std::move(*settings);
  auto rules = decode_rules(body);
  if (!rules) return fail(std::move(rules.error()));
  out.thread.rules = std::move(*rules);
  return out;
}

Result<SessionQuery> decode_session_query(const net::Request& request) {
  SessionQuery out;
  const auto page = number_parameter(request, "page");
  if (!page) return fail(page.error());
  const auto size = number_parameter(request, "page_size");
  if (!size) return fail(size.error());
  const auto rows = static_cast<std::int64_t>(limits::list_rows_max);
  const std::int64_t page_size = std::clamp<std::int64_t>(
      size->value_or(static_cast<std::int64_t>(limits::tandem_page_rows_default)), 1, rows);
  const std::int64_t number = std::clamp<std::int64_t>(page->value_or(1), 1, 1'000'000'000);
  out.page.limit = static_cast<std::size_t>(page_size);
  out.page.offset = static_cast<std::size_t>((number - 1) * page_size);
  out.page.matching = request.query_parameter("q").value_or("");
  if (const auto archived = request.query_parameter("archived"); archived && !archived->empty()) {
    if (*archived != "true" && *archived != "false") {
      return fail(ErrorKind::invalid, "archived must be true or false", "query.archived");
    }
    out.page.shown =
        *archived == "true" ? core::ThreadsShown::archived : core::ThreadsShown::not_archived;
  }
  const std::string scope = request.query_parameter("scope").value_or("");
  if (!scope.empty() && scope != "workspace" && scope != "global") {
    return fail(ErrorKind::invalid, "scope must be workspace or global", "query.scope");
  }
  if (scope != "global") out.workspace = request.query_parameter("workspace").value_or("");
  return out;
}

std::string project_id(std::string_view directory) {
  constexpr std::size_t digits = 12;
  return "workspace-" + base::sha256_hex(lower(std::string(directory))).substr(0, digits);
}

std::string_view shown_title(const core::Thread& thread) {
  return thread.title.empty() ? untitled : std::string_view(thread.title);
}

void write_session_members(JsonWriter& json, const core::Thread& thread,
                           std::string_view directory) {
  json.field("id", thread.id).field("version", "v1").field("projectID", project_id(directory));
  json.field("directory", directory).field("workspaceRoot", directory);
  json.field("title", shown_title(thread));
  json.field("createdAtMs", milliseconds_of(thread.created_at));
  json.key("time").object().field("created", seconds_of(thread.created_at));
  json.field("updated", seconds_of(thread.updated_at)).end_object();
  const core::ModelSettings& settings = thread.settings;
  if (settings.provider && settings.model) {
    json.key("model").object().field("providerID", *settings.provider);
    json.field("modelID", *settings.model).end_object();
  }
  if (settings.provider) json.field("provider", *settings.provider);
  json.key("environment");
  write_environment(json);
  json.key("messages").array().end_array();
  if (thread.archived_at) json.field("archived", true);
  if (!thread.parent_id.empty()) json.field("parentID", thread.parent_id);
  if (thread.moved) {
    const auto place = [&](const std::string& path) {
      return path.empty() ? std::string_view(".") : std::string_view(path);
    };
    json.field("originWorkspaceRoot", place(thread.moved->origin));
    json.field("attachedFromWorkspace", place(thread.moved->from));
    json.field("attachedToWorkspace", directory);
    json.field("attachTimestampMs", milliseconds_of(thread.moved->at));
    json.field("attachReason", thread.moved->reason);
  }
}

std::string encode_session(const core::Thread& thread, std::string_view directory) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_session_members(json, thread, directory);
  json.end_object();
  return out;
}

std::string encode_message(const core::Message& message) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_info(json, message.id, message.thread_id, core::to_string(message.role),
             message.created_at);
  json.key("parts").array();
  for (std::size_t i = 0; i < message.parts.size(); ++i) write_part(json, message.parts, i);
  json.end_array().end_object();
  return out;
}

std::string encode_failure(const core::Message& user_message, std::string_view error,
                           base::Time at) {
  std::string out;
  JsonWriter json(out);
  json.object();
  write_info(json, user_message.run_id + "-error", user_message.thread_id, "assistant", at);
  json.key("parts").array();
  write_text_part(json, "text",
                  "ENGINE_ERROR: " + std::string(failure_code(error)) + ": " + failure_text(error));
  json.end_array().end_object();
  return out;
}

}  // namespace colonnade::dialects::tandem
