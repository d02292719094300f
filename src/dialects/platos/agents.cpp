#include "dialects/platos/agents.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/limits.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Task;
using core::Principal;

namespace {

constexpr int agent_created = 201;
constexpr std::size_t versions_default = 50;  // platos §2.1
constexpr std::size_t versions_max = 200;

// What is missing is said in the dialect's words.
base::Error agent_error(base::Error error) {
  if (error.kind != ErrorKind::not_found) return error;
  error.message = error.field == "version_id" ? "Version not found" : "Agent not found";
  return error;
}

net::Response agent_refusal(const base::Error& error) { return error_response(agent_error(error)); }

std::string agent_id_of(const net::Request& request) { return request.path_parameters.front(); }

core::NewAgent new_agent_from(core::Agent agent) {
  return {.name = std::move(agent.name),
          .instructions = std::move(agent.instructions),
          .settings = std::move(agent.settings),
          .tools = std::move(agent.tools),
          .shared = true,
          .slug = std::move(agent.slug),
          .profile = std::move(agent.profile),
          .active = agent.active,
          .open_to_guests = agent.open_to_guests};
}

}  // namespace

Task<Result<AgentView>> AgentResource::view_of(Principal who, core::Agent agent) {
  core::ThreadPage page{.agent_id = wire_agent_id(agent.id)};
  auto threads = co_await deps_.threads.count(std::move(who), std::move(page));
  if (!threads) co_return fail(std::move(threads.error()));
  co_return AgentView{.agent = std::move(agent), .threads = *threads};
}

Task<net::Reply> AgentResource::answer(Principal who, Result<core::Agent> agent) {
  if (!agent) co_return agent_refusal(agent.error());
  const auto view = co_await view_of(std::move(who), std::move(*agent));
  if (!view) co_return agent_refusal(view.error());
  co_return net::Response{.body = encode_agent(*view, deps_.default_model())};
}

// The scope's default agent is made when it is to be changed.
Task<Result<core::Agent>> AgentResource::alterable(Principal who, std::string id) {
  auto agent = id == core::default_agent_id ? deps_.agents.make_default(std::move(who))
                                            : deps_.agents.get(std::move(who), std::move(id));
  auto found = co_await std::move(agent);
  co_return found;
}

// A caller who is bound to one agent sees that one alone.
Task<net::Reply> AgentResource::list(Caller caller, RequestPtr request) {
  const auto limit = query_number(*request, "limit", limits::list_rows_max, limits::list_rows_max);
  if (!limit) co_return agent_refusal(limit.error());
  const auto offset = query_number(*request, "offset", 0, limits::list_rows_max);
  if (!offset) co_return agent_refusal(offset.error());
  std::vector<core::Agent> agents;
  std::size_t total = 0;
  if (caller.agent_id.empty()) {
    auto page = co_await deps_.agents.usable(caller.who, *limit, *offset);
    if (!page) co_return agent_refusal(page.error());
    agents = std::move(*page);
    const auto count = co_await deps_.agents.count_usable(caller.who);
    if (!count) co_return agent_refusal(count.error());
    total = *count;
  } else {
    auto own = co_await deps_.agents.get(caller.who, caller.agent_id);
    if (!own && own.error().kind != ErrorKind::not_found) co_return agent_refusal(own.error());
    if (own) agents.push_back(std::move(*own));
    total = agents.size();
  }
  std::vector<AgentView> views;
  for (core::Agent& agent : agents) {
    auto view = co_await view_of(caller.who, std::move(agent));
    if (!view) co_return agent_refusal(view.error());
    views.push_back(std::move(*view));
  }
  co_return net::Response{.body = encode_agents(views, total, deps_.default_model())};
}

