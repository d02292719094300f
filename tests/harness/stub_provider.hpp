// A model provider that is no model: it answers chat-completions and Anthropic message requests, at
// once or paced, with as many tokens as the prompt asks for. What Colonnade, the proxy and the
// direct client of a measurement all call.
//
// The last user message steers it, with words anywhere in its text:
//   tokens=32         how many pieces of text (default 32)
//   pace_us=500       microseconds between them; 0 (default): none
//   gathered=1        all pieces in one write instead of a write each
//   tool=calculator   first asks for this tool, with {"expression":"<n>+1"}; the text comes in the
//                     next round
//   held=1            pieces come only from emit() and finish()
//   billed_input=900  tokens that the usage of its answers names (default 10)
//   billed_output=90  the same of the output (default: the pieces of this answer)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/loop.hpp"
#include "harness/sockets.hpp"

namespace colonnade::bench {

class StubProvider {
 public:
  explicit StubProvider(Loop& loop);
  ~StubProvider();
  StubProvider(const StubProvider&) = delete;
  StubProvider& operator=(const StubProvider&) = delete;

  std::uint16_t port() const { return port_; }
  // Model calls so far.
  std::uint64_t calls() const { return calls_; }

  // Told of each held call, whose `id` the following take; and when its client leaves before its
  // end.
  std::function<void(std::uint64_t id)> on_held{};
  std::function<void(std::uint64_t id)> on_left{};
  // Told what an answer costs, input and output together, before its end is sent. A call whose
  // client leaves before that costs nothing.
  std::function<void(std::uint64_t tokens)> on_billed{};
  void emit(std::uint64_t id, std::string_view text);
  void finish(std::uint64_t id);

 private:
  struct Call;
  struct Client;

  void accept();
  void on_ready(std::uint64_t id, std::uint32_t events);
  void take_requests(Client& client);
  void answer(Client& client, std::string_view target, std::string_view body);
  void begin(Client& client, Call call);
  void pace(std::uint64_t id, std::uint64_t call);
  std::string end_of(const Call& call, std::uint64_t pieces);
  void write(Client& client, std::string_view bytes);
  void drop(std::uint64_t id);

  Loop& loop_;
  Descriptor listener_;
  std::uint16_t port_;
  std::uint64_t next_id_ = 1;
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
};

// A chat-completions request as a client would send it, asking for these words.
std::string chat_request_body(std::string_view prompt);

}  // namespace colonnade::bench
