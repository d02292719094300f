// A connection whose reply stays open. Costs little while idle: a socket, this object, one
// outstanding wait. For net/'s own .cpp files.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/answer_budget.hpp"
#include "net/server_shard.hpp"

namespace colonnade::net {

class EventStream final : public StreamWriter,
                          public Attached,
                          public std::enable_shared_from_this<EventStream> {
 public:
  // Takes over a connection whose request was read. `head`, the status line and the headers, goes
  // out with the first bytes that are sent, or with begin(): a client that has read it knows that
  // whatever opened the stream is done, so nothing that follows is missed.
  EventStream(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
              std::unique_ptr<ConnectionTicket> ticket, std::string head, bool chunked,
              SharedBytes keepalive, std::string account);
  ~EventStream() override;
  // Starts watching the peer; once, before anything else.
  void open();
  // Sends the head if nothing has.
  void begin();

  bool send(SharedBytes bytes) override;
  void finish() override;
  void end_now() override;
  void keep(std::shared_ptr<void> thing) override { kept_ = std::move(thing); }
  bool closed() const override { return state_ != State::open; }
  void on_closed(std::move_only_function<void()> callback) override;
  base::Lane& lane() override { return lane_; }
  base::Task<void> drained() override;

  void sweep(SteadyTime now) override;
  void begin_stop() override { finish(); }
  void close_now() override { end(true); }

 private:
  enum class State : std::uint8_t {
    open,
    finishing,  // no more from the sender; the rest is being written
    lingering,  // all written; TLS says goodbye
    ended,
  };

  // A piece to be sent. No bytes: the last chunk.
  using Item = SharedBytes;
  // Whether it goes over the wire as a chunk; the head does not.
  bool framed(const Item& item) const { return chunked_ && item != response_head_; }
  std::size_t wire_size(const Item& item) const;

  bool write_directly(const Item& item);
  void enqueue(Item item);
  void wait_to_write();
  void write_queue();
  void write_tls();
  void consume(std::size_t bytes);
  bool queue_full() const;
  bool count_queue();
  void cut(const char* reason);
  void all_written();
  void end(bool reset);
  void report_closed();
  void watch_peer();
  void on_input(bool peer_gone);

  base::Lane& lane_;
  std::shared_ptr<ServerShard> shard_;    // null once ended
  std::shared_ptr<Transport> transport_;  // null once ended; TLS operations hold it to their end
  std::unique_ptr<ConnectionTicket> ticket_;
  SharedBytes response_head_;  // null once it is on its way
  SharedBytes keepalive_;
  std::move_only_function<void()> on_closed_;
  std::shared_ptr<void> kept_;              // until the end
  std::unique_ptr<base::Signal> drained_;   // made by the first waiter
  std::unique_ptr<std::string> tls_block_;  // what the TLS write under way reads from

  // Unsent pieces are queue_[head_ ..); the first has lost `offset_` bytes of its wire form.
  std::vector<Item> queue_;
  std::size_t head_ = 0;
  std::size_t offset_ = 0;
  std::size_t queued_bytes_ = 0;
  AnswerBudget::Hold hold_;  // for what is unsent
  SteadyTime last_write_{};

  State state_ = State::open;
  bool chunked_ = true;
  bool begun_ = false;
  bool writing_ = false;
  bool closed_reported_ = false;
};

}  // namespace colonnade::net
