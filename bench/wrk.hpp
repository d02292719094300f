// The load of many small requests: wrk on the other core.
#pragma once

#include <sys/types.h>

#include <string>

#include "setup.hpp"

namespace colonnade::bench {

struct Rate {
  double a_second = 0;
  double cpu_micros = 0;  // of the measured process, for each request
};

struct Load {
  std::string path{};
  std::string body{};  // JSON; "" for a GET
};

// One thread, 32 connections, some seconds. Throws std::runtime_error when an answer was no 2xx.
Rate run_wrk(const Setup& setup, const Target& target, const Load& load, pid_t measured);

}  // namespace colonnade::bench
