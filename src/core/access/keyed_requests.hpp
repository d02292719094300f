// Submitting once: the same key with the same request has its effect once and always gets the same
// answer, also when the first attempt is still under way or died with the server.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/keyed_request.hpp"
#include "core/access/keyed_request_store.hpp"
#include "core/access/limits.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

// How many keys of the last limits::idempotency_time are kept.
struct KeyedRequestBounds {
  std::size_t per_account = limits::keyed_requests_per_account;
  std::size_t total = limits::keyed_requests_max;
};

// The field of the errors that are about the key: the header's name. Every dialect says 400 for an
// invalid one, whatever it says for a member of a body.
constexpr const char* idempotency_key_field = "Idempotency-Key";

class KeyedRequests {
 public:
  KeyedRequests(KeyedRequestStore& store, EventFeed& feed, base::Clock& clock,
                KeyedRequestBounds bounds = {});
  ~KeyedRequests();

  // The first of its key, or one whose first attempt died without effect: do it, link what it makes
  // to `id`, then call answer() or drop().
  struct First {
    std::string id{};
  };
  // Was done before: give this answer.
  struct Answered {
    StoredAnswer answer{};
  };
  // The first attempt made `object_id`, but its answer was lost with the server: make the answer
  // from the object, then call answer().
  struct Orphan {
    std::string id{};
    std::string object_id{};
  };
  using Begun = std::variant<First, Answered, Orphan>;

  // Waits while the same key is being worked on here; rate_limited or unavailable, with
  // retry_after, when too many of the account's requests, or of all, do so, or when there are too
  // many keys to keep a new one. conflict when the key
  // was used for another request; invalid for a key that is empty or longer than
  // limits::idempotency_key_bytes_max.
  base::Task<Result<Begun>> begin(Principal who, std::string key, std::string fingerprint);
  // Stores the answer and wakes those who wait for it. `thread_id`: the thread that it tells of,
  // whose erasure takes it along; "" for none, or where a run or a thread is linked already.
  base::Task<void> answer(Principal who, std::string id, StoredAnswer answer,
                          std::string thread_id = "");
  // The attempt failed without effect: the key is free again, waiters try for themselves.
  base::Task<void> drop(Principal who, std::string id);
  // The attempt goes on without whoever began it (its run outlives the server's stop): the key
  // stays taken, and the next attempt, or one that waits, finds what was made.
  void leave(const std::string& id);
  // Forgets keys older than limits::idempotency_time.
  base::Task<void> purge();

 private:
  struct State;
  KeyedRequestStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace colonnade::core