Task<net::Reply> AgentResource::create(Caller caller, RequestPtr request) {
  const auto body = parse_object(request->body);
  if (!body) co_return error_response(body.error());
  core::Agent agent = agent_template(caller.who.scope);
  if (auto applied = apply_agent_body(*body, agent); !applied) {
    co_return error_response(applied.error());
  }
  if (agent.name.empty()) {
    co_return error_response(
        base::Error{.kind = ErrorKind::invalid, .message = "name is required", .field = "name"});
  }
  auto work = [this, who = caller.who,
               input = new_agent_from(std::move(agent))](Attempt attempt) mutable {
    return create_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return agent_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> AgentResource::create_once(Principal who, core::NewAgent input, Attempt attempt) {
  Result<core::Agent> agent = fail(ErrorKind::not_found, "not made yet");
  if (!attempt.object_id.empty()) {
    agent = co_await deps_.agents.get(who, attempt.object_id);
  } else {
    input.keyed_request_id = std::move(attempt.keyed_request_id);
    agent = co_await deps_.agents.create(who, std::move(input));
  }
  if (!agent) co_return refused(agent_error(agent.error()));
  const AgentView view{.agent = std::move(*agent)};
  co_return Attempted{
      .response = {.status = agent_created, .body = encode_agent(view, deps_.default_model())}};
}

Task<net::Reply> AgentResource::get(Caller caller, RequestPtr request) {
  auto agent = co_await deps_.agents.get(caller.who, agent_id_of(*request));
  auto reply = co_await answer(std::move(caller.who), std::move(agent));
  co_return reply;
}

Task<net::Reply> AgentResource::update(Caller caller, RequestPtr request) {
  const auto body = parse_object(request->body);
  if (!body) co_return error_response(body.error());
  const auto there = co_await alterable(caller.who, agent_id_of(*request));
  if (!there) co_return agent_refusal(there.error());
  core::Agents::Alter alter = [body = *body](core::Agent& agent) -> Result<bool> {
    const core::Agent before = agent;
    if (auto applied = apply_agent_body(body, agent); !applied) return fail(applied.error());
    return core::snapshot_of(before) != core::snapshot_of(agent) || before.name != agent.name ||
           before.slug != agent.slug || before.active != agent.active ||
           before.open_to_guests != agent.open_to_guests;
  };
  auto agent = co_await deps_.agents.alter(caller.who, agent_id_of(*request), std::move(alter));
  auto reply = co_await answer(std::move(caller.who), std::move(agent));
  co_return reply;
}

Task<net::Reply> AgentResource::remove(Caller caller, RequestPtr request) {
  const auto removed =
      co_await deps_.erasure.erase_agent(std::move(caller.who), agent_id_of(*request));
  if (!removed) co_return agent_refusal(removed.error());
  co_return net::Response{.body = R"({"deleted":true})"};
}

// The cursor is the number of the last version of the page before.
Task<net::Reply> AgentResource::versions(Caller caller, RequestPtr request) {
  const auto take = query_number(*request, "take", versions_default, versions_max);
  if (!take) co_return agent_refusal(take.error());
  core::AgentVersionPage page{.limit = *take + 1};
  const std::string cursor = request->query_parameter("cursor").value_or("");
  if (!cursor.empty()) {
    int before = 0;
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), before);
    if (error != std::errc() || end != cursor.data() + cursor.size()) {
      co_return error_response(base::Error{.kind = ErrorKind::invalid,
                                           .message = "cursor must be a nextCursor of this list",
                                           .field = "cursor"});
    }
    page.before = before;
  }
  const auto agent = co_await deps_.agents.get(caller.who, agent_id_of(*request));
  if (!agent) co_return agent_refusal(agent.error());
  auto versions = co_await deps_.agents.versions(caller.who, agent_id_of(*request), page);
  if (!versions) co_return agent_refusal(versions.error());
  const bool more = versions->size() > *take;
  if (more) versions->pop_back();
  const VersionsPage shown{
      .versions = *versions, .agent = &*agent, .page_size = *take, .more = more};
  co_return net::Response{.body = encode_versions(shown, deps_.default_model())};
}

Task<net::Reply> AgentResource::roll_back(Caller caller, RequestPtr request) {
  auto agent = co_await deps_.agents.roll_back(caller.who, agent_id_of(*request),
                                               request->path_parameters[1]);
  if (!agent) co_return agent_refusal(agent.error());
  const auto view = co_await view_of(std::move(caller.who), std::move(*agent));
  if (!view) co_return agent_refusal(view.error());
  co_return net::Response{.status = agent_created,
                          .body = encode_rolled_back(*view, deps_.default_model())};
}

Task<net::Reply> AgentResource::set_canary(Caller caller, RequestPtr request) {
  const auto body = parse_object(request->body);
  if (!body) co_return error_response(body.error());
  auto canary = decode_canary(*body);
  if (!canary) co_return error_response(canary.error());
  auto agent = co_await deps_.agents.set_canary(caller.who, agent_id_of(*request),
                                                std::move(canary->version_id), canary->percent);
  auto reply = co_await answer(std::move(caller.who), std::move(agent));
  co_return reply;
}

}  // namespace colonnade::dialects::platos
