// Processor time that the SDK takes for one streamed event, on the reading thread.
// Prints "each <µs> gathered <µs> loopback <µs>".
#include <sys/socket.h>

#include <algorithm>
#include <colonnade/fathom.hpp>
#include <colonnade/testing.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "harness/sockets.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t gathered_bytes = 16 * 1024;  // what a busy socket gives at once
constexpr std::string_view thread_id = "0123456789abcdef0123456789abcdef";

double cpu_micros() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::string delta_event() {
  return "event: agent_delta\ndata: {\"type\":\"agent_delta\",\"thread_id\":\"" +
         std::string(thread_id) + "\",\"delta\":\" a token or two\"}\n\n";
}

colonnade::Stream<fathom::Event> open(const fathom::Client& client) {
  return client.threads.stream(std::string(thread_id));
}

// Reads all events; microseconds for each. Throws unless `count` deltas came.
double read_all(colonnade::Stream<fathom::Event> stream, std::size_t count) {
  const double begin = cpu_micros();
  std::size_t deltas = 0;
  std::size_t bytes = 0;
  for (const fathom::Event& event : stream) {
    const auto* delta = event.as<fathom::AgentDelta>();
    if (delta == nullptr) continue;
    ++deltas;
    bytes += delta->delta.size();
  }
  const double used = cpu_micros() - begin;
  if (deltas != count || bytes != count * 15) throw std::runtime_error("events were lost");
  return used / static_cast<double>(count);
}

double scripted(std::size_t count, std::size_t piece_bytes) {
  const std::string event = delta_event();
  const std::size_t a_piece = std::max<std::size_t>(1, piece_bytes / event.size());
  std::vector<std::string> pieces;
  for (std::size_t made = 0; made < count;) {
    std::string piece;
    for (std::size_t i = 0; i < a_piece && made < count; ++i, ++made) piece += event;
    pieces.push_back(std::move(piece));
  }
  testing::ScriptedTransport wire;
  wire.expect("GET", "/api/v1/threads/" + std::string(thread_id) + "/stream")
      .stream(std::move(pieces));
  const fathom::Client client{
      {.base_url = "http://test", .token = "t", .http = {.transport = wire.transport()}}};
  return read_all(open(client), count);
}

// Answers one request with the events, in pieces of a socket's size, and ends.
void serve_once(const Descriptor& listener, std::size_t count) {
  Descriptor socket;
  while (!socket) socket = Descriptor(::accept(listener.get(), nullptr, nullptr));
  std::string request(4096, '\0');
  if (::recv(socket.get(), request.data(), request.size(), 0) <= 0) return;
  const std::string event = delta_event();
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                    std::to_string(event.size() * count) + "\r\n\r\n";
  for (std::size_t i = 0; i < count; ++i) {
    out += event;
    if (out.size() < gathered_bytes && i + 1 < count) continue;
    for (std::string_view left = out; !left.empty();) {
      const ssize_t sent = ::send(socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    out.clear();
  }
}

double loopback(std::size_t count) {
  const Descriptor listener = listen_on_loopback();
  std::thread server([&] { serve_once(listener, count); });
  const fathom::Client client{
      {.base_url = "http://127.0.0.1:" + std::to_string(port_of(listener)), .token = "t"}};
  const double out = read_all(open(client), count);
  server.join();
  return out;
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  using namespace colonnade::bench;
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200'000;
  try {
    scripted(count / 10 + 1, 1);  // warms up
    const double each = scripted(count, 1);
    const double gathered = scripted(count, gathered_bytes);
    std::printf("each %.4f gathered %.4f loopback %.4f\n", each, gathered, loopback(count));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "sdk_bench: %s\n", failure.what());
    return 1;
  }
}
