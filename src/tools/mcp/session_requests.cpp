// What goes to and fro between a session and its server.
#include <algorithm>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "net/limits.hpp"
#include "tools/mcp/session.hpp"

namespace colonnade::tools::mcp {

using base::ErrorKind;
using base::Json;
using base::Result;

namespace {

// Requests that may come back for more input (2026-07-28 basic/patterns/mrtr).
bool may_want_input(std::string_view method) {
  return method == "tools/call" || method == "prompts/get" || method == "resources/read";
}

ErrorKind kind_of(const RpcError& error) {
  if (error.code == error_code::method_not_found) return ErrorKind::not_found;
  if (error.code == error_code::invalid_params) return ErrorKind::invalid;
  return ErrorKind::upstream;
}

Json to_json(ElicitationAnswer answer) {
  switch (answer.action) {
    case ElicitationAnswer::Action::accept:
      return {{"action", "accept"}, {"content", std::move(answer.content)}};
    case ElicitationAnswer::Action::decline: return {{"action", "decline"}};
    case ElicitationAnswer::Action::cancel: break;
  }
  return {{"action", "cancel"}};
}

// 2025-11-25 client/elicitation, "Requested Schema": a field may say what it is when left out.
void add_defaults(Json& content, const Json& schema) {
  const Json& properties = member(schema, "properties");
  if (!properties.is_object() || !content.is_object()) return;
  for (const auto& [name, property] : properties.items()) {
    const Json& value = member(property, "default");
    if (!value.is_null() && !content.contains(name)) content[name] = value;
  }
}

}  // namespace

ClientInfo Session::client_info() const {
  ClientInfo out;
  out.version = options_.client_version;
  out.elicitation = static_cast<bool>(options_.elicit);
  out.sampling = static_cast<bool>(options_.sample);
  return out;
}

void Session::send(Outgoing message) {
  message.revision = server_.revision;
  connection_->send(std::move(message));
}

// --- our requests ---

base::Task<Result<Json>> Session::request(std::shared_ptr<Session> self, std::string method,
                                          Json params, RequestOptions options) {
  Exchange what;
  what.method = std::move(method);
  what.params = std::move(params);
  what.options = std::move(options);
  auto result = co_await converse(self, std::move(what));
  co_return result;
}

base::Task<Result<core::ToolOutcome>> Session::call_tool(std::shared_ptr<Session> self,
                                                         std::string tool, Json arguments,
                                                         RequestOptions options) {
  Exchange what;
  bool offered = false;
  const auto tools = self->tools();
  for (const RemoteTool& one : *tools) {
    if (one.name != tool) continue;
    offered = true;
    auto headers = parameter_headers(one.headers, arguments);
    if (!headers) co_return core::ToolOutcome{headers.error().message, true};
    what.parameters = std::move(*headers);
  }
  if (!offered) {
    const ServerStatus now = self->status();
    std::string message = "the MCP server '" + self->name() + "' offers no tool '" + tool + "'";
    if (!now.reason.empty()) message += "; " + now.reason;
    const bool away = now.state != ServerState::ready && now.state != ServerState::held_back;
    co_return base::fail(away ? ErrorKind::unavailable : ErrorKind::not_found, message);
  }
  what.method = "tools/call";
  what.params["name"] = std::move(tool);
  what.params["arguments"] = std::move(arguments);
  what.options = std::move(options);
  auto result = co_await converse(self, std::move(what));
  if (result) co_return outcome_of(*result);
  if (result.error().kind == ErrorKind::cancelled) co_return base::fail(result.error());
  co_return core::ToolOutcome{result.error().message, true};
}

base::Task<Result<Json>> Session::list(std::shared_ptr<Session> self, std::string kind,
                                       RequestOptions options) {
  Json all = Json::array();
  const std::string name = kind == "resources/templates" ? "resourceTemplates" : kind;
  Json params = Json::object();
  for (std::size_t page = 0; page < limits::mcp_pages_max; ++page) {
    auto result = co_await request(self, kind + "/list", params, options);
    if (!result) co_return base::fail(result.error());
    const Json& some = member(*result, name);
    if (!some.is_array()) {
      co_return base::fail(ErrorKind::upstream,
                           "the MCP server's list has no array '" + name + "'");
    }
    for (const Json& one : some) all.push_back(one);
    const std::string cursor = text_member(*result, "nextCursor");
    if (cursor.empty()) co_return all;
    if (cursor.size() > limits::mcp_cursor_bytes_max || all.size() > limits::mcp_tools_max) break;
    params["cursor"] = cursor;
  }
  co_return base::fail(ErrorKind::too_large, "the MCP server's list has no end");
}

// One request, and again with what its server wanted to know in between.
base::Task<Result<Json>> Session::converse(std::shared_ptr<Session> self, Exchange what) {
  for (int round = 0; round <= limits::mcp_input_rounds_max; ++round) {
    auto answer = co_await exchange(self, what);
    auto result = self->result_from(what.method, std::move(answer));
    if (!result) co_return result;
    const std::string type = text_member(*result, "resultType");
    if (type.empty() || type == "complete") co_return result;
    if (type != "input_required" || !may_want_input(what.method)) {
      const std::string shown(base::cut_utf8(type, 64));
      co_return base::fail(ErrorKind::upstream, "the MCP server '" + self->name() +
                                                    "' answered with the unknown resultType '" +
                                                    shown + "'");
    }
    auto inputs = co_await gather(self, member(*result, "inputRequests"), what.options);
    if (!inputs) co_return inputs;
    what.params.erase("inputResponses");
    if (!inputs->empty()) what.params["inputResponses"] = std::move(*inputs);
    // Handed back as it came, or not at all.
    what.params.erase("requestState");
    if (result->contains("requestState")) what.params["requestState"] = result->at("requestState");
  }
  co_return base::fail(ErrorKind::upstream,
                       "the MCP server '" + self->name() + "' asked for input more than " +
                           std::to_string(limits::mcp_input_rounds_max) + " times");
}

base::Task<Result<Json>> Session::gather(std::shared_ptr<Session> self, Json requests,
                                         RequestOptions options) {
  Json out = Json::object();
  if (requests.is_null()) co_return out;
  if (!requests.is_object() || requests.size() > limits::mcp_input_requests_max) {
    co_return base::fail(ErrorKind::upstream,
                         "the MCP server's 'inputRequests' are not an object, or too many");
  }
  const IncomingRequest incoming{.stop = {}, .caller = options.caller};
  auto pass_on = [source = incoming.stop]() mutable { source.request_stop(); };
  const std::stop_callback on_stop(options.stop, std::move(pass_on));
  for (const auto& [key, request] : requests.items()) {
    auto answer =
        co_await fulfil(self, text_member(request, "method"), member(request, "params"), incoming);
    if (!answer) co_return answer;
    out[key] = std::move(*answer);
  }
  co_return out;
}

base::Task<Answer> Session::exchange(std::shared_ptr<Session> self, Exchange what) {
  what.id = self->next_id_++;
  const std::int64_t id = what.id;
  const bool handshake = what.handshake;
  const RequestOptions options = what.options;
  auto done = std::make_shared<base::Completion<Answer>>();
  auto start = [self, done, what = std::move(what)]() mutable {
    self->begin(std::move(what), std::move(done));
  };
  self->lane_.post(std::move(start));
  auto late = std::make_shared<bool>(false);
  auto ring = [late, done] { *late = done->complete(TransportFailure{}); };
  auto alarm = co_await base::call_after(options.time_max, std::move(ring));
  auto answer = co_await done->wait(options.stop);
  alarm.reset();
  if (answer && !*late) co_return std::move(*answer);
  const bool stopped = !answer;
  auto forget = [self, id, handshake, stopped] {
    self->abandon(id, handshake, stopped ? "stopped" : "the time limit passed");
  };
  self->lane_.post(std::move(forget));
  TransportFailure failure;
  failure.error.kind = stopped ? ErrorKind::cancelled : ErrorKind::timeout;
  failure.error.message = stopped
                              ? "the request to the MCP server '" + self->name() + "' was stopped"
                              : "the MCP server '" + self->name() + "' did not answer within " +
                                    std::to_string(options.time_max.count()) + " ms";
  failure.error.retryable = !stopped;
  co_return failure;
}

void Session::begin(Exchange what, std::shared_ptr<base::Completion<Answer>> done) {
  const auto refuse = [&](std::string message) {
    TransportFailure failure;
    failure.error = {.kind = ErrorKind::unavailable,
                     .message = "the MCP server '" + options_.name + "' " + message,
                     .retryable = true};
    if (done) done->complete(std::move(failure));
  };
  if (!connection_ || closed_ || !(attached_ || what.handshake)) {
    const ServerStatus now = status();
    refuse("is " + std::string(to_string(now.state)) +
           (now.reason.empty() ? "" : ": " + now.reason));
    return;
  }
  if (pending_.size() >= limits::mcp_outstanding_max) {
    refuse("has " + std::to_string(pending_.size()) + " requests under way already");
    return;
  }
  if (server_.modern()) what.params = with_meta(std::move(what.params), client_info());
  if (what.options.on_progress) what.params["_meta"]["progressToken"] = what.id;
  pending_[what.id] = {std::move(done), std::move(what.options.on_progress), what.options.caller};
  Outgoing message;
  message.text = encode_request(what.id, what.method, what.params);
  message.id = what.id;
  message.name = text_member(what.params, what.method == "resources/read" ? "uri" : "name");
  message.method = std::move(what.method);
  message.parameters = std::move(what.parameters);
  send(std::move(message));
}

// A handshake is not cancelled (2025-11-25 basic/utilities/cancellation).
void Session::abandon(std::int64_t id, bool handshake, std::string_view reason) {
  if (pending_.erase(id) == 0 || !connection_ || closed_) return;
  drop_questions();
  connection_->abandon(id);
  if (handshake || connection_->abandoning_cancels(server_)) return;
  Outgoing message;
  message.method = "notifications/cancelled";
  message.text = encode_notification(message.method, {{"requestId", id}, {"reason", reason}});
  send(std::move(message));
}

void Session::finish(std::int64_t id, Answer answer) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // nobody waits any more
  const auto done = std::move(found->second.done);
  pending_.erase(found);
  drop_questions();
  if (done) {
    done->complete(std::move(answer));
    return;
  }
  // The subscription has ended. What changed since is found by listing.
  listening_ = 0;
  if (std::holds_alternative<RpcError>(answer)) return;
  list_changed_ = true;
  reopen_listener_ = true;
  wake_.notify();
}

