#include "storage/sqlite/event_log.hpp"

#include <utility>

#include "core/events/limits.hpp"
#include "storage/event_codec.hpp"

namespace colonnade::storage::sqlite {
namespace {

template <class Delta>
bool join(core::EventBody& front, core::EventBody& back) {
  auto* first = std::get_if<Delta>(&front);
  const auto* second = std::get_if<Delta>(&back);
  if (first == nullptr || second == nullptr) return false;
  if (first->text.size() + second->text.size() > limits::joined_delta_bytes_max) return false;
  first->text += second->text;
  return true;
}

}  // namespace

Result<void> EventLog::load_cursor() {
  const auto newest = database_.number("SELECT max(cursor) FROM events");
  if (!newest) return fail(newest.error());
  last_cursor_ = *newest;
  return {};
}

Result<void> EventLog::collect(const core::Scope& scope, std::vector<core::Event>& events) {
  const std::size_t mark = collected_.size();
  for (core::Event& event : events) {
    if (auto noted = collect_one(scope, event); !noted) {
      drop_since(mark);
      return noted;
    }
  }
  return {};
}

Result<void> EventLog::collect_made(std::vector<core::Event>& events) {
  const std::size_t mark = collected_.size();
  for (core::Event& event : events) {
    if (auto noted = collect_one(event.scope, event); !noted) {
      drop_since(mark);
      return noted;
    }
  }
  return {};
}

Result<void> EventLog::collect_one(const core::Scope& scope, core::Event& event) {
  const auto thread = threads_.find(scope, event.thread_id);
  if (!thread) return fail(thread.error());
  if (*thread == nullptr) {
    return fail(ErrorKind::not_found,
                "there is no thread \"" + event.thread_id + "\" to append an event to");
  }
  collected_.push_back({.scope = &scope, .event = &event, .thread = *thread});
  return {};
}

void EventLog::join_or_add(const Collected& one) {
  const std::int64_t newest = one.thread->newest_pending;
  if (newest >= 0) {
    core::Event& before = *written_[static_cast<std::size_t>(newest)];
    if (before.run_id == one.event->run_id &&
        (join<core::TextDelta>(before.body, one.event->body) ||
         join<core::ReasoningDelta>(before.body, one.event->body))) {
      written_as_.push_back(newest);
      return;
    }
  }
  const auto index = static_cast<std::int64_t>(written_.size());
  one.thread->newest_pending = index;
  written_as_.push_back(index);
  if (one.scope != &one.event->scope) one.event->scope = *one.scope;
  one.event->owner = one.thread->owner;
  written_.push_back(std::make_shared<core::Event>(std::move(*one.event)));
  written_to_.push_back(one.thread);
}

Result<void> EventLog::write() {
  // Joining comes first: a joined event is written once, whole.
  for (const Collected& one : collected_) join_or_add(one);
  first_cursor_ = last_cursor_ + 1;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    core::Event& event = *written_[i];
    event.cursor = ++last_cursor_;
    event.seq = ++written_to_[i]->last_seq;
    written_to_[i]->newest_pending = -1;
    body_.clear();
    append_event_body(body_, event.body);
    const auto done = database_.run(
        "INSERT INTO events (cursor, thread_no, seq, scope, run_id, at, body)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        event.cursor, written_to_[i]->no, event.seq, event.scope.key(), event.run_id, event.at,
        body_);
    if (!done) return fail(done.error());
  }
  return {};
}

std::vector<std::shared_ptr<const core::Event>> EventLog::take_written() {
  std::vector<std::shared_ptr<const core::Event>> out(std::make_move_iterator(written_.begin()),
                                                      std::make_move_iterator(written_.end()));
  written_.clear();
  return out;
}

void EventLog::clear() {
  collected_.clear();
  written_as_.clear();
  written_.clear();
  written_to_.clear();
}

}  // namespace colonnade::storage::sqlite
