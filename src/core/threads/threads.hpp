// What can be done with threads. To whom one is visible is core/access/visibility.hpp's to say; to
// everybody else it is not_found.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"
#include "core/threads/directories.hpp"
#include "core/threads/thread_store.hpp"

namespace colonnade::core {

struct NewThread {
  std::string title{};     // kept as given
  std::string agent_id{};  // "" for the default agent
  std::string label{};     // kept as given
  ModelSettings settings{};
  std::string keyed_request_id{};  // linked to the thread in the same transaction; "" for none
  base::Json session_context = nullptr;  // an object, or null
  std::string parent_id{};               // the thread that it belongs to; "" for none
  std::string version_id{};  // of its agent, to which it is pinned from the start; "" for none
  // Where its tools work: an absolute path, which need not exist; "" for the server's own
  // workspace.
  std::string directory{};
  std::vector<PermissionRule> rules{};  // oldest first; at most limits::thread_rules_max
  std::string id{};  // from base::new_id(); "": one is made. conflict when it is taken
};

// Unset members stay as they are.
struct ThreadArrangement {
  std::optional<std::string> title{};  // line breaks become blanks, trimmed, cut; "" removes it
  std::optional<std::vector<std::string>> tags{};
  std::optional<bool> pinned{};
  std::optional<bool> archived{};
  std::optional<bool> completed{};
  std::optional<base::Json> session_context{};  // an object, or null
};

struct Fork {
  std::string message_id{};            // the last one that is copied; "" for all
  std::optional<std::string> title{};  // nullopt: the thread's own
  std::string keyed_request_id{};      // linked to the thread in the same transaction; "" for none
};

// Another directory for a thread.
struct NewDirectory {
  std::string path{};    // absolute; need not exist
  std::string reason{};  // at most limits::move_reason_bytes_max
};

struct MessageList {
  std::vector<Message> messages{};
  std::size_t total = 0;
  std::map<std::string, int> replies{};  // to messages of the thread, by their ids
};

class Threads {
 public:
  // Without `directories` no thread can be bound to one: unavailable.
  Threads(ThreadStore& store, EventFeed& feed, base::Clock& clock, base::Workers& workers,
          const Directories* directories = nullptr);

  // not_found with the field "agent_id" when there is no such agent. invalid, naming the field, for
  // a directory that is not absolute and for rules beyond their limits.
  base::Task<Result<Thread>> create(Principal who, NewThread input);
  // The same, of a thread that belongs to another of the caller's and works as it does: it has the
  // directory and the rules of `parent_id` as they are, whatever `input` says of the three.
  base::Task<Result<Thread>> create_below(Principal who, std::string parent_id, NewThread input);
  // Those that the caller may see, not deleted, newest first.
  base::Task<Result<std::vector<Thread>>> list(Principal who, ThreadPage page);
  // How many list() has in all.
  base::Task<Result<std::size_t>> count(Principal who, ThreadPage page);
  // Also a deleted one.
  base::Task<Result<Thread>> get(Principal who, std::string id);
  // Whether there is one that the caller may not see, for a contract that says so.
  base::Task<Result<bool>> is_anothers(Principal who, std::string id);
  // With at most `messages` of its newest messages.
  base::Task<Result<ThreadDetail>> view(Principal who, std::string id, std::size_t messages);
  base::Task<Result<std::vector<Message>>> messages(Principal who, std::string id,
                                                    MessagePage page);
  // A page by place (`from`), with how many there are. not_found also for a deleted thread.
  base::Task<Result<MessageList>> message_list(Principal who, std::string id, MessagePage page);
  // What stands for the older part of threads that the caller was shown, by their ids.
  base::Task<Result<std::map<std::string, ThreadSummary>>> summaries(
      Principal who, std::vector<std::string> thread_ids);
  // One of the thread's.
  base::Task<Result<Message>> message(Principal who, std::string id, std::string message_id);
  base::Task<Result<ThreadUsage>> usage(Principal who, std::string id);
  // `title` is trimmed; blank is ErrorKind::invalid.
  base::Task<Result<Thread>> rename(Principal who, std::string id, std::string title);
  // Title, tags, pin, archive; not_found also for a deleted one. Nothing is stored when nothing
  // changes. invalid, naming the field, for tags beyond limits::thread_tags_max or
  // thread_tag_bytes_max and for a context that is no object.
  base::Task<Result<Thread>> arrange(Principal who, std::string id, ThreadArrangement arrangement);
  // Binds it to another directory, and notes which it had. What is under way goes on there, too:
  // its next tool call works in the new one. invalid as for create(); not_found also for a deleted
  // one.
  base::Task<Result<Thread>> move(Principal who, std::string id, NewDirectory to);
  // A new thread of the caller with the same agent, directory and rules, and copies of the
  // messages. The directory is as if the caller had chosen it. not_found also for
  // the message, with the field "message_id"; too_large beyond limits::fork_messages_max.
  base::Task<Result<Thread>> fork(Principal who, std::string id, Fork fork);
  // Soft. not_found when it is deleted already.
  base::Task<Result<void>> remove(Principal who, std::string id);
  // not_found when it is not deleted.
  base::Task<Result<void>> restore(Principal who, std::string id);
  // Runs on a worker thread. timeout after search_time_max, cancelled after `stop`, and the
  // refusals of base::Workers.
  base::Task<Result<std::vector<SearchHit>>> search(Principal who, std::string query,
                                                    std::size_t limit, std::stop_token stop);

 private:
  base::Task<Result<std::vector<Message>>> forked(Scope scope, std::string thread_id,
                                                  std::string last);
  Result<Directory> directory_for(const Principal& who, std::string path) const;
  base::Task<Result<Thread>> insert(Principal who, NewThread input, Directory directory);

  ThreadStore& store_;
  EventFeed& feed_;
  base::Clock& clock_;
  base::Workers& workers_;
  const Directories* directories_;
};

// As a title is kept: line breaks become blanks, trimmed, at most limits::title_characters_max.
std::string tidy_title(std::string_view title);

// A title made from a user's text, without a model (fathom §5.2).
std::string auto_title(std::string_view text);

}  // namespace colonnade::core
