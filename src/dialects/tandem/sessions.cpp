#include "dialects/tandem/sessions.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/ids.hpp"
#include "core/limits.hpp"
#include "dialects/row_source.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/session_wire.hpp"
#include "dialects/tandem/todos_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using base::Result;
using core::Principal;

// Messages are only ever added at the end, so the places of a list's stay what they are. Behind a
// message whose run failed stands what went wrong.
class MessageRows final : public RowSource {
 public:
  MessageRows(core::Threads& threads, core::Runs& runs, Principal who, std::string thread_id)
      : RowSource("[", "]", static_cast<std::size_t>(-1)),
        threads_(threads),
        runs_(runs),
        who_(std::move(who)),
        thread_id_(std::move(thread_id)) {}

 private:
  base::Task<Rows> read(std::size_t limit) override {
    std::vector<std::string> rows;
    while (rows.size() < limit && !ended_) {
      core::MessagePage page{.from = from_, .limit = limit};
      auto messages = co_await threads_.messages(who_, thread_id_, std::move(page));
      if (!messages) co_return base::fail(messages.error());
      from_ += messages->size();
      ended_ = messages->size() < limit;
      for (core::Message& message : *messages) {
        co_await add_failure(message.run_id, &rows);
        rows.push_back(encode_message(message));
        open_.reset();
        const bool asks = message.role == core::Role::user && !message.run_id.empty();
        if (asks) open_ = std::move(message);
      }
    }
    std::string no_run;
    if (ended_) co_await add_failure(std::move(no_run), &rows);
    co_return rows;
  }

  // Of the last message that asked something, when what follows is no answer to it.
  base::Task<void> add_failure(std::string next_run_id, std::vector<std::string>* rows) {
    if (!open_ || open_->run_id == next_run_id) co_return;
    const core::Message asked = std::move(*open_);
    open_.reset();
    const auto detail = co_await runs_.read(who_, asked.run_id);
    if (!detail || detail->run.state != core::RunState::failed || detail->reply) co_return;
    rows->push_back(encode_failure(asked, detail->run.error,
                                   detail->run.finished_at.value_or(detail->run.created_at)));
  }

  core::Threads& threads_;
  core::Runs& runs_;
  Principal who_;
  std::string thread_id_;
  std::size_t from_ = 0;
  bool ended_ = false;
  std::optional<core::Message> open_{};
};

std::string session_id(const net::Request& request) {
  return base::plain_form(request.path_parameters.front());
}

// The plan in the parts: the arguments of the last call of todo_write that worked.
const Json* plan_in(const std::vector<core::Part>& parts) {
  std::set<std::string> failed;
  for (const core::Part& part : parts) {
    const auto* result = std::get_if<core::ToolResultPart>(&part);
    if (result != nullptr && result->is_error) failed.insert(result->call_id);
  }
  const Json* out = nullptr;
  for (const core::Part& part : parts) {
    const auto* call = std::get_if<core::ToolCallPart>(&part);
    const bool plans =
        call != nullptr && call->tool == "todo_write" && !failed.contains(call->call_id);
    if (plans) out = &call->arguments;
  }
  return out;
}

base::Task<Result<Json>> plan_of(core::Threads* threads, core::Runs* runs, Principal who,
                                 std::string thread_id) {
  // What runs now has no message yet.
  const auto newest = co_await runs->newest_in(who, thread_id);
  if (!newest) co_return base::fail(newest.error());
  if (*newest && !core::is_terminal((*newest)->run.state)) {
    const auto detail = co_await runs->read(who, (*newest)->run.id);
    if (!detail) co_return base::fail(detail.error());
    for (auto call = detail->calls.rbegin(); call != detail->calls.rend(); ++call) {
      const bool plans =
          call->tool == "todo_write" && call->state == core::ToolCallState::succeeded;
      if (plans) co_return call->arguments;
    }
  }
  std::optional<base::Time> before;
  for (std::size_t read = 0; read < limits::tandem_todo_messages_max;) {
    core::MessagePage page{.before = before, .limit = limits::page_rows_max};
    const auto messages = co_await threads->messages(who, thread_id, std::move(page));
    if (!messages) co_return base::fail(messages.error());
    for (auto message = messages->rbegin(); message != messages->rend(); ++message) {
      if (const Json* plan = plan_in(message->parts)) co_return *plan;
    }
    if (messages->size() < limits::page_rows_max) break;
    read += messages->size();
    before = messages->front().created_at;
  }
  co_return Json::object();
}

}  // namespace

net::Response session_error(const base::Error& error) {
  if (error.kind != base::ErrorKind::not_found) return error_response(error);
  return error_response(404, "no such session", "SESSION_NOT_FOUND");
}

