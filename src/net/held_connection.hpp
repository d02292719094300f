// A connection that a handler keeps after its answer has begun: what goes out, queued within
// limits, the reader that does not read, and the end. EventStream and WebSocketConnection say what
// a piece looks like on the wire and what becomes of input. Costs little while idle: a socket, the
// object, one outstanding wait. For net/'s own .cpp files.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/answer_budget.hpp"
#include "net/server_shard.hpp"

namespace colonnade::net {

// What stands around a piece on the wire.
enum class Framing : std::uint8_t { none, chunk, last_chunk, text_frame };

struct Piece {
  SharedBytes bytes{};
  Framing framing = Framing::none;
};

class HeldConnection : public Attached, public std::enable_shared_from_this<HeldConnection> {
 public:
  // Takes over a connection whose request was read. `head`, the status line and the headers, goes
  // out with the first bytes that are sent, or with begin(): a client that has read it knows that
  // whatever opened the connection is done, so nothing that follows is missed.
  HeldConnection(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                 std::unique_ptr<ConnectionTicket> ticket, std::string head, std::string account);
  ~HeldConnection() override;
  // Starts watching the peer; once, before anything else.
  void open();
  // Sends the head if nothing has.
  void begin();

  void sweep(SteadyTime now) override;
  void close_now() override { end(true); }

 protected:
  enum class State : std::uint8_t {
    open,
    finishing,  // no more from the sender; the rest is being written
    lingering,  // all written; waits for the peer's goodbye, or says its own
    ended,
  };
  // Sends at once when the socket takes it, else queues. False when the connection has ended, now
  // or before. Empty bytes may be sent only with a framing.
  bool send_piece(Piece piece);
  // Only queues it, without limits: for the piece that ends a connection, before finish_writing(),
  // and from on_piece_written().
  void queue_piece(Piece piece);
  // No more pieces; all_written() follows.
  void finish_writing();
  void end(bool reset);
  void cut(const char* reason);
  base::Task<void> all_taken();

  // Everything was written after finish_writing().
  virtual void all_written() = 0;
  // Looks at what has arrived. False when the peer is gone.
  virtual bool read_input() = 0;
  // TLS only: where input goes, and what has come. False when the peer is gone.
  virtual std::span<char> input_buffer() = 0;
  virtual bool take_input(std::span<const char> input) = 0;
  // The peer said that it sends no more, or is gone.
  virtual void on_peer_end() { end(false); }
  // Once, when the connection has ended, or lingers.
  virtual void on_ended() = 0;
  // Now and then while it is open. `quiet`: for how long nothing was to be written.
  virtual void on_sweep(SteadyTime now, SteadyTime::duration quiet) = 0;
  // What the connection kept for its handler goes.
  virtual void release() = 0;
  // A piece has left for the kernel.
  virtual void on_piece_written(const Piece&) {}

  void linger();
  void say_goodbye();
  void report_ended();
  State state() const { return state_; }
  bool secure() const { return transport_->secure(); }
  bool queue_empty() const { return queue_.empty(); }
  Transport& transport() { return *transport_; }
  ServerShard& shard() { return *shard_; }
  // What is unsent counts as this account's from now on.
  void count_for(std::string account) { hold_.move_to(std::move(account)); }

  base::Lane& lane_;

 private:
  bool write_directly(Piece piece);
  void enqueue(Piece piece);
  void wait_to_write();
  void write_queue();
  void write_tls();
  void consume(std::size_t bytes);
  bool queue_full() const;
  bool count_queue();
  void watch_peer();

  std::shared_ptr<ServerShard> shard_;    // null once ended
  std::shared_ptr<Transport> transport_;  // null once ended; TLS operations hold it to their end
  std::unique_ptr<ConnectionTicket> ticket_;
  std::unique_ptr<base::Signal> drained_;   // made by the first waiter
  std::unique_ptr<std::string> tls_block_;  // what the TLS write under way reads from

  // Unsent pieces are queue_[head_ ..); the first has lost `offset_` bytes of its wire form.
  std::vector<Piece> queue_;
  std::size_t head_ = 0;
  std::size_t offset_ = 0;
  std::size_t queued_bytes_ = 0;
  AnswerBudget::Hold hold_;  // for what is unsent
  SteadyTime last_write_{};

  State state_ = State::open;
  bool begun_ = false;
  bool writing_ = false;
  bool end_reported_ = false;
};

}  // namespace colonnade::net
