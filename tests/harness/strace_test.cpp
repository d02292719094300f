#include "harness/strace.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr const char* summary =
    "% time     seconds  usecs/call     calls    errors syscall\n"
    "------ ----------- ----------- --------- --------- ----------------\n"
    " 58.21    0.004210          14       300           epoll_wait\n"
    " 41.79    0.003022          25       120        12 futex\n"
    "  0.00    0.000000           0         1           pwrite64\n"
    "------ ----------- ----------- --------- --------- ----------------\n"
    "100.00    0.007232          17       421        12 total\n";

TEST(SystemCalls, AddsUpTheTable) { EXPECT_EQ(calls_in_summary(summary), 421U); }

TEST(SystemCalls, NoTableIsAnError) {
  EXPECT_THROW(calls_in_summary(""), std::runtime_error);
  EXPECT_THROW(calls_in_summary("strace: attach: ptrace: Operation not permitted\n"),
               std::runtime_error);
}

}  // namespace
}  // namespace colonnade::bench
