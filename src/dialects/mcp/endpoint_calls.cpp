// From a message that counts to its answer.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/joined.hpp"
#include "core/access/account.hpp"
#include "dialects/mcp/answer_stream.hpp"
#include "dialects/mcp/endpoint.hpp"
#include "dialects/mcp/errors.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::ErrorKind;
using base::Json;

std::unexpected<RpcFault> invalid_params(std::string message, std::string data = {}) {
  return std::unexpected(RpcFault{
      .code = error_code::invalid_params, .message = std::move(message), .data = std::move(data)});
}

// 2026-07-28 basic/transports/streamable-http, "Sending Messages to the Server". Up to then, an
// answer is an answer.
int status_of(Era era, const RpcFault& fault) {
  if (era == Era::handshake) return 200;
  if (fault.code == error_code::method_not_found) return 404;
  if (fault.code == error_code::invalid_request) return 400;
  return fault.code == error_code::server_error ? 503 : 200;
}

// The newer era's calls have no name to be cancelled by: their connections end instead.
std::string client_of(const Principal& who) {
  return base::joined({"user", core::account_of(who)});
}

RpcFault cancelled_fault() {
  return {.code = error_code::server_error, .message = "the request was cancelled"};
}

// nullopt when nobody wants to hear of progress.
std::optional<Json> progress_token(const Incoming& message) {
  const Json& token = member(member(message.params, "_meta"), "progressToken");
  if (token.is_string() || token.is_number_integer()) return token;
  return std::nullopt;
}

std::string progress_notification(const Json& token, int count, std::string_view message) {
  std::string params;
  base::JsonWriter json(params);
  json.object().field("progressToken", token).field("progress", count);
  json.field("message", message).end_object();
  return encode_notification("notifications/progress", params);
}

}  // namespace

Endpoint::Answer Endpoint::finished(const Exchange& exchange, std::string members,
                                    Caching caching) const {
  if (exchange.era == Era::modern) members += modern_members(options_.server_info, caching);
  return members;
}

net::Response Endpoint::response_to(const Exchange& exchange, const Answer& answer) {
  const RequestId& id = *exchange.message.id;
  if (answer) return {.body = encode_result(id, *answer)};
  return fault_response(status_of(exchange.era, answer.error()), id, answer.error());
}

base::Task<net::Reply> Endpoint::reply_to(Exchange exchange) {
  if (exchange.message.method == "tools/call" && accepts_stream(*exchange.request)) {
    const auto tool = tool_of(exchange);
    if (tool && (*tool)->waits) {
      auto ticket = begin_call(exchange);
      if (ticket) co_return answer_as_stream(std::move(exchange), *tool, std::move(ticket));
    }
  }
  auto response = co_await answer(std::move(exchange));
  co_return std::move(response);
}

base::Task<net::Response> Endpoint::answer(Exchange exchange) {
  if (exchange.message.method != "tools/call") {
    const auto answered = co_await answer_at_once(exchange);
    co_return response_to(exchange, answered);
  }
  const auto tool = tool_of(exchange);
  if (!tool) co_return response_to(exchange, std::unexpected(tool.error()));
  auto ticket = begin_call(exchange);
  if (!ticket) {
    co_return response_to(
        exchange, std::unexpected(RpcFault{
                      .code = error_code::server_error,
                      .message = "too many calls are under way, one with this id is, or the server "
                                 "stops: wait for an answer first"}));
  }
  // Up to 2025-11-25 a client that goes away has not cancelled anything.
  const auto on_leaving = [ticket] { ticket->cancel(); };
  std::optional<std::stop_callback<decltype(on_leaving)>> leaving;
  if (exchange.era == Era::modern) leaving.emplace(exchange.request->disconnected, on_leaving);
  auto called = co_await call_tool(exchange, *tool, ticket, nullptr);
  if (ticket->is_cancelled()) called = std::unexpected(cancelled_fault());
  co_return response_to(exchange, called);
}

// --- what is answered at once -------------------------------------------------------------------

base::Task<Endpoint::Answer> Endpoint::answer_at_once(Exchange exchange) {
  const std::string& method = exchange.message.method;
  const bool modern = exchange.era == Era::modern;
  if (method == "server/discover" && modern) {
    co_return finished(exchange, discovery(options_.server_info), Caching::own);
  }
  if (method == "ping" && !modern) co_return std::string();
  const bool lists =
      method == "tools/list" || method == "resources/list" || method == "resources/templates/list";
  if (lists && !member(exchange.message.params, "cursor").is_null()) {
    co_return invalid_params("Invalid params: this cursor is not known; the lists have one page");
  }
  if (method == "tools/list") co_return finished(exchange, deps_.toolbox.listing(), Caching::own);
  if (method == "resources/templates/list") {
    co_return finished(exchange, ThreadTools::list_templates(), Caching::own);
  }
  if (method == "resources/list") {
    auto members = co_await deps_.toolbox.threads().list_resources(exchange.who);
    if (!members) co_return std::unexpected(fault_of(members.error()));
    co_return finished(exchange, std::move(*members), Caching::own);
  }
  if (method == "resources/read") {
    auto answered = co_await read_resource(std::move(exchange));
    co_return answered;
  }
  co_return std::unexpected(RpcFault{.code = error_code::method_not_found,
                                     .message = "Method not found: " + shown(method)});
}