base::Task<Result<core::Thread>> session_of(core::Threads* threads, Principal who,
                                            RequestPtr request) {
  auto thread = co_await threads->get(std::move(who), session_id(*request));
  if (thread && thread->deleted_at) {
    co_return base::fail(base::ErrorKind::not_found, "no such session");
  }
  co_return thread;
}

base::Task<Result<std::string>> stop_run(core::Runs* runs, Principal who, std::string session_id,
                                         std::string only) {
  const auto newest = co_await runs->newest_in(who, std::move(session_id));
  if (!newest) co_return base::fail(newest.error());
  const bool active = *newest && !core::is_terminal((*newest)->run.state);
  if (!active || (!only.empty() && (*newest)->run.id != only)) co_return std::string();
  const std::string run_id = (*newest)->run.id;
  const auto asked = co_await runs->cancel(who, run_id);
  if (!asked) {
    // It has just ended by itself.
    if (asked.error().kind == base::ErrorKind::not_found) co_return std::string();
    co_return base::fail(asked.error());
  }
  std::stop_token none;
  const auto finished = co_await runs->wait(std::move(who), run_id, std::move(none));
  if (!finished) co_return base::fail(finished.error());
  co_return finished->run.state == core::RunState::cancelled ? run_id : std::string();
}

std::string SessionResource::encode(const core::Thread& thread) const {
  return encode_session(thread, deps_.directories.path_of(thread));
}

