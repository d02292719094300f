// Reads a thread's resumable stream into its record.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "harness/connection.hpp"
#include "ledger.hpp"

namespace colonnade::kill {

// Why reading ended.
enum class ReadEnd { enough, cut_off, refused };

// Follows GET …/stream from behind `after` (with Last-Event-ID), giving every event with an id to
// `take` until it says that it has enough, the stream breaks, or nothing comes for `patience`
// (cut_off). Throws std::logic_error for bytes that are no such events.
ReadEnd read_events(const bench::Target& target, const std::string& thread, std::int64_t after,
                    std::chrono::milliseconds patience,
                    const std::function<bool(ToldEvent, std::string_view data)>& take);

// Adds an event to the record, and the message it carries to the acknowledged ones. Throws
// std::logic_error when its cursor does not rise: a repeated event.
void record_event(ThreadRecord& record, ToldEvent event, std::string_view data);

}  // namespace colonnade::kill
