// What the measurements of fan-out share: tokens to all receivers, flat out and paced.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "receivers.hpp"
#include "report.hpp"
#include "setup.hpp"

namespace colonnade::bench {

// Tokens on their way at once: enough that the next is ready when one is delivered. They follow
// each other at a distance, so that each becomes an event: tokens of one commit are joined.
constexpr std::size_t tokens_under_way = 4;
constexpr auto tokens_apart = std::chrono::milliseconds(3);

struct FanOutFigures {
  double events_a_second = 0;
  double tokens_a_second = 0;
  double paced_p50_ms = 0;
  double paced_p99_ms = 0;
  double cpu_micros = 0;  // of the server for each delivered event, flat out
};

// Something that brings a token to all receivers.
using Emit = std::function<void(std::string_view text)>;

// The next token goes when all receivers have one. `pid`: whose processor time is told.
void flat_out(const Setup& setup, Loop& loop, Receivers& receivers, const Emit& emit, pid_t pid,
              FanOutFigures& out);
// Tokens at a pace that any server keeps: their latencies.
void paced(const Setup& setup, Loop& loop, Receivers& receivers, const Emit& emit,
           FanOutFigures& out);

// One measurement of so many receivers on a fresh server or floor.
using MeasureFanOut = std::function<FanOutFigures(const Setup& setup, std::size_t count)>;
// The server beside a bare loop, in turns, with 1,000 and 5,000 receivers: a finding and two rows
// for each. `receivers`: what they are, as "subscribers of one thread".
void compare_fan_out(const Setup& setup, const std::string& receivers, const MeasureFanOut& floor,
                     const MeasureFanOut& server, Section& out);

}  // namespace colonnade::bench
