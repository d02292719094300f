#include "dialects/platos/turn_socket.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "dialects/platos/errors.hpp"
#include "dialects/platos/socket_turn.hpp"
#include "dialects/platos/thread_listener.hpp"
#include "dialects/platos/turn_limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::Json;
using base::JsonWriter;
using base::Task;
using socket_io::Socket;
using socket_io::SocketHandler;

constexpr std::string_view root_namespace = "/agent";

// The agent that a namespace is of: "" for the root one, nullopt for a namespace of others.
std::optional<std::string> agent_of(std::string_view name_space) {
  if (!name_space.starts_with(root_namespace)) return std::nullopt;
  name_space.remove_prefix(root_namespace.size());
  if (name_space.empty()) return "";
  if (name_space.size() < 2 || name_space.front() != '/') return std::nullopt;
  name_space.remove_prefix(1);
  if (name_space.contains('/')) return std::nullopt;
  return std::string(name_space);
}

TurnRefusal not_let_in(base::Error error) {
  TurnRefusal out{.error = std::move(error), .code = "unauthorized"};
  if (out.error.kind == ErrorKind::forbidden) out.code = "AGENT_SCOPE_MISMATCH";
  return out;
}

void tell_end(Socket& socket, const TurnRefusal& why, std::string_view thread_id = {}) {
  socket.emit("agent_event", encode_refusal(why, thread_id));
  socket.emit("agent_event", done_event(thread_id));
}

// One who does not count: told so in the only way that clients hear, and led out (platos §3.3).
class RefusedClient final : public SocketHandler {
 public:
  RefusedClient(std::shared_ptr<Socket> socket, TurnRefusal why)
      : socket_(std::move(socket)), why_(std::move(why)) {}

  void on_joined() override {
    tell_end(*socket_, why_);
    socket_->leave();
  }
  Task<void> on_event(std::string, Json, std::optional<std::uint64_t>) override { co_return; }
  void on_closed() override {}

 private:
  std::shared_ptr<Socket> socket_;
  TurnRefusal why_;
};

// A joined client. On its socket's lane.
class TurnClient final : public SocketHandler,
                         public EndingSession,
                         public std::enable_shared_from_this<TurnClient> {
 public:
  TurnClient(const TurnLobby::Dependencies& deps, SessionEnds& session_ends,
             std::shared_ptr<Socket> socket, Caller caller, std::string agent_id)
      : deps_(deps),
        session_ends_(session_ends),
        socket_(std::move(socket)),
        caller_(std::move(caller)),
        agent_id_(std::move(agent_id)) {}

  void on_joined() override;
  Task<void> on_event(std::string name, Json arguments,
                      std::optional<std::uint64_t> ack_id) override;
  void on_closed() override;

  void keep_watch(std::shared_ptr<void> watch) { watch_ = std::move(watch); }

  // What one event of the client's does.
  struct EventRow {
    std::string_view name;
    Task<void> (TurnClient::*handle)(Json payload);
  };
  static std::span<const EventRow> event_rows();

 private:
  void end_session() override;
  bool still_counts();
  bool is_streaming(std::string_view thread_id) const;
  bool is_streaming_run(std::string_view run_id) const;
  bool make_room();

  Task<void> on_message(Json payload);
  Task<void> on_resume(Json payload);
  Task<void> on_stop(Json payload);
  Task<void> on_approval(Json payload);
  Task<void> on_join_thread(Json payload);
  Task<void> on_leave_thread(Json payload);
  Task<void> on_rename(Json payload);
  void stream(const StartedTurn& turn, ResumePoint point);

  const TurnLobby::Dependencies& deps_;
  SessionEnds& session_ends_;
  std::shared_ptr<Socket> socket_;
  const Caller caller_;
  const std::string agent_id_;  // of the namespace; "" for none
  std::shared_ptr<void> watch_{};
  std::vector<std::shared_ptr<SocketTurn>> turns_{};                 // oldest first
  std::map<std::string, std::shared_ptr<ThreadListener>> joined_{};  // by thread
};