base::Task<Endpoint::Answer> Endpoint::read_resource(Exchange exchange) {
  const std::string uri = text_member(exchange.message.params, "uri");
  if (uri.empty()) co_return invalid_params("Invalid params: 'uri' must be a string");
  auto members = co_await deps_.toolbox.threads().read_resource(exchange.who, uri);
  if (members) co_return finished(exchange, std::move(*members), Caching::own);
  RpcFault fault = fault_of(members.error());
  if (members.error().kind == ErrorKind::not_found) {
    fault.code =
        exchange.era == Era::modern ? error_code::invalid_params : error_code::resource_not_found;
    base::JsonWriter(fault.data).object().field("uri", uri).end_object();
  }
  co_return std::unexpected(std::move(fault));
}

// --- tools --------------------------------------------------------------------------------------

std::expected<const Tool*, RpcFault> Endpoint::tool_of(const Exchange& exchange) const {
  const Json& params = exchange.message.params;
  const Json& arguments = member(params, "arguments");
  if (!member(params, "name").is_string()) {
    return invalid_params("Invalid params: 'name' must be a string");
  }
  const std::string name = text_member(params, "name");
  const Tool* tool = deps_.toolbox.find(name);
  if (tool == nullptr) {
    return invalid_params("Unknown tool: " + shown(name) + "; known are " + deps_.toolbox.names());
  }
  if (!arguments.is_null() && !arguments.is_object()) {
    return invalid_params("Invalid params: 'arguments' must be an object");
  }
  return tool;
}

std::shared_ptr<Calls::Ticket> Endpoint::begin_call(const Exchange& exchange) {
  const std::string account = core::account_of(exchange.who);
  if (exchange.era == Era::modern) return calls_.begin(account, client_of(exchange.who), "");
  return calls_.begin(account, exchange.session_id, id_text(*exchange.message.id));
}

base::Task<Endpoint::Answer> Endpoint::call_tool(Exchange exchange, const Tool* tool,
                                                 std::shared_ptr<Calls::Ticket> ticket,
                                                 ReportProgress progress) {
  Call call{.who = exchange.who,
            .lane = exchange.request->lane,
            .text = std::move(exchange.message.text),
            .trace = trace_parent_of(*exchange.request),
            .ticket = std::move(ticket),
            .progress = std::move(progress)};
  const Json& arguments = member(exchange.message.params, "arguments");
  if (arguments.is_object()) call.arguments = arguments;
  auto members = co_await deps_.toolbox.call(tool, std::move(call));
  co_return finished(exchange, std::move(members), Caching::none);
}

net::Reply Endpoint::answer_as_stream(Exchange exchange, const Tool* tool,
                                      std::shared_ptr<Calls::Ticket> ticket) {
  net::StreamReply reply;
  reply.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  reply.on_open = [this, exchange = std::move(exchange), tool,
                   ticket = std::move(ticket)](std::shared_ptr<net::StreamWriter> writer) mutable {
    auto stream = std::make_shared<AnswerStream>(writer);
    const bool ends_with_connection = exchange.era == Era::modern;
    writer->on_closed([stream, ends_with_connection, weak = std::weak_ptr(ticket)] {
      const bool cut = stream->cut();
      if (const auto call = weak.lock(); call && cut && ends_with_connection) call->cancel();
    });
    stream->lane().spawn("mcp_call",
                         stream_answer(std::move(exchange), tool, std::move(ticket), stream));
  };
  return reply;
}

base::Task<void> Endpoint::stream_answer(Exchange exchange, const Tool* tool,
                                         std::shared_ptr<Calls::Ticket> ticket,
                                         std::shared_ptr<AnswerStream> stream) {
  ReportProgress progress;
  if (const auto token = progress_token(exchange.message)) {
    progress = [stream, token = *token, count = 0](std::string_view message) mutable {
      stream->send(progress_notification(token, ++count, message));
    };
  }
  const auto called = co_await call_tool(exchange, tool, ticket, std::move(progress));
  // Whoever cancelled does not want an answer.
  if (!ticket->is_cancelled()) stream->send(response_to(exchange, called).body);
  stream->finish();
}

}  // namespace colonnade::dialects::mcp
