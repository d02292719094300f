#include "providers/anthropic/stream_decoder.hpp"

#include <nlohmann/json.hpp>

#include "providers/upstream/chunk.hpp"
#include "providers/upstream/citations.hpp"
#include "providers/upstream/sse_decoder.hpp"

namespace colonnade::providers::anthropic {
namespace {

using base::Json;
using base::Result;
using upstream::count_member;
using upstream::Element;
using upstream::integer_member;
using upstream::member;
using upstream::object_member;
using upstream::text_member;

enum class BlockKind { text, thinking, redacted_thinking, tool_use, opaque };

BlockKind block_kind(std::string_view type) {
  if (type == "text") return BlockKind::text;
  if (type == "thinking") return BlockKind::thinking;
  if (type == "redacted_thinking") return BlockKind::redacted_thinking;
  if (type == "tool_use") return BlockKind::tool_use;
  return BlockKind::opaque;
}

struct Block {
  std::int64_t index = 0;
  BlockKind kind = BlockKind::opaque;
  std::string text{};       // text or thinking
  std::string signature{};  // thinking
  std::string id{};         // tool_use
  std::string name{};       // tool_use
  std::string input{};      // tool_use and opaque: partial_json joined
  Json start = nullptr;  // opaque: the block; redacted_thinking: its data; tool_use: a ready input
  Json extra = Json::object();  // fields that our parts have no place for
};

// Of search results, of documents and of search results that a client gave.
void add_citations(const Block& block, std::vector<core::Citation>& out) {
  const auto list = block.extra.find("citations");
  if (list == block.extra.end()) return;
  upstream::add_citations(
      *list,
      {.url = {"url", "source"}, .title = {"title", "document_title"}, .text = {"cited_text"}},
      out);
}

Json extra_fields(Json fields) {
  return Json{{"type", "extra_fields"}, {"fields", std::move(fields)}};
}

class Decoder final : public upstream::SseDecoder {
 public:
  explicit Decoder(upstream::Vendor vendor) : SseDecoder(std::move(vendor)) {}

 private:
  Result<void> on_event(std::string_view type, std::string_view data) override;
  Result<void> on_end() override;

  Result<void> message_start(Element event);
  Result<void> message_delta(Element event);
  Result<void> block_start(Element event);
  Result<void> open_block(std::int64_t index, Element content);
  Result<void> block_delta(Element event);
  Result<void> opaque_delta(Block& block, Element delta);
  void read_usage(Element usage);
  void read_stop(Element holder);
  void read_extra(Block& block, Element content);
  Block* find(std::int64_t index);

  void reply();
  void append_parts(Block& block, std::vector<core::Part>& parts);
  core::StopReason stop_reason(const std::vector<core::Part>& parts) const;
  void mark_refusal(std::vector<core::Part>& parts);

