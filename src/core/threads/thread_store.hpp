// The store port for threads, their messages and their summaries, as core/events/journal.hpp says
// of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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
  // With `from`: those too that were edited out, and only the replies to this message ("" for all).
  bool edited_out = false;
  std::string reply_to{};
};

enum class ThreadsShown { all, not_archived, archived };

struct ThreadPage {
  std::optional<std::string> agent_id{};  // only its threads
  std::size_t limit = limits::list_rows_max;
  std::size_t offset = 0;
  ThreadsShown shown = ThreadsShown::all;
  std::string tag{};                // only those that have it
  std::optional<bool> pinned{};     // only those that are, or are not
  std::optional<bool> completed{};  // the same
  bool pinned_first = false;
  bool own = false;        // only the caller's own, also for who may see everybody's
  std::string matching{};  // only those whose title or directory holds it; case of ASCII is ignored
  std::optional<std::string> directory{};  // only those bound to this path
  std::string parent_id{};                 // only those that belong to this thread
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
  // How many threads() has in all, whatever `limit` and `offset` say.
  virtual base::Task<Result<std::size_t>> count_threads(Scope scope,
                                                        std::optional<std::string> owner,
                                                        ThreadPage page) = 0;
  // How many messages() has in all, by `edited_out` and `reply_to` alone.
  virtual base::Task<Result<std::size_t>> count_messages(Scope scope, std::string thread_id,
                                                         MessagePage page) = 0;
  // How many messages answer each of the thread's messages beside the main line; only those that
  // have any.
  virtual base::Task<Result<std::map<std::string, int>>> reply_counts(Scope scope,
                                                                      std::string thread_id) = 0;
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
  // The same of several threads, by their ids; those without one are left out.
  virtual base::Task<Result<std::map<std::string, ThreadSummary>>> newest_summaries(
      Scope scope, std::vector<std::string> thread_ids) = 0;
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
struct InsertMessage {  // also sets the thread's updated_at to the message's created_at, and counts
                        // an assistant's as a turn
  Message message{};
};
struct RenameThread {  // not_found when there is no such thread
  std::string id{};
  std::string title{};
  Time at{};
  bool only_if_untitled = false;  // then a titled thread is left alone, without an error
};
struct ArrangeThread {  // not_found when there is no such thread; unset members stay as they are
  std::string id{};
  Time at{};
  std::optional<std::vector<std::string>> tags{};
  std::optional<std::optional<Time>> pinned_at{};
  std::optional<std::optional<Time>> archived_at{};
  std::optional<bool> completed{};
  std::optional<base::Json> session_context{};
  std::optional<std::string> title{};
};
struct MoveThread {  // not_found when there is no such thread; sets updated_at to the move's
  std::string id{};
  Directory directory{};
  DirectoryMove move{};
};
struct PinThreadVersion {  // not_found when there is no such thread; one that is pinned stays as it
                           // is, without an error
  std::string id{};
  std::string version_id{};
};
// That message and those behind it in the thread, of the replies to one message only when it is one
// of them. Summaries that cover any of them go. not_found when the thread has no such message.
struct EditOutMessages {
  std::string thread_id{};
  std::string from_message_id{};
};
// Withdraws what users themselves asked to call in it (core/governance/user_calls).
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
