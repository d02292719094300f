// What stands for a thread's older turns in the model's input.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "core/models/usage.hpp"

namespace colonnade::core {

// Covers every message of the thread that was created at `up_to` or before. It is never changed; a
// later one covers more and takes its place. The messages themselves stay as they are.
struct ThreadSummary {
  std::string id{};
  std::string thread_id{};
  std::string run_id{};  // the run that needed it
  std::string up_to_message_id{};
  base::Time up_to{};
  std::string text{};
  std::int64_t tokens = 0;  // of the text, as the model that wrote it counted
  std::string provider{};
  std::string model{};
  // Of the calls that made the summaries of this run so far, this one included.
  Usage usage{};
  std::int64_t cost_micros = 0;
  base::Time created_at{};
};

}  // namespace colonnade::core
