#include "core/threads/threads.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/permission_rule.hpp"
#include "core/governance/redaction.hpp"
#include "core/threads/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::unexpected<base::Error> no_such_thread() {
  return fail(ErrorKind::not_found, "no such thread");
}

bool may_see_thread(const Principal& who, const Thread& thread) {
  return may_see(who, thread.scope, thread.owner);
}

std::optional<std::string> listed_owner(const Principal& who, const ThreadPage& page) {
  return page.own ? std::optional(who.user_id) : owner_seen_by(who);
}

Event thread_event(const Thread& thread, Time at, bool deleted,
                   ThreadChangeKind kind = ThreadChangeKind::other) {
  return Event{.scope = thread.scope,
               .thread_id = thread.id,
               .at = at,
               .body = ThreadChanged{.title = thread.title, .deleted = deleted, .kind = kind}};
}

Result<void> check_arrangement(const ThreadArrangement& arrangement) {
  const auto& context = arrangement.session_context;
  if (context && !context->is_null() && !context->is_object()) {
    return fail(ErrorKind::invalid, "the session context must be an object or null",
                "session_context");
  }
  if (!arrangement.tags) return {};
  if (arrangement.tags->size() > limits::thread_tags_max) {
    return fail(ErrorKind::invalid,
                "a thread has at most " + std::to_string(limits::thread_tags_max) + " tags",
                "tags");
  }
  for (const std::string& tag : *arrangement.tags) {
    if (tag.empty() || tag.size() > limits::thread_tag_bytes_max) {
      return fail(ErrorKind::invalid,
                  "a tag has 1 to " + std::to_string(limits::thread_tag_bytes_max) + " bytes",
                  "tags");
    }
  }
  return {};
}

Result<void> check_rules(const std::vector<PermissionRule>& rules) {
  if (rules.size() > limits::thread_rules_max) {
    return fail(ErrorKind::invalid,
                "a thread has at most " + std::to_string(limits::thread_rules_max) + " rules",
                "permission");
  }
  const auto fits = [](const std::string& text) {
    return !text.empty() && text.size() <= limits::rule_text_bytes_max;
  };
  for (const PermissionRule& rule : rules) {
    const bool named = fits(rule.permission);
    if (named && fits(rule.pattern)) continue;
    const std::string field = named ? "pattern" : "permission";
    return fail(ErrorKind::invalid,
                "the " + field + " of a rule has 1 to " +
                    std::to_string(limits::rule_text_bytes_max) + " bytes",
                field);
  }
  return {};
}

// Each tag once, in the order given.
std::vector<std::string> distinct(std::vector<std::string> tags) {
  std::vector<std::string> out;
  for (std::string& tag : tags) {
    if (std::ranges::find(out, tag) == out.end()) out.push_back(std::move(tag));
  }
  return out;
}

// Keeps of a wish what is a change.
template <class T>
void drop_same(std::optional<T>& wanted, const T& now) {
  if (wanted && *wanted == now) wanted.reset();
}

// A mark that is set keeps its time when it is set again.
std::optional<std::optional<Time>> mark(const std::optional<bool>& wanted,
                                        const std::optional<Time>& now_set, Time at) {
  if (!wanted || *wanted == now_set.has_value()) return std::nullopt;
  return *wanted ? std::optional(at) : std::optional<Time>();
}

ArrangeThread arrangement_of(const Thread& thread, ThreadArrangement wanted, Time at) {
  ArrangeThread out{.id = thread.id, .at = at};
  if (wanted.tags) out.tags = distinct(std::move(*wanted.tags));
  if (wanted.title) out.title = tidy_title(*wanted.title);
  out.pinned_at = mark(wanted.pinned, thread.pinned_at, at);
  out.archived_at = mark(wanted.archived, thread.archived_at, at);
  out.completed = wanted.completed;
  out.session_context = std::move(wanted.session_context);
  drop_same(out.tags, thread.tags);
  drop_same(out.title, thread.title);
  drop_same(out.completed, thread.completed);
  drop_same(out.session_context, thread.session_context);
  return out;
}

bool changes_anything(const ArrangeThread& change) {
  return change.tags || change.title || change.pinned_at || change.archived_at ||
         change.completed || change.session_context;
}

void apply(Thread& thread, const ArrangeThread& change) {
  thread.updated_at = change.at;
  if (change.tags) thread.tags = *change.tags;
  if (change.title) thread.title = *change.title;
  if (change.pinned_at) thread.pinned_at = *change.pinned_at;
  if (change.archived_at) thread.archived_at = *change.archived_at;
  if (change.completed) thread.completed = *change.completed;
  if (change.session_context) thread.session_context = *change.session_context;
}

