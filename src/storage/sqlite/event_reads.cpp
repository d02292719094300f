// The read half of Store that concerns events.
#include "core/events/limits.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/rows.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::storage::sqlite {

base::Task<Result<std::vector<core::Event>>> Store::events(core::Scope scope, std::string thread_id,
                                                           std::int64_t after, std::size_t limit) {
  co_return readers_->with([&](Database& database) {
    return database.all<core::Event>(
        "SELECT " COLONNADE_EVENT_COLUMNS
        " FROM threads t CROSS JOIN events e ON e.thread_no = t.no"
        " WHERE t.id = ?1 AND t.scope = ?2 AND e.scope = ?2 AND e.cursor > ?3"
        " ORDER BY e.cursor LIMIT ?4",
        read_event, thread_id, scope.key(), after, limit);
  });
}

namespace {

struct EventRow {
  core::Event event;
  bool of_deleted_thread = false;
};

Result<EventRow> read_event_row(Statement& row) {
  auto event = read_event(row);
  if (!event) return fail(std::move(event.error()));
  return EventRow{.event = std::move(*event), .of_deleted_thread = row.integer(8) != 0};
}

Result<core::EventPage> thread_event_page(Database& database, const core::EventTopic& topic,
                                          std::int64_t after, std::size_t limit) {
  auto events = database.all<core::Event>(
      "SELECT " COLONNADE_EVENT_COLUMNS
      " FROM threads t CROSS JOIN events e ON e.thread_no = t.no"
      " WHERE t.id = ?1 AND t.scope = ?2 AND t.erased_at IS NULL AND e.cursor > ?3"
      " ORDER BY e.cursor LIMIT ?4",
      read_event, topic.id(), topic.scope().key(), after, limit);
  if (!events) return fail(std::move(events.error()));
  const bool last = events->size() < limit;
  const std::int64_t read_to = events->empty() ? after : events->back().cursor;
  return core::EventPage{.events = std::move(*events), .read_to = read_to, .last = last};
}

// Walks along the cursors instead of an index by owner, which every event would have to be entered
// in: commits stay as cheap as they are, and a page looks at a bounded number of rows.
Result<core::EventPage> wide_event_page(Database& database, const core::EventTopic& topic,
                                        std::int64_t after, std::size_t limit) {
  const auto end = database.number(
      "SELECT max(cursor) FROM (SELECT cursor FROM events WHERE cursor > ?1"
      " ORDER BY cursor LIMIT ?2)",
      after, limits::events_looked_at_max);
  if (!end) return fail(end.error());
  if (*end == 0) return core::EventPage{.read_to = after};
  const auto newest = database.number("SELECT max(cursor) FROM events");
  if (!newest) return fail(newest.error());
  const std::int64_t whole_scope = topic.kind() == core::EventTopic::Kind::scope ? 1 : 0;
  auto rows = database.all<EventRow>(
      "SELECT " COLONNADE_EVENT_COLUMNS
      ", t.deleted_at IS NOT NULL"
      " FROM events e CROSS JOIN threads t ON t.no = e.thread_no"
      " WHERE e.cursor > ?1 AND e.cursor <= ?2 AND e.scope = ?3 AND (?4 = 1 OR t.owner = ?5)"
      " AND t.erased_at IS NULL ORDER BY e.cursor LIMIT ?6",
      read_event_row, after, *end, topic.scope().key(), whole_scope, topic.id(), limit);
  if (!rows) return fail(std::move(rows.error()));
  core::EventPage page{.read_to = *end, .last = *end >= *newest};
  if (rows->size() == limit) {
    page.read_to = rows->back().event.cursor;
    page.last = false;
  }
  for (EventRow& row : *rows) {
    const bool shown =
        !row.of_deleted_thread || std::holds_alternative<core::ThreadChanged>(row.event.body);
    if (shown) page.events.push_back(std::move(row.event));
  }
  return page;
}

}  // namespace

base::Task<Result<core::EventPage>> Store::event_page(core::EventTopic topic, std::int64_t after,
                                                      std::size_t limit) {
  co_return readers_->with([&](Database& database) {
    return topic.kind() == core::EventTopic::Kind::thread
               ? thread_event_page(database, topic, after, limit)
               : wide_event_page(database, topic, after, limit);
  });
}

}  // namespace colonnade::storage::sqlite