void Session::fail_all(const base::Error& why) {
  auto all = std::move(pending_);
  pending_.clear();
  for (auto& [id, one] : all) {
    if (one.done) one.done->complete(TransportFailure{.error = why, .http_status = 0});
  }
}

Result<Json> Session::result_from(std::string_view method, Answer answer) const {
  if (auto* result = std::get_if<Json>(&answer)) return std::move(*result);
  if (const auto* failure = std::get_if<TransportFailure>(&answer)) {
    return base::fail(failure->error);
  }
  const auto& error = std::get<RpcError>(answer);
  return base::fail(kind_of(error), "the MCP server '" + options_.name + "' refuses " +
                                        std::string(method) + ": " + error.message + " (" +
                                        std::to_string(error.code) + ")");
}

// --- what comes from the server ---

void Session::received(Message message) {
  if (closed_ || !connection_) return;
  if (auto* request = std::get_if<RpcRequest>(&message)) {
    take_request(std::move(*request));
  } else if (const auto* told = std::get_if<RpcNotification>(&message)) {
    notice(*told);
  } else if (auto* result = std::get_if<RpcResult>(&message)) {
    const auto* id = std::get_if<std::int64_t>(&result->id);
    if (id != nullptr) finish(*id, std::move(result->result));
  } else {
    auto& failure = std::get<RpcFailure>(message);
    failure.error.message = without_secrets(std::move(failure.error.message));
    const auto* id = failure.id ? std::get_if<std::int64_t>(&*failure.id) : nullptr;
    if (id != nullptr) {
      finish(*id, std::move(failure.error));
    } else {
      base::log::warn("mcp_error", {{"server", options_.name}, {"error", failure.error.message}});
    }
  }
}