// One for each thing that others are told of.
std::vector<Event> events_of(const Thread& thread, const ArrangeThread& change) {
  std::vector<Event> out;
  const bool deleted = thread.deleted_at.has_value();
  const auto tell = [&](ThreadChangeKind kind) {
    out.push_back(thread_event(thread, change.at, deleted, kind));
  };
  if (change.title) tell(ThreadChangeKind::renamed);
  if (change.archived_at) {
    tell(*change.archived_at ? ThreadChangeKind::archived : ThreadChangeKind::unarchived);
  }
  if (out.empty()) tell(ThreadChangeKind::other);
  return out;
}

// What changes what the tools of a thread may reach, or may do unasked.
AuditEntry reach_entry(std::string_view change, const Thread& thread, const Principal& who,
                       Time at) {
  base::Json details = {{"change", change}, {"directory", thread.directory.path}};
  base::Json rules = base::Json::array();
  for (const PermissionRule& rule : thread.rules) {
    rules.push_back({{"permission", rule.permission},
                     {"pattern", rule.pattern},
                     {"action", to_string(rule.action)}});
  }
  details["rules"] = std::move(rules);
  return {.kind = std::string(audit_kind::thread),
          .actor = who.user_id,
          .subject = thread.id,
          .details = Redaction().apply(std::move(details)),
          .at = at};
}

// Of a thread that works in its own folder, under everybody's rules, there is nothing to say.
void add_reach_entry(Unit& unit, std::string_view change, const Thread& thread,
                     const Principal& who) {
  if (thread.directory.path.empty() && thread.rules.empty()) return;
  unit.changes.emplace_back(AppendAudit{reach_entry(change, thread, who, thread.created_at)});
}

// Who answers for the machine: an operator of every scope, or of the one that the server itself
// has.
bool is_machines_operator(const Principal& who) {
  return who.is_operator() && (who.every_scope || who.scope == default_view());
}

}  // namespace

Threads::Threads(ThreadStore& store, EventFeed& feed, base::Clock& clock, base::Workers& workers,
                 const Directories* directories)
    : store_(store), feed_(feed), clock_(clock), workers_(workers), directories_(directories) {}

// As it is kept.
Result<Directory> Threads::directory_for(const Principal& who, std::string path) const {
  Directory wanted{.path = std::move(path), .by_operator = is_machines_operator(who)};
  if (wanted.path.empty()) return Directory{};
  if (directories_ == nullptr) {
    return fail(ErrorKind::unavailable, "this server binds no threads to directories", "directory");
  }
  return directories_->kept(std::move(wanted));
}

Task<Result<Thread>> Threads::create(Principal who, NewThread input) {
  if (auto fits = check_rules(input.rules); !fits) co_return fail(std::move(fits.error()));
  auto directory = directory_for(who, std::move(input.directory));
  if (!directory) co_return fail(std::move(directory.error()));
  auto thread = co_await insert(std::move(who), std::move(input), std::move(*directory));
  co_return thread;
}

Task<Result<Thread>> Threads::create_below(Principal who, std::string parent_id, NewThread input) {
  auto parent = co_await get(who, std::move(parent_id));
  if (!parent) co_return parent;
  input.parent_id = std::move(parent->id);
  input.rules = std::move(parent->rules);
  auto thread = co_await insert(std::move(who), std::move(input), std::move(parent->directory));
  co_return thread;
}

Task<Result<Thread>> Threads::insert(Principal who, NewThread input, Directory directory) {
  const Time now = clock_.now();
  Thread thread{.id = input.id.empty() ? base::new_id(now) : std::move(input.id),
                .scope = who.scope,
                .owner = who.user_id,
                .agent_id = std::move(input.agent_id),
                .title = std::move(input.title),
                .label = std::move(input.label),
                .settings = std::move(input.settings),
                .created_at = now,
                .updated_at = now,
                .deleted_at = std::nullopt,
                .version_id = std::move(input.version_id),
                .session_context = std::move(input.session_context),
                .parent_id = std::move(input.parent_id),
                .directory = std::move(directory),
                .rules = std::move(input.rules)};
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      InsertThread{.thread = thread, .agent_must_exist = !thread.agent_id.empty()});
  add_reach_entry(unit, "created", thread, who);
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), thread.id});
  }
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return thread;
}

Task<Result<std::vector<Thread>>> Threads::list(Principal who, ThreadPage page) {
  auto owner = listed_owner(who, page);
  return store_.threads(std::move(who.scope), std::move(owner), std::move(page));
}

Task<Result<std::size_t>> Threads::count(Principal who, ThreadPage page) {
  auto owner = listed_owner(who, page);
  return store_.count_threads(std::move(who.scope), std::move(owner), std::move(page));
}