// --- the session --------------------------------------------------------------------------------

void TurnClient::on_joined() {
  socket_->count_for(core::account_of(caller_.who));
  const ScopeNames names = names_of(caller_.who.scope);
  std::string json;
  JsonWriter(json)
      .object()
      .field("status", "ok")
      .field("organizationId", names.organization)
      .field("projectId", names.project)
      .field("environmentId", names.environment)
      .field("userId", caller_.who.user_id)
      .field("socketId", socket_->id())
      .end_object();
  socket_->emit("connected", json);
  if (caller_.expires_at) session_ends_.add(socket_->lane(), *caller_.expires_at, *this);
}

void TurnClient::end_session() {
  if (socket_->closed()) return;
  socket_->emit("error",
                R"({"code":"SESSION_EXPIRED","message":"The session token has expired."})");
  tell_end(*socket_, not_let_in({.kind = ErrorKind::unauthorized,
                                 .message = "Invalid or expired session token."}));
  socket_->leave();
}

bool TurnClient::still_counts() {
  if (deps_.access.recheck(caller_)) return true;
  end_session();
  return false;
}

void TurnClient::on_closed() {
  keep_open();
  watch_.reset();
  joined_.clear();
  for (const auto& turn : std::exchange(turns_, {})) turn->on_socket_closed();
}

std::span<const TurnClient::EventRow> TurnClient::event_rows() {
  static constexpr EventRow rows[] = {{"message", &TurnClient::on_message},
                                      {"resume_stream", &TurnClient::on_resume},
                                      {"stop", &TurnClient::on_stop},
                                      {"approval_response", &TurnClient::on_approval},
                                      {"join_thread", &TurnClient::on_join_thread},
                                      {"leave_thread", &TurnClient::on_leave_thread},
                                      {"thread.rename", &TurnClient::on_rename}};
  return rows;
}

Task<void> TurnClient::on_event(std::string name, Json arguments, std::optional<std::uint64_t>) {
  const auto self = shared_from_this();
  if (!still_counts()) co_return;
  const auto rows = event_rows();
  const auto row = std::ranges::find(rows, name, &EventRow::name);
  if (row == rows.end()) co_return;  // of later clients
  Json payload = arguments.empty() ? Json() : std::move(arguments.front());
  co_await (this->*row->handle)(std::move(payload));
}

// --- turns --------------------------------------------------------------------------------------

bool TurnClient::is_streaming(std::string_view thread_id) const {
  return std::ranges::any_of(
      turns_, [&](const auto& one) { return !one->over() && one->thread_id() == thread_id; });
}

bool TurnClient::is_streaming_run(std::string_view run_id) const {
  return std::ranges::any_of(
      turns_, [&](const auto& one) { return !one->over() && one->run_id() == run_id; });
}

// Of turns that are over the oldest is let go of; false when all are under way.
bool TurnClient::make_room() {
  if (turns_.size() < limits::platos_turns_per_socket_max) return true;
  const auto over = std::ranges::find_if(turns_, [](const auto& one) { return one->over(); });
  if (over == turns_.end()) return false;
  (*over)->on_socket_closed();
  turns_.erase(over);
  return true;
}

void TurnClient::stream(const StartedTurn& turn, ResumePoint point) {
  auto streaming = std::make_shared<SocketTurn>(deps_.live, socket_, caller_, turn, point);
  streaming->open(deps_.subscriptions, turn.events_after);
  // The client has gone while its turn began.
  if (socket_->closed()) return streaming->on_socket_closed();
  turns_.push_back(std::move(streaming));
}

