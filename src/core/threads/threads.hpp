// What can be done with threads. A thread belongs to its owner: within the scope, another user's
// thread is ErrorKind::forbidden; outside it does not exist.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/access/scope.hpp"
#include "core/events/event_feed.hpp"
#include "core/runs/run_store.hpp"
#include "core/threads/thread_store.hpp"

namespace colonnade::core {

struct NewThread {
  std::string title{};     // kept as given
  std::string agent_id{};  // "" for the default agent
  std::string label{};     // kept as given
  ModelSettings settings{};
  std::string keyed_request_id{};  // linked to the thread in the same transaction; "" for none
};

struct ThreadView {
  Thread thread{};
  std::vector<Message> messages{};  // the newest page, oldest first
  bool running = false;             // a run is not terminal
};

class Threads {
 public:
  Threads(ThreadStore& store, RunStore& runs, EventFeed& feed, base::Clock& clock,
          base::Workers& workers);

  // not_found with the field "agent_id" when there is no such agent.
  base::Task<Result<Thread>> create(Principal who, NewThread input);
  // The caller's own, not deleted, newest first.
  Result<std::vector<Thread>> list(const Principal& who, const ThreadPage& page);
  // Also a deleted one.
  Result<Thread> get(const Principal& who, std::string_view id);
  Result<ThreadView> view(const Principal& who, std::string_view id, std::size_t messages);
  Result<std::vector<Message>> messages(const Principal& who, std::string_view id,
                                        const MessagePage& page);
  // One of the thread's.
  Result<Message> message(const Principal& who, std::string_view id, std::string_view message_id);
  Result<ThreadUsage> usage(const Principal& who, std::string_view id);
  // `title` is trimmed; blank is ErrorKind::invalid.
  base::Task<Result<Thread>> rename(Principal who, std::string id, std::string title);
  // Soft. not_found when it is deleted already.
  base::Task<Result<void>> remove(Principal who, std::string id);
  // not_found when it is not deleted.
  base::Task<Result<void>> restore(Principal who, std::string id);
  // Runs on a worker thread. timeout after search_time_max, cancelled after `stop`, and the
  // refusals of base::Workers.
  base::Task<Result<std::vector<SearchHit>>> search(Principal who, std::string query,
                                                    std::size_t limit, std::stop_token stop);

 private:
  ThreadStore& store_;
  RunStore& runs_;
  EventFeed& feed_;
  base::Clock& clock_;
  base::Workers& workers_;
};

// A title made from a user's text, without a model (fathom §5.2).
std::string auto_title(std::string_view text);

}  // namespace colonnade::core
