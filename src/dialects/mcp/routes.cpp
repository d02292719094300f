#include "dialects/mcp/routes.hpp"

#include <utility>

#include "dialects/mcp/errors.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/route_handlers.hpp"

namespace colonnade::dialects::mcp {
namespace {

constexpr const char* path = "/api/mcp";

constexpr std::string_view instructions =
    "This server runs agents. ask_agent says something to one and waits for its answer; start_run, "
    "follow_run and read_run do the same step by step. Give thread_id to go on in a conversation. "
    "When an agent needs a human's approval, the state is waiting_approval: show the human what "
    "list_approvals says, and call approve or deny only with their answer.";

}  // namespace

Dialect::Dialect(Dependencies deps, Options options)
    : credentials_(deps.credentials),
      answer_once_(deps.keyed_requests),
      toolbox_({.agents = deps.agents,
                .threads = deps.threads,
                .runs = deps.runs,
                .actions = deps.actions,
                .policies = deps.policies,
                .subscriptions = deps.subscriptions,
                .answer_once = answer_once_,
                .readiness = std::move(options.readiness)}),
      endpoint_({.toolbox = toolbox_, .credentials = deps.credentials, .clock = deps.clock},
                {.server_info = {.version = std::move(options.version),
                                 .instructions = std::string(instructions)},
                 .origins = std::move(options.origins)}) {}

std::vector<net::Route> Dialect::routes() {
  using enum net::Method;
  using E = Endpoint;
  const Admitted in(
      credentials_,
      [&endpoint = endpoint_](const net::Request& head) { return endpoint.admit(head); },
      [](const base::Error& error) { return error_response(error); });
  // A call may wait for an agent, and must notice that its client has left.
  return {
      {post, path, in(endpoint_, &E::post), limits::mcp_endpoint_body_bytes_max,
       /*long_running=*/true},
      {get, path, in(endpoint_, &E::get)},
      {del, path, in(endpoint_, &E::end)},
  };
}

void Dialect::add_to(net::Router& router) {
  router.add(routes());
  router.add(error_encoder());
}

}  // namespace colonnade::dialects::mcp
