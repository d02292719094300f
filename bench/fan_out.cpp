#include <stdexcept>
#include <utility>

#include "fan_out.hpp"
#include "harness/statistics.hpp"
#include "harness/stub_provider.hpp"
#include "measurements.hpp"
#include "subscribers.hpp"

namespace colonnade::bench {
namespace {

FanOutFigures of_floor(const Setup& setup, std::size_t count) {
  const PortProgram floor(setup, "fan_out_floor", setup.measured_cpu);
  Loop loop;
  Subscribers subscribers(loop);
  subscribers.open({.port = floor.port()}, count, {"/stream"});
  LoopConnection control(loop, floor.port(), 0, {});
  FanOutFigures out;
  const Emit emit = [&](std::string_view text) { control.send(std::string(text) + "\n"); };
  flat_out(setup, loop, subscribers, emit, floor.pid(), out);
  paced(setup, loop, subscribers, emit, out);
  return out;
}

FanOutFigures of_server(const Setup& setup, std::size_t count, bool with_latencies = true) {
  Loop loop;
  StubProvider stub(loop);
  Server server({.binary = setup.server,
                 .data_dir = setup.fresh_folder("fan-out"),
                 .io_threads = 1,
                 .cpu = setup.measured_cpu,
                 .provider_port = stub.port()});
  const std::string thread = make_thread(server.target());
  const std::string path = "/api/v1/threads/" + thread;
  Subscribers subscribers(loop);
  subscribers.open(server.target(), count, {path + "/stream"});

  std::uint64_t call = 0;
  stub.on_held = [&](std::uint64_t id) {
    call = id;
    loop.stop();
  };
  std::string answer;
  LoopConnection sender(loop, server.target().port, 0,
                        {.on_body = [&](std::string_view piece) { answer.append(piece); },
                         .on_complete = [&](int) { loop.stop(); },
                         .on_closed = [&] { loop.stop(); }});
  sender.send(request_text(server.target(), "POST", path + "/messages", R"({"text":"held=1"})"));
  loop.run_until(SteadyClock::now() + std::chrono::seconds(20));
  if (call == 0) throw std::runtime_error("the provider was not asked: " + answer);

  FanOutFigures out;
  const Emit emit = [&](std::string_view text) { stub.emit(call, text); };
  flat_out(setup, loop, subscribers, emit, server.pid(), out);
  if (with_latencies) paced(setup, loop, subscribers, emit, out);
  stub.finish(call);
  loop.run_until(SteadyClock::now() + std::chrono::seconds(20));
  if (sender.status() != 200) throw std::runtime_error("the run failed: " + answer);
  return out;
}

}  // namespace

double events_a_second(const Setup& setup, std::size_t subscribers) {
  const Pinned pinned(setup.load_cpu);
  return of_server(setup, subscribers, false).events_a_second;
}

Section measure_fan_out(const Setup& setup) {
  Section out{.title = "Fan-out"};
  compare_fan_out(
      setup, "subscribers of one thread", of_floor,
      [](const Setup& on, std::size_t count) { return of_server(on, count); }, out);
  out.how =
      "One thread, one run whose tokens the load generator hands out as the model provider; every "
      "subscriber counts its events. Flat out: at most " +
      std::to_string(tokens_under_way) +
      " tokens on their way and 3 ms apart, the next one goes when all subscribers have one. "
      "Paced: 20,000 "
      "deliveries a second, latency in milliseconds from the provider's write to a subscriber's "
      "read, over all deliveries. The bare loop writes the same bytes to the same sockets and "
      "stores nothing; Colonnade commits each token before it is sent (full durability). One I/O "
      "thread on one core, the generator on the other, in turns, " +
      std::to_string(setup.rounds) + " rounds, medians.";
  return out;
}

}  // namespace colonnade::bench
