// Whose events somebody follows, and a page of them from the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/access/scope.hpp"
#include "core/access/visibility.hpp"
#include "core/events/event.hpp"

namespace colonnade::core {

// One thread, all threads of one owner, or all threads of one scope. Whoever makes one has checked
// that its reader may see them; visible_to() needs no check.
class EventTopic {
 public:
  enum class Kind : std::uint8_t { thread, user, scope };

  static EventTopic of_thread(Scope scope, std::string thread_id) {
    return {Kind::thread, std::move(scope), std::move(thread_id)};
  }
  static EventTopic of_user(Scope scope, std::string user_id) {
    return {Kind::user, std::move(scope), std::move(user_id)};
  }
  static EventTopic of_scope(Scope scope) { return {Kind::scope, std::move(scope), {}}; }
  // Everything that the principal may see: the whole scope for an operator, else what is its own.
  static EventTopic visible_to(const Principal& who) {
    const auto owner = owner_seen_by(who);
    return owner ? of_user(who.scope, *owner) : of_scope(who.scope);
  }

  Kind kind() const { return kind_; }
  const Scope& scope() const { return scope_; }
  const std::string& id() const { return id_; }  // of the thread or the user; "" for a scope
  bool operator==(const EventTopic&) const = default;

 private:
  EventTopic(Kind kind, Scope scope, std::string id)
      : kind_(kind), scope_(std::move(scope)), id_(std::move(id)) {}

  Kind kind_;
  Scope scope_;
  std::string id_;
};

struct EventPage {
  std::vector<Event> events{};  // oldest first
  // Everything up to this cursor was looked at: the next page begins after it.
  std::int64_t read_to = 0;
  // Nothing of the topic was committed beyond it when the page was read.
  bool last = true;
};

}  // namespace colonnade::core