void Session::request_failed(std::int64_t id, TransportFailure failure) {
  if (failure.error.kind == ErrorKind::unauthorized) {
    closed(failure.error);
    return;
  }
  finish(id, std::move(failure));
}

void Session::closed(base::Error why) {
  if (closed_) return;
  closed_ = why;
  fail_all(why);
  wake_.notify();
}

void Session::notice(const RpcNotification& told) {
  if (told.method == "notifications/tools/list_changed") {
    list_changed_ = true;
    wake_.notify();
  } else if (told.method == "notifications/progress") {
    const Json& token = member(told.params, "progressToken");
    if (!token.is_number_integer()) return;
    const auto found = pending_.find(token.get<std::int64_t>());
    if (found == pending_.end() || !found->second.on_progress) return;
    Progress progress;
    const Json& done = member(told.params, "progress");
    const Json& total = member(told.params, "total");
    if (done.is_number()) progress.progress = done.get<double>();
    if (total.is_number()) progress.total = total.get<double>();
    const std::string message = text_member(told.params, "message");
    progress.message = base::cut_utf8(message, limits::upstream_message_bytes_max);
    const auto on_progress = found->second.on_progress;
    on_progress(progress);
  } else if (told.method == "notifications/cancelled") {
    const Json& id = member(told.params, "requestId");
    if (listening_ != 0 && id == Json(listening_)) finish(listening_, Json::object());
    const auto found = incoming_requests_.find(base::to_text(id));
    if (found != incoming_requests_.end()) found->second.stop.request_stop();
  }
}