Task<void> TurnClient::on_message(Json payload) {
  auto request = decode_turn(payload);
  if (request && request->thread_id.empty()) {
    request = base::fail(ErrorKind::invalid, "threadId must not be empty", "threadId");
  }
  if (!request) {
    tell_end(*socket_, TurnRefusal{.error = std::move(request.error())});
    co_return;
  }
  const std::string thread_id = request->thread_id;
  if (request->agent_id.empty()) request->agent_id = agent_id_;
  if (!make_room()) {
    tell_end(*socket_,
             refusal(ErrorKind::rate_limited, "rate_limit",
                     "Too many turns are streamed on this socket"),
             thread_id);
    co_return;
  }
  auto turn = co_await deps_.starts.start(caller_, std::move(*request), &socket_->lane());
  if (!turn) {
    tell_end(*socket_, turn.error(), thread_id);
    co_return;
  }
  ResumePoint point = ResumePoint::after_seq(0);
  // The log of an earlier request is told from its start; whoever had it has it no more.
  if (turn->repeated) co_await deps_.live.take_over(turn->run.id);
  stream(*turn, point);
}

Task<void> TurnClient::on_resume(Json payload) {
  auto thread_id = decode_thread_id(payload);
  if (!thread_id) {
    tell_end(*socket_, TurnRefusal{.error = std::move(thread_id.error())});
    co_return;
  }
  auto turn = co_await deps_.starts.newest(caller_, *thread_id);
  if (turn && !make_room()) {
    turn = std::unexpected(refusal(ErrorKind::rate_limited, "rate_limit",
                                   "Too many turns are streamed on this socket"));
  }
  if (!turn) {
    tell_end(*socket_, turn.error(), *thread_id);
    co_return;
  }
  ResumePoint point = co_await deps_.live.take_over(turn->run.id);
  const auto last = payload.find("lastSeq");
  if (last != payload.end() && last->is_number_integer()) {
    point = ResumePoint::after_seq(last->get<std::int64_t>());
  }
  stream(*turn, point);
}

// Whoever streams the turn hears its end from its log, once; another socket gets its own `done`.
Task<void> TurnClient::on_stop(Json payload) {
  auto thread_id = decode_thread_id(payload);
  if (!thread_id) {
    tell_end(*socket_, TurnRefusal{.error = std::move(thread_id.error())});
    co_return;
  }
  auto thread = co_await deps_.starts.thread(caller_, *thread_id);
  if (!thread) {
    tell_end(*socket_, thread.error(), *thread_id);
    co_return;
  }
  const bool here = is_streaming(*thread_id);
  const auto origin = co_await deps_.runs.newest_in(caller_.who, *thread_id);
  if (origin && *origin && !core::is_terminal((*origin)->run.state)) {
    // not_found: it has just ended by itself
    [[maybe_unused]] const auto asked = co_await deps_.runs.cancel(caller_.who, (*origin)->run.id);
  }
  if (!here) socket_->emit("agent_event", done_event(*thread_id));
}

// --- approvals and threads ----------------------------------------------------------------------

Task<void> TurnClient::on_approval(Json payload) {
  std::string id;
  if (payload.is_object()) {
    const auto found = payload.find("approvalId");
    if (found != payload.end() && found->is_string()) id = found->get<std::string>();
  }
  auto decision = decode_decision(payload);
  base::Error error;
  if (!decision) {
    error = std::move(decision.error());
  } else {
    auto decided = co_await deps_.approvals.decide(caller_, id, std::move(*decision));
    if (decided) {
      std::string json;
      JsonWriter(json).object().field("approvalId", id).field("received", true).end_object();
      socket_->emit("approval_ack", json);
      co_return;
    }
    error = std::move(decided.error());
  }
  std::string json;
  JsonWriter(json).object().field("approvalId", id).field("error", error.message).end_object();
  socket_->emit("approval_response_error", json);
}

