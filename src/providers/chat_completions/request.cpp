#include "providers/chat_completions/request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "providers/upstream/attachment.hpp"
#include "providers/upstream/transcript.hpp"

namespace colonnade::providers::chat_completions {
namespace {

using base::Json;
using base::JsonWriter;
using upstream::Attachment;
using upstream::AttachmentKind;
using upstream::Entry;
using upstream::EntryKind;

std::string joined_text(const Entry& entry) {
  std::string out;
  for (const auto* part : entry.parts) {
    if (const auto* text = std::get_if<core::TextPart>(part)) out += text->text;
  }
  return out;
}

// --- the user -----------------------------------------------------------------------------------

void write_text_piece(JsonWriter& w, std::string_view text) {
  w.object().field("text", text).field("type", "text").end_object();
}

void write_image(JsonWriter& w, std::string_view url) {
  w.object().key("image_url").object().field("url", url).end_object();
  w.field("type", "image_url").end_object();
}

void write_file(JsonWriter& w, const core::FilePart& file, const Dialect& dialect) {
  const Attachment attachment = upstream::attachment_of(file);
  const std::string inline_url = "data:" + attachment.mime + ";base64," + attachment.data;
  switch (attachment.kind) {
    case AttachmentKind::image_data: write_image(w, inline_url); return;
    case AttachmentKind::image_link: write_image(w, attachment.data); return;
    case AttachmentKind::document_data:
      if (!dialect.files) break;
      w.object().key("file").object();
      w.field("file_data", inline_url).field("filename", attachment.filename).end_object();
      w.field("type", "file").end_object();
      return;
    case AttachmentKind::text:
      write_text_piece(w, "[file \"" + attachment.filename + "\"]\n" + attachment.data);
      return;
    case AttachmentKind::note: write_text_piece(w, attachment.data); return;
    case AttachmentKind::document_link: break;
  }
  const std::string place =
      attachment.kind == AttachmentKind::document_link ? " at " + attachment.data : "";
  write_text_piece(w, "[file \"" + attachment.filename + "\" (" + attachment.mime + ")" + place +
                          " was attached; this model cannot be shown it]");
}

bool has_content(const core::Part* part) {
  const auto* text = std::get_if<core::TextPart>(part);
  return std::holds_alternative<core::FilePart>(*part) || (text != nullptr && !text->text.empty());
}

void write_user(JsonWriter& w, const Entry& entry, const Dialect& dialect) {
  const auto pieces = std::ranges::count_if(entry.parts, has_content);
  w.object().key("content");
  const std::string text = joined_text(entry);
  if (pieces == 1 && !text.empty()) {  // the form that every server takes
    w.value(text);
  } else {
    w.array();
    for (const auto* part : entry.parts) {
      if (!has_content(part)) continue;
      if (const auto* file = std::get_if<core::FilePart>(part)) write_file(w, *file, dialect);
      if (const auto* piece = std::get_if<core::TextPart>(part)) write_text_piece(w, piece->text);
    }
    w.end_array();
  }
  w.field("role", "user").end_object();
}

// --- the assistant ------------------------------------------------------------------------------

struct AssistantContent {
  std::string text{};
  std::string refusal{};
  std::string reasoning{};
  Json reasoning_details = Json::array();
  std::vector<const core::ToolCallPart*> calls{};
};

AssistantContent said_in(const Entry& entry, const std::string& provider) {
  AssistantContent out;
  for (const auto* part : entry.parts) {
    if (const auto* text = std::get_if<core::TextPart>(part)) out.text += text->text;
    if (const auto* refusal = std::get_if<core::RefusalPart>(part)) out.refusal += refusal->text;
    if (const auto* call = std::get_if<core::ToolCallPart>(part)) out.calls.push_back(call);
    const auto* reasoning = std::get_if<core::ReasoningPart>(part);
    if (reasoning == nullptr || reasoning->provider != provider) continue;
    out.reasoning += reasoning->text;
    for (const auto& detail : reasoning->details) out.reasoning_details.push_back(detail);
  }
  return out;
}

void write_calls(JsonWriter& w, const std::vector<const core::ToolCallPart*>& calls) {
  if (calls.empty()) return;
  w.key("tool_calls").array();
  for (const auto* call : calls) {
    w.object().key("function").object();
    const bool object = call->arguments.is_object();
    w.field("arguments", object ? base::to_text(call->arguments) : std::string("{}"));
    w.field("name", upstream::called_name(call->tool)).end_object();
    w.field("id", call->call_id).field("type", "function").end_object();
  }
  w.end_array();
}

// False when there is nothing to be sent of it.
bool write_assistant(JsonWriter& w, const Entry& entry, const Options& options, bool turn_is_open) {
  AssistantContent said = said_in(entry, options.name);
  const Dialect& dialect = options.dialect;
  if (!dialect.refusal_field) said.refusal.clear();
  if (said.text.empty() && said.refusal.empty() && said.calls.empty()) return false;
  w.object().key("content");
  if (said.text.empty()) {
    w.null();
  } else {
    w.value(said.text);
  }
  if (dialect.reasoning_return == ReasoningReturn::reasoning_content && turn_is_open &&
      !said.reasoning.empty()) {
    w.field("reasoning_content", said.reasoning);
  }
  if (dialect.reasoning_return == ReasoningReturn::reasoning_details &&
      !said.reasoning_details.empty()) {
    w.field("reasoning_details", said.reasoning_details);
  }
  if (!said.refusal.empty()) w.field("refusal", said.refusal);
  w.field("role", "assistant");
  write_calls(w, said.calls);
  w.end_object();
  return true;
}

// The templates of many local models (Gemma, Mistral) refuse a user's message that follows another
// one, or a tool's result: this stands for the answer that there was not.
void write_missing_answer(JsonWriter& w) {
  w.object().field("content", "[No answer was given.]").field("role", "assistant").end_object();
}

void write_results(JsonWriter& w, const Entry& entry) {
  for (const auto* part : entry.parts) {
    const auto* result = std::get_if<core::ToolResultPart>(part);
    if (result == nullptr) continue;
    w.object().field("content", result->content).field("role", "tool");
    w.field("tool_call_id", result->call_id).end_object();
  }
}

// --- the whole ----------------------------------------------------------------------------------

void write_system(JsonWriter& w, std::string_view text, const Dialect& dialect) {
  if (text.empty()) return;
  w.object().field("content", text).field("role", dialect.instructions_role).end_object();
}

void write_messages(JsonWriter& w, const core::ModelRequest& request, const Options& options) {
  const upstream::Transcript transcript(request.messages);
  const auto& entries = transcript.entries();
  const auto last_user =
      std::ranges::find(entries.rbegin(), entries.rend(), EntryKind::user, &Entry::kind);
  const Entry* open_from = last_user == entries.rend() ? entries.data() : &*last_user;
  w.key("messages").array();
  write_system(w, request.instructions, options.dialect);
  bool wants_answer = false;  // the last message was the user's, or a tool's result
  for (const auto& entry : entries) {
    switch (entry.kind) {
      case EntryKind::system: write_system(w, joined_text(entry), options.dialect); break;
      case EntryKind::user:
        if (std::ranges::none_of(entry.parts, has_content)) break;
        if (wants_answer) write_missing_answer(w);
        write_user(w, entry, options.dialect);
        wants_answer = true;
        break;
      case EntryKind::assistant:
        if (write_assistant(w, entry, options, &entry >= open_from)) wants_answer = false;
        break;
      case EntryKind::tool_results:
        write_results(w, entry);
        wants_answer = true;
        break;
    }
  }
  w.end_array();
}

std::string shown_description(const std::string& text, std::size_t characters_max) {
  if (characters_max == 0) return text;
  const std::string_view all = base::first_characters(text, characters_max);
  if (all.size() == text.size()) return text;
  return std::string(base::first_characters(text, characters_max - 1)) + "\xE2\x80\xA6";
}

void write_tools(JsonWriter& w, const core::ModelRequest& request, const Dialect& dialect) {
  const std::vector<core::ToolDefinition>& tools = request.tools;
  if (tools.empty()) return;
  if (request.tool_required) w.field("tool_choice", "required");
  w.key("tools").array();
  for (const auto& tool : tools) {
    w.object().key("function").object();
    if (!tool.description.empty()) {
      w.field("description",
              shown_description(tool.description, dialect.description_characters_max));
    }
    w.field("name", tool.name);
    w.field("parameters", upstream::object_schema(tool.input_schema)).end_object();
    w.field("type", "function").end_object();
  }
  w.end_array();
}

}  // namespace

// Keys in alphabetical order, but for the few whose names are the dialect's.
std::string request_body(const core::ModelRequest& request, const Options& options) {
  const Dialect& dialect = options.dialect;
  const bool reasons = request.reasoning_effort && *request.reasoning_effort != "none" &&
                       dialect.reasoning_request != ReasoningRequest::none;
  std::string out;
  JsonWriter w(out);
  w.object();
  if (request.max_output_tokens) w.field(dialect.output_limit_field, *request.max_output_tokens);
  write_messages(w, request, options);
  w.field("model", request.model);
  if (!request.cache_key.empty() && !dialect.cache_key_field.empty()) {
    w.field(dialect.cache_key_field, request.cache_key);
  }
  if (request.reasoning_effort && dialect.reasoning_request == ReasoningRequest::reasoning_object) {
    w.key("reasoning").object().field("effort", *request.reasoning_effort).end_object();
  }
  if (request.reasoning_effort && dialect.reasoning_request == ReasoningRequest::reasoning_effort) {
    w.field("reasoning_effort", *request.reasoning_effort);
  }
  w.field("stream", true);
  if (dialect.stream_options) {
    w.key("stream_options").object().field("include_usage", true).end_object();
  }
  if (request.temperature && !(reasons && dialect.temperature_excludes_reasoning)) {
    w.field("temperature", *request.temperature);
  }
  write_tools(w, request, dialect);
  if (dialect.usage_include) w.key("usage").object().field("include", true).end_object();
  if (!request.end_user.empty() && !dialect.end_user_field.empty()) {
    w.field(dialect.end_user_field, request.end_user);
  }
  w.end_object();
  return out;
}

}  // namespace colonnade::providers::chat_completions
