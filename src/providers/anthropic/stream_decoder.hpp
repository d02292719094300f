// Anthropic's Messages stream. Wire: "Streaming messages" of the Messages API reference.
#pragma once

#include <memory>

#include "providers/upstream/failure.hpp"
#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::providers::anthropic {

// How content blocks become parts:
//   text               TextPart; citations follow as an extra_fields part
//   thinking           ReasoningPart{text, signature}
//   redacted_thinking  ReasoningPart{redacted}
//   tool_use           ToolCallPart; fields such as `caller` follow as an extra_fields part
//   anything else      ProviderPart with the finished block, whole
// An extra_fields part is a ProviderPart whose block is {"type":"extra_fields","fields":{…}}: the
// request encoder puts the fields back into the block of the part in front of it.
// When the model declined, its text comes as RefusalParts.
std::unique_ptr<upstream::StreamDecoder> make_stream_decoder(upstream::Vendor vendor);

}  // namespace colonnade::providers::anthropic