  upstream::ChunkParser chunks_;
  std::vector<Block> blocks_;
  bool started_ = false;
  std::string model_;
  std::string stop_;
  std::string explanation_;  // of a refusal
  // Anthropic's own counts: input excludes both cache counts.
  std::int64_t input_ = 0;
  std::int64_t cache_read_ = 0;
  std::int64_t cache_write_ = 0;
  std::int64_t output_ = 0;
  std::int64_t thinking_ = 0;
};

Result<void> Decoder::on_event(std::string_view sse_type, std::string_view data) {
  const auto parsed = chunks_.parse(data);
  if (!parsed) return base::fail(broken("sent an event that is not JSON"));
  const Element event = *parsed;
  std::string_view type = text_member(event, "type");
  if (type.empty()) type = sse_type;
  if (type == "content_block_delta") return block_delta(event);
  if (type == "content_block_start") return block_start(event);
  if (type == "message_start") return message_start(event);
  if (type == "message_delta") return message_delta(event);
  if (type == "message_stop") {
    if (!started_) return base::fail(broken("ended a message that never started"));
    reply();
    return {};
  }
  if (type == "error") {
    return base::fail(upstream::failure_in_stream(vendor(), upstream::tree_of(event), emitted()));
  }
  return {};  // ping, content_block_stop, and what the vendor may add
}

Result<void> Decoder::on_end() {
  return base::fail(broken("closed the stream before message_stop"));
}

Result<void> Decoder::message_start(Element event) {
  if (started_) return base::fail(broken("started a second message inside the first"));
  started_ = true;
  const auto message = object_member(event, "message");
  if (!message) return {};
  model_ = text_member(*message, "model");
  if (const auto usage = object_member(*message, "usage")) read_usage(*usage);
  read_stop(*message);
  // A message that continues code execution arrives with its blocks already in place.
  simdjson::dom::array content;
  if ((*message)["content"].get_array().get(content) != simdjson::SUCCESS) return {};
  std::int64_t index = 0;
  for (const Element block : content) {
    if (!block.is_object()) continue;
    if (auto opened = open_block(index++, block); !opened) return opened;
  }
  return {};
}

Result<void> Decoder::message_delta(Element event) {
  if (const auto delta = object_member(event, "delta")) read_stop(*delta);
  if (const auto usage = object_member(event, "usage")) read_usage(*usage);
  return {};
}

void Decoder::read_stop(Element holder) {
  if (const auto reason = text_member(holder, "stop_reason"); !reason.empty()) stop_ = reason;
  if (const auto details = object_member(holder, "stop_details")) {
    explanation_ = text_member(*details, "explanation");
  }
}

// Counts are cumulative: a later one replaces an earlier one, an absent or null one does not.
void Decoder::read_usage(Element usage) {
  const auto read = [&](std::string_view key, std::int64_t& into) {
    if (const auto count = count_member(usage, key)) into = *count;
  };
  read("input_tokens", input_);
  read("cache_read_input_tokens", cache_read_);
  read("cache_creation_input_tokens", cache_write_);
  read("output_tokens", output_);
  if (const auto details = object_member(usage, "output_tokens_details")) {
    if (const auto count = count_member(*details, "thinking_tokens")) thinking_ = *count;
  }
}

Result<void> Decoder::block_start(Element event) {
  const auto content = object_member(event, "content_block");
  if (!content) return {};
  const auto next = static_cast<std::int64_t>(blocks_.size());
  return open_block(integer_member(event, "index").value_or(next), *content);
}

Result<void> Decoder::open_block(std::int64_t index, Element content) {
  Block block{.index = index, .kind = block_kind(text_member(content, "type"))};
  switch (block.kind) {
    case BlockKind::text:
      block.text = text_member(content, "text");
      emit_text(block.text);
      read_extra(block, content);
      break;
    case BlockKind::thinking:
      block.text = text_member(content, "thinking");
      block.signature = text_member(content, "signature");
      emit_reasoning(block.text);
      break;
    case BlockKind::redacted_thinking:
      block.start = std::string(text_member(content, "data"));
      break;
    case BlockKind::tool_use:
      block.id = text_member(content, "id");
      block.name = text_member(content, "name");
      if (const auto input = object_member(content, "input"))
        block.start = upstream::tree_of(*input);
      read_extra(block, content);
      break;
    case BlockKind::opaque: block.start = upstream::tree_of(content); break;
  }
  const std::string weight = simdjson::minify(content);
  if (!keep(weight.size())) return base::fail(too_large());
  blocks_.push_back(std::move(block));
  return {};
}

// What a part of ours cannot hold but the vendor wants back: citations, and who called a tool when
// that was not the model directly.
void Decoder::read_extra(Block& block, Element content) {
  if (const auto citations = member(content, "citations"); citations && citations->is_array()) {
    Json tree = upstream::tree_of(*citations);
    if (!tree.empty()) block.extra["citations"] = std::move(tree);
  }
  const auto caller = object_member(content, "caller");
  if (caller && text_member(*caller, "type") != "direct") {
    block.extra["caller"] = upstream::tree_of(*caller);
  }
}

Block* Decoder::find(std::int64_t index) {
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
    if (block->index == index) return &*block;
  }
  return nullptr;
}

Result<void> Decoder::block_delta(Element event) {
  const auto delta = object_member(event, "delta");
  Block* block = find(integer_member(event, "index").value_or(-1));
  if (!delta || block == nullptr) return {};
  const std::string_view type = text_member(*delta, "type");
  std::string_view added;
  if (type == "text_delta" && block->kind == BlockKind::text) {
    added = text_member(*delta, "text");
    block->text.append(added);
    emit_text(added);
  } else if (type == "thinking_delta" && block->kind == BlockKind::thinking) {
    added = text_member(*delta, "thinking");
    block->text.append(added);
    emit_reasoning(added);
  } else if (type == "input_json_delta") {
    added = text_member(*delta, "partial_json");
    block->input.append(added);
  } else if (type == "signature_delta" && block->kind == BlockKind::thinking) {
    added = text_member(*delta, "signature");
    block->signature = added;
  } else if (type == "citations_delta" && block->kind == BlockKind::text) {
    const auto citation = object_member(*delta, "citation");
    if (!citation) return {};
    Json tree = upstream::tree_of(*citation);
    if (!keep(base::to_text(tree).size())) return base::fail(too_large());
    block->extra["citations"].push_back(std::move(tree));
  } else if (block->kind == BlockKind::opaque) {
    return opaque_delta(*block, *delta);
  }
  if (!keep(added.size())) return base::fail(too_large());
  return {};
}

// A block that we do not know grows by deltas that we do not know: every text member of the delta
// continues the block's member of the same name.
Result<void> Decoder::opaque_delta(Block& block, Element delta) {
  for (const auto [key, value] : simdjson::dom::object(delta)) {
    if (key == "type" || !value.is_string() || !block.start.is_object()) continue;
    const std::string_view text(value);
    if (!keep(text.size())) return base::fail(too_large());
    Json& into = block.start[std::string(key)];
    if (into.is_string()) {
      into.get_ref<std::string&>().append(text);
    } else if (into.is_null()) {
      into = std::string(text);
    }
  }
  return {};
}

void Decoder::append_parts(Block& block, std::vector<core::Part>& parts) {
  switch (block.kind) {
    case BlockKind::text: parts.push_back(core::TextPart{std::move(block.text)}); break;
    case BlockKind::thinking:
      parts.push_back(core::ReasoningPart{.provider = vendor().name,
                                          .text = std::move(block.text),
                                          .signature = std::move(block.signature)});
      break;
    case BlockKind::redacted_thinking:
      parts.push_back(core::ReasoningPart{.provider = vendor().name,
                                          .redacted = block.start.get<std::string>()});
      break;
    case BlockKind::tool_use: {
      auto call =
          upstream::tool_call(std::move(block.id), std::move(block.name), std::move(block.input));
      const bool nothing_streamed = call.arguments.empty() && call.malformed_arguments.empty();
      if (nothing_streamed && block.start.is_object()) call.arguments = std::move(block.start);
      parts.push_back(std::move(call));
      break;
    }
    case BlockKind::opaque: {
      if (!block.input.empty()) {
        auto input = base::parse_json(block.input, "input");
        if (input) {
          block.start["input"] = std::move(*input);
        } else {
          block.start["input"] =
              Json::object();  // cut off in the middle; the vendor wants an object
        }
      }
      parts.push_back(core::ProviderPart{vendor().name, std::move(block.start)});
      break;
    }
  }
  if (!block.extra.empty()) {
    parts.push_back(core::ProviderPart{vendor().name, extra_fields(std::move(block.extra))});
  }
}

core::StopReason Decoder::stop_reason(const std::vector<core::Part>& parts) const {
  using core::StopReason;
  if (stop_ == "max_tokens" || stop_ == "model_context_window_exceeded")
    return StopReason::max_tokens;
  if (stop_ == "stop_sequence") return StopReason::stop_sequence;
  if (stop_ == "refusal") return StopReason::refusal;
  if (stop_ == "pause_turn") return StopReason::pause;
  for (const auto& part : parts) {
    if (std::holds_alternative<core::ToolCallPart>(part)) return StopReason::tool_use;
  }
  return StopReason::end_turn;
}

// The vendor asks not to be shown a refused answer again; a RefusalPart is never sent back.
void Decoder::mark_refusal(std::vector<core::Part>& parts) {
  bool visible = false;
  for (auto& part : parts) {
    if (auto* text = std::get_if<core::TextPart>(&part)) {
      visible = visible || !text->text.empty();
      part = core::RefusalPart{std::move(text->text)};
    }
  }
  if (visible) return;
  const std::string said = explanation_.empty() ? "The model declined to answer." : explanation_;
  emit_text(said);
  parts.push_back(core::RefusalPart{said});
}

void Decoder::reply() {
  core::ModelReply out;
  out.model = std::move(model_);
  for (auto& block : blocks_) {
    add_citations(block, out.citations);
    append_parts(block, out.parts);
  }
  out.stop_reason = stop_reason(out.parts);
  if (out.stop_reason == core::StopReason::refusal) mark_refusal(out.parts);
  out.usage.input_tokens = input_ + cache_read_ + cache_write_;
  out.usage.output_tokens = output_;
  out.usage.cached_input_tokens = cache_read_;
  out.usage.cache_write_tokens = cache_write_;
  out.usage.reasoning_tokens = thinking_;
  emit_reply(std::move(out));
}

}  // namespace

std::unique_ptr<upstream::StreamDecoder> make_stream_decoder(upstream::Vendor vendor) {
  return std::make_unique<Decoder>(std::move(vendor));
}

}  // namespace colonnade::providers::anthropic
