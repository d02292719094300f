#include <utility>

#include "dialects/phoson/errors.hpp"
#include "dialects/phoson/resources.hpp"
#include "dialects/phoson/wire.hpp"
#include "dialects/row_source.hpp"

namespace colonnade::dialects::phoson {
namespace {

std::string agent_id(const net::Request& request) {
  return stored_agent_id(request.path_parameters.front());
}

net::Response agent_error(const base::Error& error) {
  // A conflict can only mean that the configured agent was to be changed or deleted.
  return error_response(error, Object::agent);
}

// What went wrong with attaching or detaching: of the agent, or of the server.
net::Response attachment_error(const base::Error& error, std::string_view missing_server) {
  const bool is_server = error.field == "tool_server";
  if (error.kind == base::ErrorKind::not_found && is_server) {
    return error_response(404, missing_server);
  }
  return error_response(error, Object::agent);
}

// The list goes on behind the last agent that was read, so what is made meanwhile moves nothing.
class AgentRows final : public RowSource {
 public:
  AgentRows(core::Agents& agents, Principal who, ListQuery query)
      : RowSource("[", "]", query.limit),
        agents_(agents),
        who_(std::move(who)),
        offset_(query.offset) {}

 private:
  base::Task<Rows> read(std::size_t limit) override {
    const auto agents = co_await agents_.list(who_, limit, offset_, before_);
    if (!agents) co_return base::fail(agents.error());
    std::vector<std::string> rows;
    for (const core::Agent& agent : *agents) rows.push_back(encode_agent(agent));
    if (!agents->empty()) {
      before_ = agents->back().id;
      offset_ = 0;
    }
    co_return rows;
  }

  core::Agents& agents_;
  Principal who_;
  std::size_t offset_;
  std::string before_{};
};

}  // namespace

base::Task<net::Reply> AgentResource::list(Principal who, RequestPtr request) {
  const auto query = decode_list(*request);
  if (!query) co_return query.error();
  co_return net::Response{.source =
                              std::make_shared<AgentRows>(deps_.agents, std::move(who), *query)};
}

base::Task<net::Reply> AgentResource::create(Principal who, RequestPtr request) {
  auto input = decode_new_agent(request->body);
  if (!input) co_return std::move(input.error());
  auto work = [this, who, input = std::move(*input)](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return agent_error(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> AgentResource::create_once(Principal who, core::NewAgent input,
                                                 Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await deps_.agents.get(who, attempt.object_id);
    if (!made) co_return refused(agent_error(made.error()));
    co_return Attempted{.response = {.status = created, .body = encode_agent(*made)}};
  }
  input.keyed_request_id = std::move(attempt.keyed_request_id);
  const auto agent = co_await deps_.agents.create(std::move(who), std::move(input));
  if (!agent) co_return refused(agent_error(agent.error()));
  co_return Attempted{.response = {.status = created, .body = encode_agent(*agent)}};
}

base::Task<net::Reply> AgentResource::get(Principal who, RequestPtr request) {
  const auto agent = co_await deps_.agents.get(std::move(who), agent_id(*request));
  if (!agent) co_return agent_error(agent.error());
  co_return net::Response{.body = encode_agent(*agent)};
}

base::Task<net::Reply> AgentResource::update(Principal who, RequestPtr request) {
  auto change = decode_agent_change(request->body);
  if (!change) co_return std::move(change.error());
  const auto agent =
      co_await deps_.agents.change(std::move(who), agent_id(*request), std::move(*change));
  if (!agent) co_return agent_error(agent.error());
  co_return net::Response{.body = encode_agent(*agent)};
}

base::Task<net::Reply> AgentResource::remove(Principal who, RequestPtr request) {
  const auto removed = co_await deps_.erasure.erase_agent(std::move(who), agent_id(*request));
  if (!removed) co_return agent_error(removed.error());
  co_return net::Response{.status = no_content};
}

base::Task<net::Reply> AgentResource::attach(Principal who, RequestPtr request) {
  const auto agent = co_await deps_.tool_servers.attach(std::move(who), agent_id(*request),
                                                        request->path_parameters[1]);
  if (!agent) co_return attachment_error(agent.error(), "MCP server not found");
  co_return net::Response{.body = encode_agent(*agent)};
}

base::Task<net::Reply> AgentResource::detach(Principal who, RequestPtr request) {
  const auto agent = co_await deps_.tool_servers.detach(std::move(who), agent_id(*request),
                                                        request->path_parameters[1]);
  if (!agent) co_return attachment_error(agent.error(), "MCP server not attached");
  co_return net::Response{.body = encode_agent(*agent)};
}

}  // namespace colonnade::dialects::phoson
