// Bytes of a vendor's answer in, model events out. Pure: no I/O, no clock, no threads of its own.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::providers::upstream {

// Decodes one answer. What comes out does not depend on how the bytes were cut into pieces, except
// that neighbouring deltas of one piece are joined.
//
// Events that were appended before a failure stand. After a failure or the ModelReply, further
// input is ignored and nothing more comes out.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;

  // Takes the next piece of the body and appends what it yields. Errors: whatever the vendor said
  // in the stream; upstream for what is not its wire; too_large beyond
  // limits::model_reply_bytes_max. `retryable` is set only while no delta has come out.
  virtual base::Result<void> feed(std::string_view bytes, std::vector<core::ModelEvent>& out) = 0;

  // The body has ended. Appends the reply if the answer is whole and the reply is still
  // outstanding; a truncated answer is an upstream error.
  virtual base::Result<void> finish(std::vector<core::ModelEvent>& out) = 0;

  // The ModelReply has come out.
  virtual bool replied() const = 0;
};

}  // namespace colonnade::providers::upstream