base::Task<net::Reply> SessionResource::list(Principal who, RequestPtr request) {
  auto query = decode_session_query(*request);
  if (!query) co_return error_response(query.error());
  if (!query->workspace.empty()) {
    const auto kept = deps_.directories.kept({.path = query->workspace});
    if (!kept) co_return error_response(kept.error());
    query->page.directory = kept->path;
  }
  const auto threads = co_await deps_.threads.list(who, query->page);
  if (!threads) co_return error_response(threads.error());
  const auto count = co_await deps_.threads.count(who, query->page);
  if (!count) co_return error_response(count.error());
  std::string body;
  JsonWriter json(body);
  json.object().key("sessions").array();
  for (const core::Thread& thread : *threads) json.raw(encode(thread));
  json.end_array().field("count", static_cast<std::int64_t>(*count)).end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> SessionResource::create(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = decode_new_session(*body);
  if (!input) co_return error_response(input.error());
  if (!input->thread.parent_id.empty()) {
    const auto parent = co_await deps_.threads.get(who, input->thread.parent_id);
    if (!parent) co_return error_response(404, "no such session: parent_id", "SESSION_NOT_FOUND");
  }
  auto work = [this, who, thread = std::move(input->thread)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(thread), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> SessionResource::create_once(Principal who, core::NewThread input,
                                                   Attempt attempt) {
  Result<core::Thread> thread = core::Thread{.scope = who.scope};
  if (attempt.object_id.empty()) {
    input.keyed_request_id = std::move(attempt.keyed_request_id);
    thread = co_await deps_.threads.create(who, std::move(input));
  } else {
    thread = co_await deps_.threads.get(who, std::move(attempt.object_id));
  }
  if (!thread) co_return refused(error_response(thread.error()));
  deps_.notices.tell(who, "session.created", thread->id, "", [&](JsonWriter& json) {
    json.field("projectID", project_id(deps_.directories.path_of(*thread)));
    json.field("title", shown_title(*thread));
  });
  co_return Attempted{.response = answer(encode(*thread))};
}

base::Task<net::Reply> SessionResource::get(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, std::move(who), request);
  if (!thread) co_return session_error(thread.error());
  co_return answer(encode(*thread));
}

base::Task<net::Reply> SessionResource::update(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto title = text_member(*body, {"title"});
  if (!title) co_return error_response(title.error());
  const auto archived = flag_member(*body, {"archived"});
  if (!archived) co_return error_response(archived.error());
  const auto found = co_await session_of(&deps_.threads, who, request);
  if (!found) co_return session_error(found.error());
  core::ThreadArrangement change{.title = std::move(*title), .archived = *archived};
  const auto thread = co_await deps_.threads.arrange(std::move(who), found->id, std::move(change));
  if (!thread) co_return session_error(thread.error());
  co_return answer(encode(*thread));
}

base::Task<net::Reply> SessionResource::remove(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) {
    if (thread.error().kind != base::ErrorKind::not_found) co_return session_error(thread.error());
    co_return answer(std::string(R"({"deleted":false})"));
  }
  std::string any_run;
  const auto stopped = co_await stop_run(&deps_.runs, who, thread->id, std::move(any_run));
  if (!stopped) co_return error_response(stopped.error());
  const auto removed = co_await deps_.threads.remove(std::move(who), thread->id);
  if (!removed && removed.error().kind != base::ErrorKind::not_found) {
    co_return error_response(removed.error());
  }
  co_return answer(std::string(removed ? R"({"deleted":true})" : R"({"deleted":false})"));
}

base::Task<net::Reply> SessionResource::messages(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return session_error(thread.error());
  co_return net::Response{.source = std::make_shared<MessageRows>(deps_.threads, deps_.runs,
                                                                  std::move(who), thread->id)};
}

base::Task<net::Reply> SessionResource::todos(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return session_error(thread.error());
  const auto plan = co_await plan_of(&deps_.threads, &deps_.runs, std::move(who), thread->id);
  if (!plan) co_return error_response(plan.error());
  std::string body;
  JsonWriter json(body);
  write_todos(json, *plan);
  co_return answer(std::move(body));
}

base::Task<net::Reply> SessionResource::children(Principal who, RequestPtr request) {
  const auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return session_error(thread.error());
  core::ThreadPage children{.parent_id = thread->id};
  const auto found = co_await deps_.threads.list(std::move(who), std::move(children));
  if (!found) co_return error_response(found.error());
  std::string body;
  JsonWriter json(body);
  json.object().key("sessions").array();
  for (const core::Thread& child : *found) json.raw(encode(child));
  json.end_array().field("count", static_cast<std::int64_t>(found->size())).end_object();
  co_return answer(std::move(body));
}

base::Task<net::Reply> SessionResource::fork(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto thread = co_await session_of(&deps_.threads, who, request);
  if (!thread) co_return session_error(thread.error());
  auto work = [this, who, thread = std::move(*thread)](Attempt attempt) mutable {
    return fork_once(std::move(who), std::move(thread), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> SessionResource::fork_once(Principal who, core::Thread thread,
                                                 Attempt attempt) {
  Result<core::Thread> child = core::Thread{.scope = who.scope};
  if (attempt.object_id.empty()) {
    core::Fork fork{.title = std::string(shown_title(thread)) + " (fork)",
                    .keyed_request_id = std::move(attempt.keyed_request_id)};
    child = co_await deps_.threads.fork(who, thread.id, std::move(fork));
  } else {
    child = co_await deps_.threads.get(who, std::move(attempt.object_id));
  }
  if (!child) co_return refused(session_error(child.error()));
  deps_.notices.tell(who, "session.created", child->id, "", [&](JsonWriter& json) {
    json.field("parentID", thread.id).field("title", shown_title(*child));
  });
  const std::string directory = deps_.directories.path_of(*child);
  std::string body;
  JsonWriter json(body);
  json.object();
  write_session_members(json, *child, directory);
  json.field("ok", true).key("session").raw(encode_session(*child, directory)).end_object();
  co_return Attempted{.response = answer(std::move(body))};
}

base::Task<net::Reply> SessionResource::attach(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto target = text_member(*body, {"target_workspace", "targetWorkspace"});
  if (!target) co_return error_response(target.error());
  if (!*target || (*target)->empty()) {
    co_return error_response({.kind = base::ErrorKind::invalid,
                              .message = "target_workspace is missing: the folder to work in",
                              .field = "target_workspace"});
  }
  auto reason = text_member(*body, {"reason_tag", "reasonTag"});
  if (!reason) co_return error_response(reason.error());
  const auto found = co_await session_of(&deps_.threads, who, request);
  if (!found) co_return session_error(found.error());
  const bool own = **target == ".";
  core::NewDirectory to{.path = own ? std::string() : std::move(**target),
                        .reason = reason->value_or("manual_attach")};
  auto thread = co_await deps_.threads.move(who, found->id, std::move(to));
  if (!thread) {
    if (thread.error().field == "directory") thread.error().field = "target_workspace";
    co_return session_error(thread.error());
  }
  const std::string directory = deps_.directories.path_of(*thread);
  deps_.notices.tell(who, "session.attached", thread->id, "", [&](JsonWriter& json) {
    json.field("attachedFromWorkspace", deps_.directories.path_of(*found));
    json.field("attachedToWorkspace", directory);
  });
  co_return answer(encode_session(*thread, directory));
}

std::vector<net::Route> session_routes(const Callers& in, SessionResource& sessions) {
  using enum net::Method;
  using S = SessionResource;
  return also_below_api({
      row(get, "/session", in(sessions, &S::list)),
      row(post, "/session", in(sessions, &S::create)),
      row(get, "/session/{id}", in(sessions, &S::get)),
      row(patch, "/session/{id}", in(sessions, &S::update)),
      row(del, "/session/{id}", in(sessions, &S::remove)),
      row(get, "/session/{id}/message", in(sessions, &S::messages)),
      row(get, "/session/{id}/todo", in(sessions, &S::todos)),
      row(get, "/session/{id}/children", in(sessions, &S::children)),
      row(post, "/session/{id}/fork", in(sessions, &S::fork)),
      row(post, "/session/{id}/attach", in.once(sessions, &S::attach)),
  });
}

}  // namespace colonnade::dialects::tandem
