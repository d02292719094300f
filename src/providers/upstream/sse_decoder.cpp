#include "providers/upstream/sse_decoder.hpp"

#include "providers/limits.hpp"

namespace colonnade::providers::upstream {

base::Result<void> SseDecoder::feed(std::string_view bytes, std::vector<core::ModelEvent>& out) {
  if (failed_ || replied_) return {};
  out_ = &out;
  base::Result<void> result;
  const auto on_sse = [&](const base::SseEvent& event) {
    if (!result || replied_) return;
    result = on_event(event.type, event.data);
  };
  const bool fits = parser_.feed(bytes, on_sse);
  if (result && !fits && !replied_) result = base::fail(too_large());
  out_ = nullptr;
  failed_ = !result;
  return result;
}

base::Result<void> SseDecoder::finish(std::vector<core::ModelEvent>& out) {
  if (failed_ || replied_) return {};
  out_ = &out;
  auto result = on_end();
  out_ = nullptr;
  failed_ = !result;
  return result;
}

void SseDecoder::emit_text(std::string_view text) {
  if (text.empty()) return;
  emitted_ = true;
  if (!out_->empty()) {
    if (auto* last = std::get_if<core::ModelTextDelta>(&out_->back())) {
      last->text.append(text);
      return;
    }
  }
  out_->push_back(core::ModelTextDelta{std::string(text)});
}

void SseDecoder::emit_reasoning(std::string_view text) {
  if (text.empty()) return;
  emitted_ = true;
  if (!out_->empty()) {
    if (auto* last = std::get_if<core::ModelReasoningDelta>(&out_->back())) {
      last->text.append(text);
      return;
    }
  }
  out_->push_back(core::ModelReasoningDelta{std::string(text)});
}

void SseDecoder::emit_reply(core::ModelReply reply) {
  replied_ = true;
  out_->push_back(std::move(reply));
}

bool SseDecoder::keep(std::size_t bytes) {
  kept_bytes_ += bytes;
  return kept_bytes_ <= limits::model_reply_bytes_max;
}

base::Error SseDecoder::too_large() const {
  return base::Error{.kind = base::ErrorKind::too_large,
                     .message = vendor_.name + " sent more than " +
                                std::to_string(limits::model_reply_bytes_max) +
                                " bytes in one reply (model_reply_bytes_max)"};
}

core::ToolCallPart tool_call(std::string call_id, std::string tool, std::string arguments) {
  core::ToolCallPart out{.call_id = std::move(call_id), .tool = std::move(tool)};
  if (arguments.find_first_not_of(" \t\r\n") == std::string::npos) return out;
  auto parsed = base::parse_json(arguments, "arguments");
  if (parsed && parsed->is_object()) {
    out.arguments = std::move(*parsed);
  } else {
    out.malformed_arguments = std::move(arguments);
  }
  return out;
}

}  // namespace colonnade::providers::upstream
