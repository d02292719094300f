// A connection that has become a WebSocket. For net/'s own .cpp files.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "net/held_connection.hpp"
#include "net/limits.hpp"
#include "net/websocket.hpp"

namespace colonnade::net {

class WebSocketConnection final : public WebSocket, public HeldConnection {
 public:
  WebSocketConnection(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                      std::unique_ptr<ConnectionTicket> ticket, std::string head,
                      WebSocketReply& reply);
  // After open() and begin(): whom to tell, and what the peer sent behind its handshake.
  void start(std::shared_ptr<WebSocketHandler> handler, std::string_view early_input);

  bool send(SharedBytes text) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void end_now() override { end(true); }
  bool closed() const override { return state() != State::open; }
  std::uint64_t messages_written() const override { return messages_written_; }
  void count_for(std::string account) override { HeldConnection::count_for(std::move(account)); }
  void keep(std::shared_ptr<void> thing) override { kept_ = std::move(thing); }
  base::Lane& lane() override { return lane_; }
  base::Task<void> drained() override { return all_taken(); }

  void begin_stop() override;

 private:
  void all_written() override;
  bool read_input() override;
  std::span<char> input_buffer() override;
  bool take_input(std::span<const char> input) override;
  void on_peer_end() override;
  void on_ended() override;
  void on_sweep(SteadyTime now, SteadyTime::duration quiet) override;
  void on_piece_written(const Piece& piece) override;
  void release() override;

  void take(std::string_view bytes);
  void on_input(WebSocketInput input);
  void answer_ping(std::string_view payload);
  void begin_close(std::uint16_t code, std::string_view reason);

  WebSocketReader reader_;
  std::shared_ptr<WebSocketHandler> handler_;  // until it was told of the end
  std::shared_ptr<void> kept_;                 // until the end
  SharedBytes heartbeat_;                      // null for none
  SharedBytes pong_;                           // queued
  SharedBytes next_pong_;                      // for the newest ping that came meanwhile
  std::unique_ptr<std::array<char, limits::websocket_tls_read_bytes>> tls_input_;
  std::string close_reason_;
  std::uint64_t messages_written_ = 0;
  SteadyTime last_beat_{};
  std::uint16_t close_code_ = websocket_close::abnormal;
  std::uint8_t pings_unanswered_ = 0;
};

}  // namespace colonnade::net
