// The chat-completions decoder on arbitrary bytes: no crash, no hang, and the same outcome however
// the bytes are cut. The first byte chooses the cut.
#include <cstddef>
#include <cstdint>

#include "fuzz/decoder_fuzz.hpp"
#include "providers/chat_completions/stream_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  colonnade::fuzz::decode_two_ways(
      [] {
        return colonnade::providers::chat_completions::make_stream_decoder({.name = "openai"});
      },
      data, size);
  return 0;
}