Task<void> TurnClient::on_join_thread(Json payload) {
  auto thread_id = decode_thread_id(payload);
  base::Error error;
  if (thread_id && joined_.size() >= limits::platos_joined_threads_max &&
      !joined_.contains(*thread_id)) {
    error = {.kind = ErrorKind::rate_limited,
             .message = "This socket has joined too many threads; leave one first"};
  } else if (thread_id) {
    auto thread = co_await deps_.starts.thread(caller_, *thread_id);
    if (thread && socket_->closed()) co_return;
    if (thread) {
      auto listener = std::make_shared<ThreadListener>(
          socket_, *thread, [weak = weak_from_this()](std::string_view run_id) {
            const auto self = weak.lock();
            return self && self->is_streaming_run(run_id);
          });
      listener->open(deps_.subscriptions);
      joined_.insert_or_assign(*thread_id, std::move(listener));
      std::string json;
      JsonWriter(json).object().field("threadId", *thread_id).end_object();
      socket_->emit("joined_thread", json);
      co_return;
    }
    error = std::move(thread.error().error);
  } else {
    error = std::move(thread_id.error());
  }
  std::string json;
  JsonWriter(json).object().field("message", error.message).end_object();
  socket_->emit("error", json);
}

Task<void> TurnClient::on_leave_thread(Json payload) {
  if (const auto thread_id = decode_thread_id(payload)) joined_.erase(*thread_id);
  co_return;
}

// Whoever joined the thread is told by its events; the caller hears of it in any case.
Task<void> TurnClient::on_rename(Json payload) {
  auto thread_id = decode_thread_id(payload);
  base::Error error;
  const auto given = payload.find("title");
  const bool removed = given == payload.end() || given->is_null();
  if (!thread_id) {
    error = std::move(thread_id.error());
  } else if (!removed && !given->is_string()) {
    error = {.kind = ErrorKind::invalid, .message = "title must be a string or null"};
  } else {
    core::ThreadArrangement change;
    change.title = removed ? "" : given->get<std::string>();
    auto thread = co_await deps_.threads.arrange(caller_.who, *thread_id, std::move(change));
    if (thread) {
      if (!joined_.contains(*thread_id)) socket_->emit("thread_event", thread_renamed(*thread));
      co_return;
    }
    error = std::move(thread.error());
  }
  std::string json;
  JsonWriter(json).object().field("message", error.message).end_object();
  socket_->emit("error", json);
}

}  // namespace

std::vector<std::string_view> socket_event_names() {
  std::vector<std::string_view> out;
  for (const TurnClient::EventRow& row : TurnClient::event_rows()) out.push_back(row.name);
  return out;
}

// --- joining ------------------------------------------------------------------------------------

Task<base::Result<std::shared_ptr<SocketHandler>>> TurnLobby::join(
    std::shared_ptr<const net::Request> handshake, Json auth, std::shared_ptr<Socket> socket) {
  using Joined = base::Result<std::shared_ptr<SocketHandler>>;
  auto agent_id = agent_of(socket->name_space());
  if (!agent_id) {
    co_return base::fail(ErrorKind::not_found,
                         "there is no such namespace; join /agent or /agent/{agentId}");
  }
  auto caller = co_await deps_.access.admit_socket(std::move(handshake), std::move(auth));
  if (caller && !agent_id->empty()) {
    if (auto allowed = check_agent(*caller, *agent_id); !allowed) {
      caller = base::fail(std::move(allowed.error()));
    }
  }
  if (!caller) {
    co_return Joined(
        std::make_shared<RefusedClient>(socket, not_let_in(std::move(caller.error()))));
  }
  auto watch = deps_.access.end_when_revoked(*caller, socket);
  if (!watch) {
    base::Error revoked{.kind = ErrorKind::unauthorized,
                        .message = "Invalid or expired session token."};
    co_return Joined(std::make_shared<RefusedClient>(socket, not_let_in(std::move(revoked))));
  }
  auto client = std::make_shared<TurnClient>(deps_, session_ends_, socket, std::move(*caller),
                                             std::move(*agent_id));
  client->keep_watch(std::move(watch));
  co_return Joined(std::move(client));
}

}  // namespace colonnade::dialects::platos
