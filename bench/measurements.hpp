// One function for each measurement. Each starts what it needs, bounded in time, and stops it
// again. They throw std::runtime_error when something does not answer as it must.
#pragma once

#include "report.hpp"
#include "setup.hpp"

namespace colonnade::bench {

// Added latency of a message over a direct call of the provider, beside nginx; the disk's sync.
Section measure_latency(const Setup& setup);
// REST reads beside nginx's static files.
Section measure_reads(const Setup& setup);
// Runs a second, with clients that watch the stream and without.
Section measure_runs(const Setup& setup);
// The same run over Tandem's wire and over Fathom's.
Section measure_wires(const Setup& setup);
// Events a second to many subscribers of one thread, and their latency, beside a bare epoll loop.
Section measure_fan_out(const Setup& setup);
// The same to Socket.IO clients that have joined one thread.
Section measure_socket_fan_out(const Setup& setup);
// Resident memory of idle subscribers.
Section measure_idle_subscribers(const Setup& setup);
// Resident memory of idle Socket.IO clients.
Section measure_idle_sockets(const Setup& setup);
// Exec to first answer, and resident memory when idle.
Section measure_start(const Setup& setup);
// Processor time of the SDK for a streamed event.
Section measure_sdk(const Setup& setup);
// Decisions of the gate a second, in process by the number of rules and over HTTP.
Section measure_gate(const Setup& setup);
// Recall of agent memory: how well a labelled set is answered, and how fast 100,000 items are.
Section measure_memory(const Setup& setup);
// Search over 100,000 messages, and in one message of many words.
Section measure_search(const Setup& setup);
// What caches of prompts can serve of a long thread, and what making a request costs.
Section measure_context(const Setup& setup);
// What due times cost to find and to wait for, and how late they are told.
Section measure_schedules(const Setup& setup);
// Durable jobs a second, by the number of workers, beside a bare queue in SQLite.
Section measure_jobs(const Setup& setup);
// A call of an MCP server's tool through our client, beside the same bytes without it.
Section measure_mcp(const Setup& setup);
// SIGKILL at random moments under the loads of tests/kill: runs, jobs, budgets.
Section measure_kills(const Setup& setup);

// `setup.server` beside the older `setup.baseline`, in pairs that take turns: processor time and
// system calls a run, reads, fan-out, memory, start. Not one of the measurements above.
Section measure_against(const Setup& setup);

// --- single figures, which measure_against takes of two programs ---------------------------------

struct Started {
  double ms = 0;   // from fork to the first 200
  double mib = 0;  // resident right after it
  bool stopped_well = false;
};
Started start_once(const Setup& setup, const std::string& folder);

// Flat out, to so many subscribers of one thread.
double events_a_second(const Setup& setup, std::size_t subscribers);

}  // namespace colonnade::bench
