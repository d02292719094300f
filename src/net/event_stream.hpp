// A connection whose reply stays open: events go out, and input is thrown away. For net/'s own .cpp
// files.
#pragma once

#include <functional>
#include <memory>

#include "net/held_connection.hpp"

namespace colonnade::net {

class EventStream final : public StreamWriter, public HeldConnection {
 public:
  EventStream(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
              std::unique_ptr<ConnectionTicket> ticket, std::string head, bool chunked,
              SharedBytes keepalive, std::string account);

  bool send(SharedBytes bytes) override;
  void finish() override;
  void end_now() override;
  void keep(std::shared_ptr<void> thing) override { kept_ = std::move(thing); }
  bool closed() const override { return state() != State::open; }
  void on_closed(std::move_only_function<void()> callback) override;
  base::Lane& lane() override { return lane_; }
  base::Task<void> drained() override { return all_taken(); }

  void begin_stop() override { finish(); }

 private:
  void all_written() override;
  bool read_input() override;
  std::span<char> input_buffer() override;
  bool take_input(std::span<const char>) override { return true; }
  void on_ended() override;
  void on_sweep(SteadyTime now, SteadyTime::duration quiet) override;
  void release() override;

  SharedBytes keepalive_;
  std::move_only_function<void()> on_closed_;
  std::shared_ptr<void> kept_;  // until the end
  bool chunked_;
  bool end_seen_ = false;
};

}  // namespace colonnade::net