Task<Result<Thread>> Threads::get(Principal who, std::string id) {
  auto thread = co_await store_.thread(who.scope, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  if (!*thread || !may_see_thread(who, **thread)) co_return no_such_thread();
  co_return std::move(**thread);
}

Task<Result<bool>> Threads::is_anothers(Principal who, std::string id) {
  auto thread = co_await store_.thread(who.scope, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  co_return *thread && !may_see_thread(who, **thread);
}

Task<Result<ThreadDetail>> Threads::view(Principal who, std::string id, std::size_t messages) {
  auto detail = co_await store_.thread_detail(who.scope, std::move(id), messages);
  if (!detail) co_return fail(std::move(detail.error()));
  if (!*detail || !may_see_thread(who, (*detail)->thread)) co_return no_such_thread();
  co_return std::move(**detail);
}

Task<Result<std::vector<Message>>> Threads::messages(Principal who, std::string id,
                                                     MessagePage page) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto messages = co_await store_.messages(who.scope, std::move(id), std::move(page));
  co_return messages;
}

Task<Result<std::map<std::string, ThreadSummary>>> Threads::summaries(
    Principal who, std::vector<std::string> thread_ids) {
  return store_.newest_summaries(std::move(who.scope), std::move(thread_ids));
}

Task<Result<Message>> Threads::message(Principal who, std::string id, std::string message_id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto message = co_await store_.message(who.scope, std::move(message_id));
  if (!message) co_return fail(std::move(message.error()));
  if (!*message || (*message)->thread_id != id) {
    co_return fail(ErrorKind::not_found, "no such message", "message_id");
  }
  co_return std::move(**message);
}

Task<Result<ThreadUsage>> Threads::usage(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  auto usage = co_await store_.usage(who.scope, std::move(id));
  co_return usage;
}

Task<Result<Thread>> Threads::rename(Principal who, std::string id, std::string title) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  thread->title = std::string(trimmed(title));
  if (thread->title.empty()) {
    co_return fail(ErrorKind::invalid, "title must not be blank", "title");
  }
  thread->updated_at = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RenameThread{.id = thread->id,
                                         .title = thread->title,
                                         .at = thread->updated_at,
                                         .only_if_untitled = false});
  unit.events.push_back(thread_event(*thread, thread->updated_at, thread->deleted_at.has_value(),
                                     ThreadChangeKind::renamed));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return std::move(*thread);
}

// --- arranging ----------------------------------------------------------------------------------

Task<Result<Thread>> Threads::arrange(Principal who, std::string id,
                                      ThreadArrangement arrangement) {
  if (auto fits = check_arrangement(arrangement); !fits) co_return fail(std::move(fits.error()));
  auto thread = co_await get(who, std::move(id));
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return no_such_thread();
  ArrangeThread change = arrangement_of(*thread, std::move(arrangement), clock_.now());
  if (!changes_anything(change)) co_return std::move(*thread);
  apply(*thread, change);
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.events = events_of(*thread, change);
  unit.changes.emplace_back(std::move(change));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return std::move(*thread);
}

Task<Result<Thread>> Threads::move(Principal who, std::string id, NewDirectory to) {
  if (to.reason.size() > limits::move_reason_bytes_max) {
    co_return fail(ErrorKind::invalid,
                   "the reason of a move has at most " +
                       std::to_string(limits::move_reason_bytes_max) + " bytes",
                   "reason");
  }
  auto thread = co_await get(who, std::move(id));
  if (!thread) co_return thread;
  if (thread->deleted_at) co_return no_such_thread();
  auto directory = directory_for(who, std::move(to.path));
  if (!directory) co_return fail(std::move(directory.error()));
  const std::string& before = thread->directory.path;
  thread->moved = DirectoryMove{.origin = thread->moved ? thread->moved->origin : before,
                                .from = before,
                                .reason = std::move(to.reason),
                                .at = clock_.now()};
  thread->directory = std::move(*directory);
  thread->updated_at = thread->moved->at;
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(
      MoveThread{.id = thread->id, .directory = thread->directory, .move = *thread->moved});
  unit.changes.emplace_back(AppendAudit{reach_entry("moved", *thread, who, thread->updated_at)});
  unit.events.push_back(thread_event(*thread, thread->updated_at, false));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return std::move(*thread);
}

