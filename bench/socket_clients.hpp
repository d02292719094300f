// Many clients of Socket.IO on one loop, as the Platos clients are: a WebSocket, the namespace
// /agent, and a thread when they are to hear of one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/sockets.hpp"
#include "receivers.hpp"

namespace colonnade::bench {

class SocketClients final : public Receivers {
 public:
  explicit SocketClients(Loop& loop) : loop_(loop) {}
  ~SocketClients() override;

  // Opens `count` clients in all, the i-th with tokens[i % tokens.size()], and returns when each is
  // let in and, unless that is "", has joined the thread. Throws std::runtime_error when one is
  // refused or that takes too long.
  void open(std::uint16_t port, std::size_t count, const std::vector<std::string>& tokens,
            const std::string& thread_id);

  std::size_t size() const override { return clients_.size(); }
  // Each event has one token.
  std::uint64_t events() const override { return tokens_arrived(); }

 private:
  struct Client : Receiver {
    Descriptor socket{};
    std::string begun{};  // the answer to the handshake, then payload until it was ready
    bool switched = false;
    bool ready = false;
    // The frame at hand.
    std::array<unsigned char, 4> head{};
    std::size_t head_size = 0;
    std::size_t left = 0;  // bytes of its payload
  };

  void forget_counts() override;
  void on_ready(Client& client);
  void received(Client& client, std::string_view piece);
  void take_frames(Client& client, std::string_view bytes);
  void take_payload(Client& client, std::string_view payload);

  Loop& loop_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::string_view ready_mark_{};
  std::size_t ready_ = 0;
};

}  // namespace colonnade::bench
