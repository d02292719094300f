// What must hold after a kill. Each check throws std::logic_error with the evidence.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/connection.hpp"
#include "ledger.hpp"
#include "store_view.hpp"

namespace colonnade::kill {

// On the running server, for one thread, once its run (if any) has ended, which is waited for:
// everything acknowledged is there with the same content; requests that were not answered are sent
// again under their keys and take effect once; the streams together tell what a full replay tells;
// nothing runs any more.
void check_thread(const bench::Target& target, ThreadRecord& record);

struct StoreCounts {
  std::size_t threads = 0;
  std::size_t runs = 0;
  std::size_t tool_calls = 0;
  std::size_t events = 0;
};

// Of any load whose runs succeed and whose messages each begin one: the file's own integrity, and
// what holds of events, runs and tool calls.
void check_run_rules(const StoreView& store);

// On the store's file, after the server has ended: its own integrity; sequence numbers without
// gaps; every run ended, with one reply if it succeeded; no tool call begun or finished twice or
// left over; every record's events are the store's.
StoreCounts check_store(const std::string& file, const std::vector<const ThreadRecord*>& records);

}  // namespace colonnade::kill
