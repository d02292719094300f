#include <deque>
#include <memory>
#include <stdexcept>

#include "fan_out.hpp"
#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "platos_users.hpp"
#include "socket_clients.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t renaming_connections = 8;

// Gives a thread one title after the other; each change is an event to whoever has joined it.
class Renamer {
 public:
  Renamer(Loop& loop, std::uint16_t port, const std::string& thread_id, const std::string& token)
      : port_(port),
        path_("/api/v1/agent/threads/" + thread_id + "/rename"),
        header_(session_header(token)) {
    for (std::size_t i = 0; i < renaming_connections; ++i) {
      Lane& lane = *lanes_.emplace_back(std::make_unique<Lane>());
      lane.connection = std::make_unique<LoopConnection>(
          loop, port, 0,
          LoopConnection::Callbacks{
              .on_complete = [this, &lane](int status) { ended(lane, status); },
              .on_closed = [this] { ++failed_; }});
    }
  }

  void rename(std::string_view text) {
    waiting_.push_back(R"({"title":")" + std::string(text) + std::to_string(number_++) + "\"}");
    send_next();
  }
  std::size_t failed() const { return failed_; }

 private:
  struct Lane {
    std::unique_ptr<LoopConnection> connection{};
    bool busy = false;
  };

  void send_next() {
    for (const auto& lane : lanes_) {
      if (waiting_.empty()) return;
      if (lane->busy) continue;
      lane->busy = true;
      lane->connection->send(
          request_text({.port = port_}, "PATCH", path_, waiting_.front(), header_));
      waiting_.pop_front();
    }
  }
  void ended(Lane& lane, int status) {
    lane.busy = false;
    if (status != 200) ++failed_;
    send_next();
  }

  std::uint16_t port_;
  std::string path_;
  std::string header_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<std::string> waiting_{};
  std::size_t number_ = 0;
  std::size_t failed_ = 0;
};

FanOutFigures of_socket_floor(const Setup& setup, std::size_t count) {
  const PortProgram floor(setup, "fan_out_floor", setup.measured_cpu);
  Loop loop;
  SocketClients clients(loop);
  clients.open(floor.port(), count, {"x"}, "x");
  LoopConnection control(loop, floor.port(), 0, {});
  FanOutFigures out;
  std::size_t number = 0;
  const Emit emit = [&](std::string_view text) {
    control.send(std::string(text) + std::to_string(number++) + "\n");
  };
  flat_out(setup, loop, clients, emit, floor.pid(), out);
  paced(setup, loop, clients, emit, out);
  return out;
}

FanOutFigures of_socket_server(const Setup& setup, std::size_t count) {
  Loop loop;
  Server server({.binary = setup.server,
                 .data_dir = setup.fresh_folder("socket-fan-out"),
                 .io_threads = 1,
                 .cpu = setup.measured_cpu,
                 .arguments = with_entity(setup)});
  const std::uint16_t port = server.target().port;
  const std::vector<std::string> token = session_tokens(port, 1);
  const std::string thread = make_platos_thread(port, token.front());
  SocketClients clients(loop);
  clients.open(port, count, token, thread);
  Renamer renamer(loop, port, thread, token.front());
  FanOutFigures out;
  const Emit emit = [&](std::string_view text) { renamer.rename(text); };
  flat_out(setup, loop, clients, emit, server.pid(), out);
  paced(setup, loop, clients, emit, out);
  if (renamer.failed() != 0) throw std::runtime_error("a title was refused");
  return out;
}

}  // namespace

Section measure_socket_fan_out(const Setup& setup) {
  Section out{.title = "Fan-out over sockets"};
  compare_fan_out(setup, "sockets that have joined one thread", of_socket_floor, of_socket_server,
                  out);
  out.how =
      "Socket.IO clients of one user that have joined one thread, whose title the load generator "
      "changes over REST; each change is an event to all of them. Flat out and paced as above. The "
      "bare loop writes the same frames to the same sockets and stores nothing; Colonnade commits "
      "each title before it is sent (full durability). One I/O thread on one core, the generator "
      "on "
      "the other, in turns, " +
      std::to_string(setup.rounds) + " rounds, medians.";
  return out;
}

}  // namespace colonnade::bench
