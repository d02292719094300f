#include <stdexcept>
#include <utility>

#include "harness/statistics.hpp"
#include "harness/stub_provider.hpp"
#include "measurements.hpp"
#include "subscribers.hpp"

namespace colonnade::bench {
namespace {

// Tokens on their way at once: enough that the next is ready when one is delivered. They follow
// each other at a distance, so that each becomes an event: tokens of one commit are joined.
constexpr std::size_t tokens_under_way = 4;
constexpr auto tokens_apart = std::chrono::milliseconds(3);
constexpr std::string_view token_text = "~abcdefghijklmnopqrstuvwx";

struct Figures {
  double events_a_second = 0;
  double tokens_a_second = 0;
  double paced_p50_ms = 0;
  double paced_p99_ms = 0;
  double cpu_micros = 0;  // of the server for each delivered event, flat out
};

// Something that brings a token to all subscribers.
using Emit = std::function<void(std::string_view text)>;

void flat_out(const Setup& setup, Loop& loop, Subscribers& subscribers, const Emit& emit, pid_t pid,
              Figures& out) {
  subscribers.begin_count();
  subscribers.record_latencies = false;
  const auto time = std::chrono::milliseconds(setup.quick ? 500 : 3000);
  const auto begin = SteadyClock::now();
  const auto cpu_before = cpu_time(pid);
  std::size_t sent = 0;
  std::size_t arrived = 0;
  std::size_t promised = tokens_under_way;
  bool step_is_due = false;
  auto ended_at = begin;
  std::function<void()> step = [&] {
    step_is_due = false;
    if (ended_at - begin >= time) {
      if (arrived == sent) loop.stop();
    } else if (sent < promised) {
      subscribers.token_sent(sent++, SteadyClock::now());
      emit(token_text);
      step_is_due = true;
      loop.at(SteadyClock::now() + tokens_apart, step);
    }
  };
  subscribers.on_all_have = [&](std::size_t k) {
    arrived = k + 1;
    ended_at = SteadyClock::now();
    ++promised;
    if (!std::exchange(step_is_due, true)) loop.at(ended_at, step);
  };
  step();
  const bool ended = loop.run_until(begin + time + std::chrono::seconds(20));
  subscribers.on_all_have = nullptr;
  if (!ended || subscribers.closed() != 0) {
    throw std::runtime_error(std::to_string(subscribers.closed()) + " streams were cut off; " +
                             std::to_string(arrived) + " of " + std::to_string(sent) +
                             " tokens arrived");
  }
  const double seconds = std::chrono::duration<double>(ended_at - begin).count();
  out.events_a_second = static_cast<double>(subscribers.events()) / seconds;
  out.tokens_a_second = static_cast<double>(arrived * subscribers.size()) / seconds;
  out.cpu_micros = static_cast<double>((cpu_time(pid) - cpu_before).count()) /
                   static_cast<double>(subscribers.events());
}

void paced(const Setup& setup, Loop& loop, Subscribers& subscribers, const Emit& emit,
           Figures& out) {
  // 20,000 deliveries a second, whatever the number of subscribers.
  const auto pace = std::chrono::microseconds(50 * subscribers.size());
  const auto time = std::chrono::milliseconds(setup.quick ? 500 : 3000);
  const auto count = static_cast<std::size_t>(time / pace);
  subscribers.begin_count();
  subscribers.record_latencies = true;
  const auto begin = SteadyClock::now();
  std::function<void(std::size_t)> send = [&](std::size_t k) {
    subscribers.token_sent(k, SteadyClock::now());
    emit(token_text);
    if (k + 1 < count) loop.at(begin + (k + 1) * pace, [&send, k] { send(k + 1); });
  };
  subscribers.on_all_have = [&](std::size_t k) {
    if (k + 1 == count) loop.stop();
  };
  send(0);
  const bool ended = loop.run_until(begin + time + std::chrono::seconds(20));
  subscribers.on_all_have = nullptr;
  if (!ended || subscribers.closed() != 0) throw std::runtime_error("paced tokens did not arrive");
  out.paced_p50_ms = percentile(subscribers.latencies(), 0.5) / 1000;
  out.paced_p99_ms = percentile(subscribers.latencies(), 0.99) / 1000;
}

Figures of_floor(const Setup& setup, std::size_t count) {
  const PortProgram floor(setup, "sse_floor", setup.measured_cpu);
  Loop loop;
  Subscribers subscribers(loop);
  subscribers.open({.port = floor.port()}, count, {"/stream"});
  LoopConnection control(loop, floor.port(), 0, {});
  Figures out;
  const Emit emit = [&](std::string_view text) { control.send(std::string(text) + "\n"); };
  flat_out(setup, loop, subscribers, emit, floor.pid(), out);
  paced(setup, loop, subscribers, emit, out);
  return out;
}

Figures of_server(const Setup& setup, std::size_t count, bool with_latencies = true) {
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

  Figures out;
  const Emit emit = [&](std::string_view text) { stub.emit(call, text); };
  flat_out(setup, loop, subscribers, emit, server.pid(), out);
  if (with_latencies) paced(setup, loop, subscribers, emit, out);
  stub.finish(call);
  loop.run_until(SteadyClock::now() + std::chrono::seconds(20));
  if (sender.status() != 200) throw std::runtime_error("the run failed: " + answer);
  return out;
}

Figures medians(const std::vector<Figures>& rounds) {
  const auto of = [&](double Figures::* member) {
    std::vector<double> values;
    for (const Figures& round : rounds) values.push_back(round.*member);
    return median(values);
  };
  return {.events_a_second = of(&Figures::events_a_second),
          .tokens_a_second = of(&Figures::tokens_a_second),
          .paced_p50_ms = of(&Figures::paced_p50_ms),
          .paced_p99_ms = of(&Figures::paced_p99_ms),
          .cpu_micros = of(&Figures::cpu_micros)};
}

void add_row(Section& out, std::size_t count, const std::string& name, const Figures& f) {
  out.rows.push_back({std::to_string(count), name, number_text(f.events_a_second),
                      number_text(f.tokens_a_second), number_text(f.cpu_micros),
                      number_text(f.paced_p50_ms), number_text(f.paced_p99_ms)});
}

}  // namespace

double events_a_second(const Setup& setup, std::size_t subscribers) {
  const Pinned pinned(setup.load_cpu);
  return of_server(setup, subscribers, false).events_a_second;
}

Section measure_fan_out(const Setup& setup) {
  Section out{.title = "Fan-out"};
  const Pinned pinned(setup.load_cpu);
  for (const std::size_t count : {1000UL, 5000UL}) {
    std::vector<Figures> ours;
    std::vector<Figures> floors;
    for (int round = 0; round < setup.rounds; ++round) {
      floors.push_back(of_floor(setup, count));
      ours.push_back(of_server(setup, count));
    }
    const Figures floor = medians(floors);
    const Figures server = medians(ours);
    const double share = server.events_a_second / floor.events_a_second;
    out.findings.push_back(
        {"events a second to " + std::to_string(count) + " subscribers of one thread",
         "≥ 70 % of a bare epoll loop",
         number_text(server.events_a_second) + " (" + number_text(100 * share) + " %)",
         "bare loop " + number_text(floor.events_a_second), verdict(share >= 0.7)});
    add_row(out, count, "bare epoll loop", floor);
    add_row(out, count, "Colonnade", server);
  }
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
  out.header = {"subscribers",     "server",    "events a second", "tokens a second",
                "CPU µs an event", "paced p50", "paced p99"};
  return out;
}

}  // namespace colonnade::bench
