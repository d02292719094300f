#include <utility>

#include "dialects/phoson/errors.hpp"
#include "dialects/phoson/resources.hpp"
#include "dialects/phoson/wire.hpp"

namespace colonnade::dialects::phoson {
namespace {

constexpr int forbidden = 403;

net::Response not_an_operator() {
  return error_response(forbidden, "Only an operator's key may manage MCP servers");
}

net::Response server_error(const base::Error& error) {
  if (error.kind == base::ErrorKind::forbidden) return error_response(forbidden, error.message);
  return error_response(error, Object::tool_server);
}

}  // namespace

base::Task<net::Reply> ToolServerResource::list(Principal who, RequestPtr /*request*/) {
  if (!who.is_operator()) co_return not_an_operator();
  const auto servers = co_await deps_.tool_servers.list(who.scope);
  if (!servers) co_return server_error(servers.error());
  co_return net::Response{.body = encode_tool_servers(*servers)};
}

base::Task<net::Reply> ToolServerResource::create(Principal who, RequestPtr request) {
  if (!who.is_operator()) co_return not_an_operator();
  auto input = decode_new_tool_server(request->body);
  if (!input) co_return std::move(input.error());
  auto work = [this, who, input = std::move(*input)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return server_error(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> ToolServerResource::create_once(Principal who, core::NewToolServer input,
                                                      Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await deps_.tool_servers.get(who.scope, attempt.object_id);
    if (!made) co_return refused(server_error(made.error()));
    co_return Attempted{.response = {.status = created, .body = encode_tool_server(*made)}};
  }
  input.keyed_request_id = std::move(attempt.keyed_request_id);
  const auto server = co_await deps_.tool_servers.create(std::move(who), std::move(input));
  if (!server) co_return refused(server_error(server.error()));
  co_return Attempted{.response = {.status = created, .body = encode_tool_server(*server)}};
}

base::Task<net::Reply> ToolServerResource::remove(Principal who, RequestPtr request) {
  if (!who.is_operator()) co_return not_an_operator();
  const auto removed =
      co_await deps_.tool_servers.remove(std::move(who), request->path_parameters.front());
  if (!removed) co_return server_error(removed.error());
  co_return net::Response{.status = no_content};
}

}  // namespace colonnade::dialects::phoson