void Session::take_request(RpcRequest request) {
  // Newer servers ask inside their results; nothing answers them here.
  if (server_.modern()) {
    base::log::warn("mcp_request_ignored", {{"server", options_.name}, {"method", request.method}});
    return;
  }
  const auto reply = [this](std::string text) {
    Outgoing message;
    message.text = std::move(text);
    send(std::move(message));
  };
  if (request.method == "ping") {
    reply(encode_result(request.id, Json::object()));
    return;
  }
  const bool can = (request.method == "elicitation/create" && options_.elicit) ||
                   (request.method == "sampling/createMessage" && options_.sample);
  if (!can) {
    reply(encode_failure(request.id, error_code::method_not_found,
                         "this client does not offer " + request.method));
    return;
  }
  const std::string key = base::to_text(mcp::to_json(request.id));
  if (incoming_requests_.size() >= limits::mcp_server_requests_max ||
      incoming_requests_.contains(key)) {
    reply(encode_failure(request.id, error_code::internal_error,
                         "too many requests are under way, or two have the same id"));
    return;
  }
  const IncomingRequest incoming{.stop = {}, .caller = only_caller()};
  incoming_requests_[key] = incoming;
  lane_.spawn("mcp_server_request",
              answer_request(shared_from_this(), std::move(request), incoming));
}

std::string Session::only_caller() const {
  std::string out;
  for (const auto& [id, one] : pending_) {
    if (one.caller.empty() || one.caller == out) continue;
    if (!out.empty()) return {};
    out = one.caller;
  }
  return out;
}

// Nobody needs an answer to a question whose caller has no call under way any more.
void Session::drop_questions() {
  for (auto& [id, incoming] : incoming_requests_) {
    const bool waits = std::ranges::any_of(
        pending_, [&](const auto& one) { return one.second.caller == incoming.caller; });
    if (!incoming.caller.empty() && !waits) incoming.stop.request_stop();
  }
}

base::Task<void> Session::answer_request(std::shared_ptr<Session> self, RpcRequest request,
                                         IncomingRequest incoming) {
  const std::int64_t generation = self->generation_;
  auto answer = co_await fulfil(self, request.method, std::move(request.params), incoming);
  // The connection that asked may be gone.
  if (generation != self->generation_ || !self->connection_) co_return;
  self->incoming_requests_.erase(base::to_text(mcp::to_json(request.id)));
  Outgoing message;
  message.text =
      answer ? encode_result(request.id, *answer)
             : encode_failure(request.id, error_code::rejected_by_user, answer.error().message);
  self->send(std::move(message));
}

// A request of the server to the human or the model, in either era.
base::Task<Result<Json>> Session::fulfil(std::shared_ptr<Session> self, std::string method,
                                         Json params, IncomingRequest incoming) {
  std::stop_source& stop = incoming.stop;
  if (method == "elicitation/create" && self->options_.elicit) {
    const std::string mode = text_member(params, "mode");
    if (!mode.empty() && mode != "form") {
      co_return base::fail(ErrorKind::upstream, "only questions in form mode are answered");
    }
    const Json& schema = member(params, "requestedSchema");
    Elicitation question;
    question.server = self->name();
    question.caller = incoming.caller;
    question.message = text_member(params, "message");
    question.message = base::cut_utf8(question.message, limits::mcp_description_bytes_max);
    if (schema.is_object()) question.schema = schema;
    auto ring = [stop]() mutable { stop.request_stop(); };
    auto alarm = co_await base::call_after(self->options_.times.elicitation_max, std::move(ring));
    auto answer = co_await self->options_.elicit(std::move(question), stop.get_token());
    if (stop.stop_requested()) answer.action = ElicitationAnswer::Action::cancel;
    add_defaults(answer.content, schema);
    co_return to_json(std::move(answer));
  }
  if (method == "sampling/createMessage" && self->options_.sample) {
    auto sampled = co_await self->options_.sample(std::move(params), stop.get_token());
    co_return sampled;
  }
  const std::string shown(base::cut_utf8(method, 64));
  co_return base::fail(ErrorKind::upstream, "the MCP server '" + self->name() + "' wants " + shown +
                                                ", which this client does not offer");
}

}  // namespace colonnade::tools::mcp
