// One connection: reads a request, has it handled, answers, and again. For net/'s own .cpp files.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "net/body_budget.hpp"
#include "net/request_reader.hpp"
#include "net/server_shard.hpp"

namespace colonnade::net {

class Connection final : public Attached, public std::enable_shared_from_this<Connection> {
 public:
  // Starts it; it keeps itself alive until it ends.
  static void serve(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
                    std::unique_ptr<ConnectionTicket> ticket, std::string peer_address);

  Connection(std::shared_ptr<ServerShard> shard, std::unique_ptr<Transport> transport,
             std::unique_ptr<ConnectionTicket> ticket, std::string peer_address);
  ~Connection() override;

  void sweep(SteadyTime now) override;
  void begin_stop() override;
  void close_now() override;

 private:
  // What the connection is doing, hence which time limit holds.
  enum class Phase { handshake, idle, head, body, handling, writing, lingering };
  enum class Outcome { request, fault, closed };
  enum class After { next_request, end, handed_over };

  static base::Task<void> run(std::shared_ptr<Connection> self);
  static base::Task<bool> handshake(std::shared_ptr<Connection> self);
  static base::Task<Outcome> read_request(std::shared_ptr<Connection> self);
  static base::Task<bool> read_more(std::shared_ptr<Connection> self);
  // Once the head is there: who handles the request, or what it is answered without its body.
  static base::Task<void> judge(std::shared_ptr<Connection> self);
  // The body of a request that was answered without it. False when the connection is of no more
  // use.
  static base::Task<bool> discard_body(std::shared_ptr<Connection> self);
  static base::Task<After> answer(std::shared_ptr<Connection> self);
  static base::Task<Reply> handle(std::shared_ptr<Connection> self,
                                  std::shared_ptr<const Request> request);
  static base::Task<bool> respond(std::shared_ptr<Connection> self,
                                  std::shared_ptr<const Request> request, Response response);
  // `head`, then `body`, which must live until all is sent.
  struct Outgoing {
    std::string head{};
    std::string_view body{};
    std::size_t sent = 0;

    std::size_t left() const { return head.size() + body.size() - sent; }
    std::array<iovec, 2> pieces() const;
  };
  // As much as the socket takes without waiting; false when the client is gone.
  bool write_at_once(Outgoing& out);
  // All of it. What the socket does not take at once is counted in `hold`. False when the client is
  // gone or does not read.
  static base::Task<bool> write(std::shared_ptr<Connection> self, Outgoing out,
                                AnswerBudget::Hold* hold);
  // The pieces after the first, as chunks or as they are.
  static base::Task<bool> write_rest(std::shared_ptr<Connection> self,
                                     std::shared_ptr<BodySource> source, bool chunked,
                                     AnswerBudget::Hold* hold);
  Response unmade_response(const base::Error& error) const;
  Response unread_response();
  // False when the client is gone.
  static base::Task<bool> open_stream(std::shared_ptr<Connection> self,
                                      std::shared_ptr<const Request> request, StreamReply reply);
  void open_websocket(const Request& request, WebSocketReply reply);
  static base::Task<void> refuse(std::shared_ptr<Connection> self);
  static base::Task<void> linger(std::shared_ptr<Connection> self);

  void enter(Phase phase);
  void describe_request();
  void make_room();
  void take_places(BodyHolder holder);
  bool body_fits();
  bool body_is_discardable() const;
  bool has_unread_input();
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Outcome outcome_of_read_end();
  Response error_response(const base::Error& error, int status) const;
  Response later_response(const base::Error& error) const;
  Response unrouted_response(const Request& request) const;
  Response failed_response(const Request& request, std::string_view what) const;
  std::shared_ptr<const Request> finish_request();
  void forget_request();
  void note_peer();
  void finish();
  void watch_peer();
  void log_request(const Request& request, int status) const;
  void note_answer(const Request& request, int status);

  std::shared_ptr<ServerShard> shard_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<ConnectionTicket> ticket_;
  std::string peer_address_;
  RequestReader reader_;

  // Unread input: buffer_[begin_ .. end_).
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool read_filled_buffer_ = false;  // the last one: more is waiting

  // The request at hand.
  std::string path_;  // without the base path
  Router::Match match_;
  Handler handler_;
  std::optional<Response> early_;  // the answer that does not need the body
  bool body_read_ = true;
  BodyBudget::Share body_share_;
  std::optional<RequestFault> fault_;
  std::string request_id_;
  SteadyTime request_start_{};
  std::stop_source disconnected_{std::nostopstate};

  SteadyTime deadline_ = SteadyTime::max();
  SteadyTime written_by_ = SteadyTime::max();  // what is being written; sooner when it stalls
  Phase phase_ = Phase::idle;
  bool time_passed_ = false;  // the limit of the phase, noticed by a sweep
  bool peer_ended_ = false;   // the peer will send nothing more
  bool poll_peer_ = false;    // the peer has sent more, so only a sweep can see it go
  bool close_after_ = false;
};

}  // namespace colonnade::net