Task<Result<MessageList>> Threads::message_list(Principal who, std::string id, MessagePage page) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return no_such_thread();
  MessageList out;
  auto messages = co_await store_.messages(who.scope, id, page);
  if (!messages) co_return fail(std::move(messages.error()));
  out.messages = std::move(*messages);
  auto total = co_await store_.count_messages(who.scope, id, page);
  if (!total) co_return fail(std::move(total.error()));
  out.total = *total;
  auto replies = co_await store_.reply_counts(who.scope, std::move(id));
  if (!replies) co_return fail(std::move(replies.error()));
  out.replies = std::move(*replies);
  co_return out;
}

// The messages of the main line, up to the one that is named.
Task<Result<std::vector<Message>>> Threads::forked(Scope scope, std::string thread_id,
                                                   std::string last) {
  std::vector<Message> out;
  MessagePage page{.from = 0, .limit = limits::list_rows_max};
  for (bool more = true; more;) {
    auto messages = co_await store_.messages(scope, thread_id, page);
    if (!messages) co_return messages;
    more = messages->size() == page.limit;
    page.from = *page.from + messages->size();
    for (Message& message : *messages) {
      if (!message.reply_to.empty()) continue;
      const bool is_last = message.id == last;
      out.push_back(std::move(message));
      if (is_last) co_return out;
    }
    if (out.size() > limits::fork_messages_max) {
      co_return fail(ErrorKind::too_large, "a fork copies at most " +
                                               std::to_string(limits::fork_messages_max) +
                                               " messages; fork from an earlier one");
    }
  }
  if (!last.empty()) co_return fail(ErrorKind::not_found, "no such message", "message_id");
  co_return out;
}

Task<Result<Thread>> Threads::fork(Principal who, std::string id, Fork fork) {
  auto from = co_await get(who, std::move(id));
  if (!from) co_return from;
  if (from->deleted_at) co_return no_such_thread();
  auto directory = directory_for(who, from->directory.path);
  if (!directory) co_return fail(std::move(directory.error()));
  auto messages = co_await forked(who.scope, from->id, fork.message_id);
  if (!messages) co_return fail(std::move(messages.error()));
  const Time now = clock_.now();
  if (fork.message_id.empty() && !messages->empty()) fork.message_id = messages->back().id;
  Thread thread{.id = base::new_id(now),
                .scope = who.scope,
                .owner = who.user_id,
                .agent_id = from->agent_id,
                .title = fork.title ? tidy_title(*fork.title) : from->title,
                .settings = from->settings,
                .created_at = now,
                .updated_at = now,
                .session_context = from->session_context,
                .parent_id = from->id,
                .forked_from_message_id = std::move(fork.message_id),
                .directory = std::move(*directory),
                .rules = from->rules};
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(InsertThread{.thread = thread});
  add_reach_entry(unit, "forked", thread, who);
  for (Message& message : *messages) {
    message.id = base::new_id(clock_.now());
    message.thread_id = thread.id;
    message.run_id.clear();  // the run stays where it was
    message.edits.clear();
    if (message.role == Role::assistant) ++thread.turns;
    unit.changes.emplace_back(InsertMessage{std::move(message)});
  }
  if (!fork.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(fork.keyed_request_id), thread.id});
  }
  // Its messages are older than itself.
  unit.changes.emplace_back(ArrangeThread{.id = thread.id, .at = now});
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return thread;
}

Task<Result<void>> Threads::remove(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (thread->deleted_at) co_return fail(ErrorKind::not_found, "no such thread");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(DeleteThread{.id = thread->id, .at = now});
  unit.events.push_back(thread_event(*thread, now, true));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<void>> Threads::restore(Principal who, std::string id) {
  auto thread = co_await get(who, id);
  if (!thread) co_return fail(std::move(thread.error()));
  if (!thread->deleted_at) co_return fail(ErrorKind::not_found, "no deleted thread by that id");
  const Time now = clock_.now();
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(RestoreThread{.id = thread->id, .at = now});
  unit.events.push_back(thread_event(*thread, now, false));
  auto committed = co_await feed_.commit(std::move(unit));
  if (!committed) co_return fail(std::move(committed.error()));
  co_return Result<void>{};
}

Task<Result<std::vector<SearchHit>>> Threads::search(Principal who, std::string query,
                                                     std::size_t limit, std::stop_token stop) {
  using Hits = std::vector<SearchHit>;
  base::Job job{
      .account = account_of(who), .time_max = limits::search_time_max, .stop = std::move(stop)};
  std::move_only_function<Result<Hits>(std::stop_token)> work =
      [&threads = store_, who = std::move(who), query = std::move(query),
       limit](std::stop_token over) {
        return threads.search(who.scope, owner_seen_by(who), query, limit, std::move(over));
      };
  auto hits = co_await workers_.run<Hits>(std::move(job), std::move(work));
  co_return hits;
}

}  // namespace colonnade::core
