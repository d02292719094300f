#include "dialects/tandem/prompt_body.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/session_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

std::unexpected<base::Error> wrong(std::string name, std::string_view what) {
  std::string message = name + " " + std::string(what);
  return fail(ErrorKind::invalid, std::move(message), std::move(name));
}

std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<PromptPart> decode_part(const Json& row, std::size_t index) {
  const std::string name = "parts[" + std::to_string(index) + "]";
  if (!row.is_object()) return wrong(name, "must be an object with a type");
  const std::string type = text_in(row, "type");
  if (type == "text" || (type.empty() && row.contains("text"))) {
    const auto text = row.find("text");
    if (text == row.end() || !text->is_string()) return wrong(name + ".text", "must be a string");
    return PromptPart{.text = text->get<std::string>()};
  }
  if (type != "file") return wrong(name + ".type", "must be text or file");
  PromptPart out{.is_file = true,
                 .mime = text_in(row, "mime"),
                 .filename = text_in(row, "filename"),
                 .url = text_in(row, "url")};
  if (out.url.empty()) return wrong(name + ".url", "must say where the file is");
  return out;
}

Result<std::vector<PromptPart>> decode_parts(const Json& body) {
  std::vector<PromptPart> out;
  if (const Json* rows = member(body, {"parts"})) {
    if (!rows->is_array()) return wrong("parts", "must be a list");
    for (std::size_t i = 0; i < rows->size(); ++i) {
      auto part = decode_part((*rows)[i], i);
      if (!part) return fail(std::move(part.error()));
      out.push_back(std::move(*part));
    }
  } else {
    auto text = text_member(body, {"prompt", "text", "message"});
    if (!text) return fail(std::move(text.error()));
    if (*text) out.push_back({.text = std::move(**text)});
  }
  std::erase_if(out, [](const PromptPart& part) { return !part.is_file && part.text.empty(); });
  if (out.empty()) return wrong("parts", "must have a text or a file");
  return out;
}

Result<core::ToolUse> decode_tool_mode(const Json& body) {
  const auto word = text_member(body, {"toolMode", "tool_mode"});
  if (!word) return fail(word.error());
  const std::string mode = word->value_or("auto");
  if (mode == "auto") return core::ToolUse::automatic;
  if (mode == "none") return core::ToolUse::none;
  if (mode == "required") return core::ToolUse::required;
  return wrong("toolMode", "must be auto, none or required");
}

Result<std::optional<std::vector<std::string>>> decode_tools(const Json& body) {
  const Json* rows = member(body, {"toolAllowlist", "tool_allowlist"});
  if (rows == nullptr) return std::nullopt;
  std::vector<std::string> out;
  const bool fits = rows->is_array() && rows->size() <= limits::tandem_allowlist_names_max;
  if (!fits) {
    return wrong("toolAllowlist", "must be a list of at most " +
                                      std::to_string(limits::tandem_allowlist_names_max) +
                                      " names of tools");
  }
  for (const Json& row : *rows) {
    if (!row.is_string()) return wrong("toolAllowlist", "must be a list of names of tools");
    out.push_back(row.get<std::string>());
  }
  // An empty list says nothing: clients send it where they have none.
  if (out.empty()) return std::nullopt;
  return out;
}

Result<void> check_context_mode(const Json& body) {
  const auto word = text_member(body, {"contextMode", "context_mode"});
  if (!word) return fail(word.error());
  const std::string mode = word->value_or("auto");
  if (mode == "auto" || mode == "compact" || mode == "full") return {};
  return wrong("contextMode", "must be auto, compact or full");
}

}  // namespace

Result<Prompt> decode_prompt(const Json& body) {
  Prompt out;
  auto parts = decode_parts(body);
  if (!parts) return fail(std::move(parts.error()));
  out.parts = std::move(*parts);
  auto settings = decode_model(body);
  if (!settings) return fail(std::move(settings.error()));
  out.settings = std::move(*settings);
  auto agent = text_member(body, {"agent", "agentID", "agent_id"});
  if (!agent) return fail(std::move(agent.error()));
  out.agent = agent->value_or("");
  const auto use = decode_tool_mode(body);
  if (!use) return fail(use.error());
  out.tool_use = *use;
  auto tools = decode_tools(body);
  if (!tools) return fail(std::move(tools.error()));
  out.tools = std::move(*tools);
  if (auto mode = check_context_mode(body); !mode) return fail(std::move(mode.error()));
  // tandem §2.2: a run that has to write is one that has to use a tool.
  const auto writes = flag_member(body, {"writeRequired", "write_required"});
  if (!writes) return fail(writes.error());
  if (writes->value_or(false) && out.tool_use == core::ToolUse::automatic) {
    out.tool_use = core::ToolUse::required;
  }
  return out;
}

Json client_of(const net::Request& request) {
  Json out = Json::object();
  const auto take = [&](const char* name, std::string_view header) {
    const std::string_view value = request.header(header);
    const bool fits = !value.empty() && value.size() <= limits::tandem_client_id_bytes_max;
    if (fits) out[name] = value;
  };
  take("clientID", "x-tandem-client-id");
  take("agentID", "x-tandem-agent-id");
  take("correlationID", "x-tandem-correlation-id");
  if (out.empty()) return nullptr;
  return out;
}

}  // namespace colonnade::dialects::tandem
