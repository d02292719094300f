#include "storage/sqlite/erasure_rest.hpp"

#include <utility>

#include "base/log.hpp"
#include "storage/limits.hpp"

namespace colonnade::storage::sqlite {
namespace {

constexpr const char* merge_messages =
    "INSERT INTO message_search (message_search, rank) VALUES ('merge', ?1)";
constexpr const char* merge_memories =
    "INSERT INTO memory_search (memory_search, rank) VALUES ('merge', ?1)";

}  // namespace

void ErasureRest::step() {
  rest(limits::erasure_step_pause);
  if (auto done = step_of_phase(); !done) {
    base::log::warn("erasure_not_finished", {{"error", done.error().message}});
    rest(limits::erasure_retry_pause);
  }
}

void ErasureRest::finish() {
  const auto end = std::chrono::steady_clock::now() + limits::erasure_time_at_close;
  while (is_wanted_ && std::chrono::steady_clock::now() < end) {
    if (auto done = step_of_phase(); !done) return;  // the next start goes on
  }
}

Result<void> ErasureRest::step_of_phase() {
  switch (phase_) {
    case Phase::begin: return begin();
    case Phase::merge: return merge();
    case Phase::empty_log: return empty_log();
  }
  return {};
}

// Each index is to become one segment: only then are the words of removed rows left out.
Result<void> ErasureRest::begin() {
  auto rows = database_.all<std::string>(
      "SELECT what FROM erasures_to_finish",
      [](Statement& row) -> Result<std::string> { return row.string(0); });
  if (!rows) return fail(rows.error());
  if (rows->empty()) {
    is_wanted_ = false;
    return {};
  }
  for (const std::string& index : *rows) {
    if (auto begun = merge_some(index, -limits::erasure_pages_at_once); !begun) {
      return fail(begun.error());
    }
  }
  indexes_ = *std::move(rows);
  is_wanted_again_ = false;
  phase_ = Phase::merge;
  return {};
}

Result<void> ErasureRest::merge() {
  if (indexes_.empty()) {
    phase_ = Phase::empty_log;
    return {};
  }
  const auto merged = merge_some(indexes_.back(), limits::erasure_pages_at_once);
  if (!merged) return fail(merged.error());
  if (!*merged) indexes_.pop_back();
  return {};
}

// FTS5 says how much it did by the rows it changed: its own bookkeeping is one.
Result<bool> ErasureRest::merge_some(const std::string& index, int pages) {
  const auto before = database_.number("SELECT total_changes()");
  if (!before) return fail(before.error());
  const auto merged =
      database_.run(index == "message_search" ? merge_messages : merge_memories, pages);
  if (!merged) return fail(merged.error());
  const auto after = database_.number("SELECT total_changes()");
  if (!after) return fail(after.error());
  return *after - *before >= 2;
}

Result<void> ErasureRest::empty_log() {
  database_.wait_for_others(limits::erasure_busy_time);
  const auto is_empty = log_.empty();
  database_.wait_for_others(busy_time_);
  if (!is_empty) return fail(is_empty.error());
  if (!*is_empty) {
    rest(limits::erasure_retry_pause);
    return {};
  }
  phase_ = Phase::begin;
  rest(limits::erasure_rest);
  if (is_wanted_again_) return {};  // the rows are of something newer, too
  if (auto noted = database_.run("DELETE FROM erasures_to_finish"); !noted) {
    return fail(noted.error());
  }
  is_wanted_ = false;
  return {};
}

}  // namespace colonnade::storage::sqlite
