// Limits of what is known of runs after the fact: their spans and what they cost.
#pragma once

#include <chrono>
#include <cstddef>

namespace colonnade::limits {

using namespace std::chrono_literals;

// Of one run. A run of the most rounds with a few calls each stays below; what comes beyond is
// told to whoever measures and not kept.
constexpr std::size_t spans_per_run_max = 1'000;
// Of a name or a code in a span; longer ones are cut between characters.
constexpr std::size_t span_text_bytes_max = 200;
// How long spans are kept after their run began, unless the operator says otherwise.
constexpr int spans_days_default = 30;
// Sums of a time look so far before it for runs that ended within it. Those that took longer, as
// they waited for a human, are found by an index of their own.
constexpr auto run_age_max = std::chrono::days(8);
// How far back runs are listed and summed at most.
constexpr auto monitored_time_max = std::chrono::days(366);
// What a list of runs looks through before it says that this is all: of its scope, newest first.
constexpr std::size_t monitored_runs_looked_at_max = 100'000;
constexpr std::size_t monitored_rows_max = 200;  // of one list
// The same of a list of what was refused or hidden.
constexpr std::size_t safety_events_looked_at_max = 100'000;
// Runs that share one trace, or one thread, of which spans are shown: the newest.
constexpr std::size_t traced_runs_max = 50;
// A list or a sum takes this long at most; then it is refused with how to narrow it.
constexpr auto monitoring_time_max = 10s;
// Runs whose spans one transaction forgets, and how often it is looked for them.
constexpr std::size_t forgotten_spans_rows_max = 500;
constexpr auto spans_forgetting_interval = 1h;

constexpr std::size_t gauged_job_queues_max = 50;  // by name; the longest

}  // namespace colonnade::limits
