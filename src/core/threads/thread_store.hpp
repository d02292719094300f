// The store port for threads, their messages and their summaries, as core/events/journal.hpp says
// of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/every_scope.hpp"
#include "core/access/scope.hpp"
#include "core/context/thread_summary.hpp"
#include "core/limits.hpp"
#include "core/models/usage.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

// A page of messages is cut by the creation time of a message the client has: exclusive bookmarks.
struct MessagePage {
  std::optional<Time> after{};        // the oldest ones after it; wins over `before`
  std::optional<Time> before{};       // the newest ones before it; neither: the newest ones
  std::optional<std::size_t> from{};  // or the place of the first, counted from the oldest
  std::size_t limit = 50;  // 1 .. limits::page_rows_max; with `from` limits::list_rows_max
};

struct ThreadPage {
  std::optional<std::string> agent_id{};  // only its threads
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
};

struct SearchHit {
  std::string thread_id{};
  std::string thread_title{};
  std::string message_id{};
  Role role = Role::user;
  std::string snippet{};  // matches between <mark> and </mark>
  Time created_at{};
};

struct ThreadUsage {
  std::int64_t message_count = 0;  // messages that carry usage
  Usage usage{};
};

// A thread as a client looks at it, as of one moment.
struct ThreadDetail {
  Thread thread;
  std::vector<Message> messages{};  // the newest ones, oldest first
  bool running = false;             // a run is not terminal
};

class ThreadStore {
 public:
  virtual ~ThreadStore() = default;
  // Also a deleted one, but none that was erased. Whoever owns it: the use case compares.
  virtual base::Task<Result<std::optional<Thread>>> thread(Scope scope, std::string id) = 0;
  // One owner's, or everybody's (nullopt), not deleted, by updated_at, created_at and id, newest
  // first.
  virtual base::Task<Result<std::vector<Thread>>> threads(Scope scope,
                                                          std::optional<std::string> owner,
                                                          ThreadPage page) = 0;
  // Erased ones of every scope that something is left of.
  virtual base::Task<Result<std::vector<Thread>>> erased_threads(EveryScopePage page) = 0;
  // Oldest first within the page.
  virtual base::Task<Result<std::vector<Message>>> messages(Scope scope, std::string thread_id,
                                                            MessagePage page) = 0;
  // The thread, at most `messages` of its newest messages, and whether a run is active in it.
  virtual base::Task<Result<std::optional<ThreadDetail>>> thread_detail(Scope scope, std::string id,
                                                                        std::size_t messages) = 0;
  virtual base::Task<Result<std::optional<Message>>> message(Scope scope, std::string id) = 0;
  virtual base::Task<Result<ThreadUsage>> usage(Scope scope, std::string thread_id) = 0;
  // The one that covers most; nullopt when the thread has none.
  virtual base::Task<Result<std::optional<ThreadSummary>>> newest_summary(
      Scope scope, std::string thread_id) = 0;
  // Full text over one owner's messages, or everybody's (nullopt), in threads that are not deleted,
  // best first. May take milliseconds, in time linear in the texts; cancelled soon after `stop` is
  // requested. ErrorKind::invalid for a query that the search syntax does not allow.
  virtual Result<std::vector<SearchHit>> search(const Scope& scope,
                                                const std::optional<std::string>& owner,
                                                std::string_view query, std::size_t limit,
                                                std::stop_token stop) = 0;
};

struct InsertThread {  // not_found when its agent has to exist and does not
  Thread thread;
  bool agent_must_exist = false;
};
struct InsertMessage {  // also sets the thread's updated_at to the message's created_at
  Message message{};
};
struct RenameThread {  // not_found when there is no such thread
  std::string id{};
  std::string title{};
  Time at{};
  bool only_if_untitled = false;  // then a titled thread is left alone, without an error
};
struct DeleteThread {  // not_found unless it exists and is not deleted
  std::string id{};
  Time at{};
};
struct RestoreThread {  // not_found unless it is deleted; sets updated_at
  std::string id{};
  Time at{};
};
struct InsertSummary {  // not_found when there is no such thread
  ThreadSummary summary{};
};
struct EraseThread {  // hides it for good; not_found unless it exists
  std::string id{};
  Time at{};
};
// Removes all that an erased thread held, what was remembered in it included; conflict while a run
// is unfinished.
struct PurgeThread {
  std::string id{};
  bool is_complete = true;  // false: something outside of the store is left; it stays in the list
};

}  // namespace colonnade::core
