// What both wires' decoders share: event framing, counting, and what may be asked again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/sse.hpp"
#include "providers/upstream/failure.hpp"
#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::providers::upstream {

class SseDecoder : public StreamDecoder {
 public:
  base::Result<void> feed(std::string_view bytes, std::vector<core::ModelEvent>& out) final;
  base::Result<void> finish(std::vector<core::ModelEvent>& out) final;
  bool replied() const final { return replied_; }

 protected:
  explicit SseDecoder(Vendor vendor) : vendor_(std::move(vendor)) {}

  // One event of the stream. Not called any more after a failure or the reply.
  virtual base::Result<void> on_event(std::string_view type, std::string_view data) = 0;
  // The body ended without a reply.
  virtual base::Result<void> on_end() = 0;

  // For on_event and on_end only. Empty text is nothing.
  void emit_text(std::string_view text);
  void emit_reasoning(std::string_view text);
  void emit_reply(core::ModelReply reply);

  // Counts what is kept of the answer; false when it has become too much.
  [[nodiscard]] bool keep(std::size_t bytes);
  base::Error too_large() const;
  base::Error broken(std::string_view why) const { return broken_stream(vendor_, why, emitted_); }
  bool emitted() const { return emitted_; }
  const Vendor& vendor() const { return vendor_; }

 private:
  Vendor vendor_;
  base::SseParser parser_;
  std::vector<core::ModelEvent>* out_ = nullptr;  // set while feed() or finish() runs
  std::size_t kept_bytes_ = 0;
  bool emitted_ = false;
  bool replied_ = false;
  bool failed_ = false;
};

// Tool arguments as a model wrote them. Nothing at all means {}; text that is not a JSON object is
// kept in `malformed_arguments`.
core::ToolCallPart tool_call(std::string call_id, std::string tool, std::string arguments);

}  // namespace colonnade::providers::upstream
