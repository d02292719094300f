#include <stdexcept>

#include "checks.hpp"
#include "store_view.hpp"

namespace colonnade::kill {

void check_run_rules(const StoreView& store) {
  store.none("the file is sound",
             "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
  store.none("rows refer to rows that exist", "SELECT * FROM pragma_foreign_key_check");
  store.none("a thread's events are numbered 1, 2, 3 …",
             "SELECT thread_no, count(*), min(seq), max(seq) FROM events GROUP BY thread_no "
             "HAVING min(seq) <> 1 OR max(seq) <> count(*) OR count(DISTINCT seq) <> count(*)");
  store.none(
      "numbers rise with cursors",
      "SELECT cursor, seq FROM (SELECT cursor, seq, lag(seq) OVER (PARTITION BY thread_no "
      "ORDER BY cursor) AS before FROM events) WHERE before IS NOT NULL AND seq <> before + 1");
  store.none("every run has ended",
             "SELECT id, state FROM runs WHERE state NOT IN ('succeeded', 'failed', 'cancelled')");
  store.none("a run under this load succeeds",
             "SELECT id, state, error FROM runs WHERE state <> 'succeeded'");
  store.none("a run that succeeded has one reply",
             "SELECT id, (SELECT count(*) FROM messages WHERE run_id = runs.id AND role = "
             "'assistant') AS replies FROM runs WHERE state = 'succeeded' AND replies <> 1");
  store.none("a run is reported finished once",
             "SELECT run_id, count(*) FROM events WHERE body LIKE '{\"kind\":\"run_finished\"%' "
             "GROUP BY run_id HAVING count(*) <> 1");
  store.none("a user's message starts one run",
             "SELECT user_message_id, count(*) FROM runs GROUP BY 1 HAVING count(*) <> 1");
  store.none("no tool call is left over",
             "SELECT id, state FROM tool_calls WHERE state IN ('requested', 'waiting_approval', "
             "'running')");
  // The providers of this load ask for a tool once a run, so a second call is a repeated one.
  store.none("a tool runs once",
             "SELECT run_id, tool, count(*), group_concat(state) FROM tool_calls "
             "GROUP BY run_id HAVING count(*) > 1");
  // A call that the kill interrupted may be begun again, because this load's tools have no effect;
  // one that has finished never is.
  store.none(
      "a finished call is not begun again",
      "SELECT a.run_id, a.cursor, b.cursor FROM events a JOIN events b ON b.run_id = a.run_id "
      "AND b.cursor > a.cursor WHERE a.body LIKE '{\"kind\":\"tool_call_finished\"%' AND "
      "b.body LIKE '{\"kind\":\"tool_call_started\"%' AND json_extract(a.body, "
      "'$.tool_call_id') = json_extract(b.body, '$.tool_call_id')");
  for (const char* kind : {"tool_call_requested", "tool_call_finished"}) {
    store.none(
        std::string("one ") + kind + " for a call",
        "SELECT run_id, count(*) FROM events WHERE body LIKE '{\"kind\":\"" + std::string(kind) +
            "\"%' GROUP BY run_id, json_extract(body, '$.tool_call_id') HAVING count(*) > 1");
  }
}

namespace {

// The streams' events are the store's, none missing, none more.
void check_events(const StoreView& store, const ThreadRecord& record) {
  auto told = record.events.begin();
  store.each(
      "SELECT cursor FROM events WHERE thread_no = (SELECT no FROM threads WHERE id = ?1) AND "
      "json_extract(body, '$.kind') IN ('message_stored', 'run_started', 'text_delta', "
      "'run_finished') ORDER BY cursor",
      {record.id}, [&](const StoreView::Row& row) {
        const bool same = told != record.events.end() && std::to_string(told->cursor) == row.at(0);
        if (!same) {
          throw std::logic_error("thread " + record.id + ": event " + row.at(0) +
                                 " is stored and was not told next");
        }
        ++told;
      });
  if (told != record.events.end()) {
    throw std::logic_error("thread " + record.id + ": event " + std::to_string(told->cursor) +
                           " was told and is not stored");
  }
}

}  // namespace

StoreCounts check_store(const std::string& file, const std::vector<const ThreadRecord*>& records) {
  const StoreView store(file);
  check_run_rules(store);
  for (const ThreadRecord* record : records) {
    if (!record->events.empty()) check_events(store, *record);
    for (const ToldMessage& told : record->messages) {
      std::size_t found = 0;
      store.each("SELECT text FROM messages WHERE id = ?1", {told.id},
                 [&](const StoreView::Row& row) { found += row.at(0) == told.content ? 1 : 0; });
      if (found != 1) throw std::logic_error("acknowledged message " + told.id + " is not stored");
    }
  }
  return {.threads = store.count("SELECT count(*) FROM threads"),
          .runs = store.count("SELECT count(*) FROM runs"),
          .tool_calls = store.count("SELECT count(*) FROM tool_calls"),
          .events = store.count("SELECT count(*) FROM events")};
}

}  // namespace colonnade::kill
