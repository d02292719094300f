#include <stdexcept>
#include <utility>

#include "fan_out.hpp"
#include "harness/child.hpp"
#include "harness/statistics.hpp"

namespace colonnade::bench {
namespace {

constexpr std::string_view token_text = "~abcdefghijklmnopqrstuvwx";

FanOutFigures medians(const std::vector<FanOutFigures>& rounds) {
  const auto of = [&](double FanOutFigures::* member) {
    std::vector<double> values;
    for (const FanOutFigures& round : rounds) values.push_back(round.*member);
    return median(values);
  };
  return {.events_a_second = of(&FanOutFigures::events_a_second),
          .tokens_a_second = of(&FanOutFigures::tokens_a_second),
          .paced_p50_ms = of(&FanOutFigures::paced_p50_ms),
          .paced_p99_ms = of(&FanOutFigures::paced_p99_ms),
          .cpu_micros = of(&FanOutFigures::cpu_micros)};
}

void add_row(Section& out, std::size_t count, const std::string& name, const FanOutFigures& f) {
  out.rows.push_back({std::to_string(count), name, number_text(f.events_a_second),
                      number_text(f.tokens_a_second), number_text(f.cpu_micros),
                      number_text(f.paced_p50_ms), number_text(f.paced_p99_ms)});
}

}  // namespace

void flat_out(const Setup& setup, Loop& loop, Receivers& receivers, const Emit& emit, pid_t pid,
              FanOutFigures& out) {
  receivers.begin_count();
  receivers.record_latencies = false;
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
      receivers.token_sent(sent++, SteadyClock::now());
      emit(token_text);
      step_is_due = true;
      loop.at(SteadyClock::now() + tokens_apart, step);
    }
  };
  receivers.on_all_have = [&](std::size_t k) {
    arrived = k + 1;
    ended_at = SteadyClock::now();
    ++promised;
    if (!std::exchange(step_is_due, true)) loop.at(ended_at, step);
  };
  step();
  const bool ended = loop.run_until(begin + time + std::chrono::seconds(20));
  receivers.on_all_have = nullptr;
  if (!ended || receivers.closed() != 0) {
    throw std::runtime_error(std::to_string(receivers.closed()) + " streams were cut off; " +
                             std::to_string(arrived) + " of " + std::to_string(sent) +
                             " tokens arrived");
  }
  const double seconds = std::chrono::duration<double>(ended_at - begin).count();
  out.events_a_second = static_cast<double>(receivers.events()) / seconds;
  out.tokens_a_second = static_cast<double>(arrived * receivers.size()) / seconds;
  out.cpu_micros = static_cast<double>((cpu_time(pid) - cpu_before).count()) /
                   static_cast<double>(receivers.events());
}

void paced(const Setup& setup, Loop& loop, Receivers& receivers, const Emit& emit,
           FanOutFigures& out) {
  // 20,000 deliveries a second, whatever the number of receivers.
  const auto pace = std::chrono::microseconds(50 * receivers.size());
  const auto time = std::chrono::milliseconds(setup.quick ? 500 : 3000);
  const auto count = static_cast<std::size_t>(time / pace);
  receivers.begin_count();
  receivers.record_latencies = true;
  const auto begin = SteadyClock::now();
  std::function<void(std::size_t)> send = [&](std::size_t k) {
    receivers.token_sent(k, SteadyClock::now());
    emit(token_text);
    if (k + 1 < count) loop.at(begin + (k + 1) * pace, [&send, k] { send(k + 1); });
  };
  receivers.on_all_have = [&](std::size_t k) {
    if (k + 1 == count) loop.stop();
  };
  send(0);
  const bool ended = loop.run_until(begin + time + std::chrono::seconds(20));
  receivers.on_all_have = nullptr;
  if (!ended || receivers.closed() != 0) throw std::runtime_error("paced tokens did not arrive");
  out.paced_p50_ms = percentile(receivers.latencies(), 0.5) / 1000;
  out.paced_p99_ms = percentile(receivers.latencies(), 0.99) / 1000;
}

void compare_fan_out(const Setup& setup, const std::string& receivers, const MeasureFanOut& floor,
                     const MeasureFanOut& server, Section& out) {
  const Pinned pinned(setup.load_cpu);
  for (const std::size_t count : {1000UL, 5000UL}) {
    std::vector<FanOutFigures> ours;
    std::vector<FanOutFigures> floors;
    for (int round = 0; round < setup.rounds; ++round) {
      floors.push_back(floor(setup, count));
      ours.push_back(server(setup, count));
    }
    const FanOutFigures bare = medians(floors);
    const FanOutFigures mine = medians(ours);
    const double share = mine.events_a_second / bare.events_a_second;
    out.findings.push_back(
        {"events a second to " + std::to_string(count) + " " + receivers,
         "≥ 70 % of a bare epoll loop",
         number_text(mine.events_a_second) + " (" + number_text(100 * share) + " %)",
         "bare loop " + number_text(bare.events_a_second), verdict(share >= 0.7)});
    add_row(out, count, "bare epoll loop", bare);
    add_row(out, count, "Colonnade", mine);
  }
  out.header = {"subscribers",     "server",    "events a second", "tokens a second",
                "CPU µs an event", "paced p50", "paced p99"};
}

}  // namespace colonnade::bench
