#include "providers/anthropic/request.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "core/models/limits.hpp"
#include "providers/upstream/attachment.hpp"
#include "providers/upstream/transcript.hpp"

namespace colonnade::providers::anthropic {
namespace {

using base::Json;
using base::JsonWriter;
using upstream::AttachmentKind;
using upstream::Entry;
using upstream::EntryKind;

// --- what a model takes -------------------------------------------------------------------------

template <std::size_t N>
bool begins_with_any(std::string_view model, const std::array<std::string_view, N>& prefixes) {
  return std::ranges::any_of(prefixes, [&](auto prefix) { return model.starts_with(prefix); });
}

// The models before adaptive thinking; a closed list, since every later one has it.
bool thinks_by_budget(std::string_view model) {
  constexpr std::array<std::string_view, 9> prefixes = {
      "claude-3-",          "claude-sonnet-4-0", "claude-sonnet-4-2025",
      "claude-sonnet-4-5",  "claude-opus-4-0",   "claude-opus-4-1",
      "claude-opus-4-2025", "claude-opus-4-5",   "claude-haiku-4-5"};
  return begins_with_any(model, prefixes);
}

// Later Claude models refuse sampling parameters; whatever else speaks this wire takes them.
bool takes_temperature(std::string_view model) {
  constexpr std::array<std::string_view, 2> prefixes = {"claude-opus-4-6", "claude-sonnet-4-6"};
  return !model.starts_with("claude-") || thinks_by_budget(model) ||
         begins_with_any(model, prefixes);
}

struct Thinking {
  enum class Mode { off, adaptive, budget } mode = Mode::off;
  std::string effort{};   // adaptive
  int budget_tokens = 0;  // budget
  int max_tokens = 0;
};

int tokens_for(std::string_view effort) {
  if (effort == "low") return limits::thinking_tokens_low;
  if (effort == "medium") return limits::thinking_tokens_medium;
  return limits::thinking_tokens_high;
}

// The words of other vendors' scales are the nearest of this one.
std::string effort_of(const core::ModelRequest& request) {
  const std::string effort = request.reasoning_effort.value_or("");
  if (effort == "none") return "";
  return effort == "minimal" ? "low" : effort;
}

Thinking thinking_of(const core::ModelRequest& request, bool last_turn_may_think) {
  Thinking out;
  out.effort = effort_of(request);
  const int room = out.effort.empty() ? 0 : tokens_for(out.effort);
  out.max_tokens = request.max_output_tokens.value_or(limits::model_output_tokens_default + room);
  // The vendor refuses thinking in a reply that has to call a tool.
  if (out.effort.empty() || request.tool_required) return out;
  if (!thinks_by_budget(request.model)) {
    out.mode = Thinking::Mode::adaptive;
    return out;
  }
  // The budget is part of max_tokens and must leave room for an answer.
  const int answer = std::min(limits::thinking_tokens_min, out.max_tokens / 2);
  out.budget_tokens = std::min(room, out.max_tokens - answer);
  if (out.budget_tokens >= limits::thinking_tokens_min && last_turn_may_think) {
    out.mode = Thinking::Mode::budget;
  }
  return out;
}

// --- blocks -------------------------------------------------------------------------------------

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

struct VendorMessage {
  bool from_user = true;
  std::vector<Json> blocks{};
};

Json text_block(std::string text) { return {{"type", "text"}, {"text", std::move(text)}}; }

Json file_block(const core::FilePart& file) {
  auto attachment = upstream::attachment_of(file);
  switch (attachment.kind) {
    case AttachmentKind::image_data:
    case AttachmentKind::document_data: {
      const bool image = attachment.kind == AttachmentKind::image_data;
      return {{"type", image ? "image" : "document"},
              {"source",
               {{"type", "base64"},
                {"media_type", std::move(attachment.mime)},
                {"data", std::move(attachment.data)}}}};
    }
    case AttachmentKind::image_link:
    case AttachmentKind::document_link: {
      const bool image = attachment.kind == AttachmentKind::image_link;
      return {{"type", image ? "image" : "document"},
              {"source", {{"type", "url"}, {"url", std::move(attachment.data)}}}};
    }
    case AttachmentKind::text:
      return {
          {"type", "document"},
          {"title", std::move(attachment.filename)},
          {"source",
           {{"type", "text"}, {"media_type", "text/plain"}, {"data", std::move(attachment.data)}}}};
    case AttachmentKind::note: break;
  }
  return text_block(std::move(attachment.data));
}

Json result_block(const core::ToolResultPart& result) {
  Json block = {{"type", "tool_result"}, {"tool_use_id", result.call_id}};
  if (!is_blank(result.content)) block["content"] = result.content;
  if (result.is_error) block["is_error"] = true;
  return block;
}

std::optional<Json> reasoning_block(const core::ReasoningPart& part, const std::string& provider) {
  if (part.provider != provider) return std::nullopt;
  if (!part.redacted.empty()) return Json{{"type", "redacted_thinking"}, {"data", part.redacted}};
  if (part.signature.empty()) return std::nullopt;  // the vendor would refuse it
  return Json{{"type", "thinking"}, {"thinking", part.text}, {"signature", part.signature}};
}

// Adds the block of one part of the assistant's. An extra_fields part completes the block before
// it.
void add_assistant_part(const core::Part& part, const std::string& provider, bool& extra_fits,
                        std::vector<Json>& blocks) {
  const std::size_t before = blocks.size();
  if (const auto* text = std::get_if<core::TextPart>(&part)) {
    if (!is_blank(text->text)) blocks.push_back(text_block(text->text));
  } else if (const auto* call = std::get_if<core::ToolCallPart>(&part)) {
    blocks.push_back({{"type", "tool_use"},
                      {"id", call->call_id},
                      {"name", upstream::called_name(call->tool)},
                      {"input", call->arguments.is_object() ? call->arguments : Json::object()}});
  } else if (const auto* reasoning = std::get_if<core::ReasoningPart>(&part)) {
    if (auto block = reasoning_block(*reasoning, provider)) blocks.push_back(std::move(*block));
  } else if (const auto* own = std::get_if<core::ProviderPart>(&part)) {
    if (own->provider != provider || !own->block.contains("type")) return;
    const Json fields = own->block.value("fields", Json());
    if (own->block.at("type") != "extra_fields") {
      blocks.push_back(own->block);
    } else if (extra_fits && fields.is_object()) {
      blocks.back().update(fields);
    }
  }
  extra_fits = blocks.size() > before;
}

std::vector<Json> blocks_of(const Entry& entry, const std::string& provider) {
  std::vector<Json> blocks;
  bool extra_fits = false;
  for (const auto* part : entry.parts) {
    if (entry.kind == EntryKind::assistant) {
      add_assistant_part(*part, provider, extra_fits, blocks);
    } else if (const auto* text = std::get_if<core::TextPart>(part)) {
      if (!is_blank(text->text)) blocks.push_back(text_block(text->text));
    } else if (const auto* file = std::get_if<core::FilePart>(part)) {
      blocks.push_back(file_block(*file));
    } else if (const auto* result = std::get_if<core::ToolResultPart>(part)) {
      blocks.push_back(result_block(*result));
    }
  }
  return blocks;
}

bool is_refused(const Entry& entry) {
  return std::ranges::any_of(entry.parts, [](const auto* part) {
    return std::holds_alternative<core::RefusalPart>(*part);
  });
}

// --- messages -----------------------------------------------------------------------------------

struct Conversation {
  std::string system{};
  std::vector<VendorMessage> messages{};
};

void add_system(const Entry& entry, std::string& system) {
  for (const auto* part : entry.parts) {
    const auto* text = std::get_if<core::TextPart>(part);
    if (text == nullptr || is_blank(text->text)) continue;
    if (!system.empty()) system += "\n\n";
    system += text->text;
  }
}

Conversation conversation_of(const core::ModelRequest& request, const std::string& provider) {
  Conversation out;
  if (!is_blank(request.instructions)) out.system = request.instructions;
  const upstream::Transcript transcript(request.messages);
  bool skip_results = false;  // of a refused entry's calls
  for (const auto& entry : transcript.entries()) {
    if (entry.kind == EntryKind::system) {
      add_system(entry, out.system);
      continue;
    }
    if (entry.kind == EntryKind::assistant) skip_results = is_refused(entry);
    if (skip_results && entry.kind != EntryKind::user) continue;
    auto blocks = blocks_of(entry, provider);
    if (blocks.empty()) continue;
    const bool from_user = entry.kind != EntryKind::assistant;
    if (out.messages.empty() && !from_user) {
      out.messages.push_back({.from_user = true});
      out.messages.back().blocks.push_back(text_block("[earlier messages are left out]"));
    }
    if (out.messages.empty() || out.messages.back().from_user != from_user) {
      out.messages.push_back({.from_user = from_user});
    }
    auto& into = out.messages.back().blocks;
    std::ranges::move(blocks, std::back_inserter(into));
  }
  return out;
}

// With a thinking budget the vendor wants the last assistant message to begin with its thinking
// when that message waits for tool results. A turn that began without (on another provider, or
// before the setting changed) goes on without.
bool last_turn_may_think(const std::vector<VendorMessage>& messages) {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (message->from_user) continue;
    const auto calls = [](const Json& block) { return block.at("type") == "tool_use"; };
    const Json& first = message->blocks.front().at("type");
    return first == "thinking" || first == "redacted_thinking" ||
           std::ranges::none_of(message->blocks, calls);
  }
  return true;
}

void write_thinking(JsonWriter& w, const Thinking& thinking) {
  if (thinking.mode == Thinking::Mode::adaptive) {
    w.key("output_config").object().field("effort", thinking.effort).end_object();
    w.key("thinking")
        .object()
        .field("display", "summarized")
        .field("type", "adaptive")
        .end_object();
  } else if (thinking.mode == Thinking::Mode::budget) {
    w.key("thinking").object();
    w.field("budget_tokens", thinking.budget_tokens).field("type", "enabled").end_object();
  }
}

// --- prompt caching -----------------------------------------------------------------------------

// "Prompt caching": the vendor looks this many blocks back from a mark for what it has kept.
constexpr std::size_t lookback_blocks = 20;

void write_mark(JsonWriter& w) {
  w.key("cache_control").object().field("type", "ephemeral").end_object();
}

// The mark of the whole request stands at its last block and moves with it. When a round of tools
// added more blocks than the vendor looks back over, the end of the request before is marked too.
void mark_end_of_last_request(std::vector<VendorMessage>& messages) {
  std::size_t behind = 0;
  for (std::size_t i = messages.size(); i-- > 0;) {
    const bool ended_request = messages[i].from_user && i + 1 < messages.size();
    if (!ended_request) {
      behind += messages[i].blocks.size();
      continue;
    }
    // Of the user's blocks none is one that cannot be marked.
    if (behind >= lookback_blocks) {
      messages[i].blocks.back()["cache_control"] = {{"type", "ephemeral"}};
    }
    return;
  }
}

void write_system(JsonWriter& w, const std::string& system, bool marked) {
  if (system.empty()) return;
  if (!marked) {
    w.field("system", system);
    return;
  }
  w.key("system").array().object();
  write_mark(w);
  w.field("text", system).field("type", "text").end_object().end_array();
}

void write_messages(JsonWriter& w, const std::vector<VendorMessage>& messages) {
  w.key("messages").array();
  for (const auto& message : messages) {
    w.object().key("content").array();
    for (const auto& block : message.blocks) w.value(block);
    w.end_array().field("role", message.from_user ? "user" : "assistant").end_object();
  }
  w.end_array();
}

void write_tools(JsonWriter& w, const core::ModelRequest& request, bool marked) {
  const std::vector<core::ToolDefinition>& tools = request.tools;
  if (tools.empty()) return;
  if (request.tool_required) w.key("tool_choice").object().field("type", "any").end_object();
  w.key("tools").array();
  for (const auto& tool : tools) {
    w.object();
    if (marked && &tool == &tools.back()) write_mark(w);
    if (!is_blank(tool.description)) w.field("description", tool.description);
    w.field("input_schema", upstream::object_schema(tool.input_schema));
    w.field("name", tool.name).end_object();
  }
  w.end_array();
}

}  // namespace

// Keys in alphabetical order, as everywhere in a body.
std::string request_body(const core::ModelRequest& request, const RequestOptions& options) {
  Conversation conversation = conversation_of(request, options.provider);
  const Thinking thinking = thinking_of(request, last_turn_may_think(conversation.messages));
  const bool marked = options.prompt_cache;
  if (marked) mark_end_of_last_request(conversation.messages);
  std::string out;
  JsonWriter w(out);
  w.object();
  if (marked) write_mark(w);
  w.field("max_tokens", thinking.max_tokens);
  write_messages(w, conversation.messages);
  if (!request.end_user.empty()) {
    w.key("metadata").object().field("user_id", request.end_user).end_object();
  }
  w.field("model", request.model);
  w.field("stream", true);
  write_system(w, conversation.system, marked);
  if (request.temperature && thinking.mode == Thinking::Mode::off &&
      takes_temperature(request.model)) {
    w.field("temperature", *request.temperature);
  }
  write_thinking(w, thinking);
  write_tools(w, request, marked);
  w.end_object();
  return out;
}

}  // namespace colonnade::providers::anthropic
