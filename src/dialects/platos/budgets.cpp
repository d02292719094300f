#include "dialects/platos/budgets.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "dialects/platos/errors.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/webhook_url.hpp"

namespace colonnade::dialects::platos {

using base::Task;
using core::Principal;

namespace {

constexpr int budget_created = 201;
constexpr int budget_changed = 200;
constexpr Need budget_reads{.audience = Audience::no_guests};
constexpr Need budget_writes{.audience = Audience::operators};

net::Response budget_refusal(const base::Error& error) {
  return error_response(budget_error(error));
}

// Caps that count by credential or by automation are no words of this wire.
bool is_of_wire(const core::BudgetCap& cap) {
  return cap.key.holder != core::BudgetHolder::key &&
         cap.key.holder != core::BudgetHolder::automation;
}

}  // namespace

Task<net::Reply> BudgetResource::list(Caller caller, RequestPtr /*request*/) {
  auto reply = co_await list_as(std::move(caller.who), EmailForm::text_or_null);
  co_return reply;
}

Task<net::Reply> BudgetResource::list_for_typescript(Caller caller, RequestPtr /*request*/) {
  auto reply = co_await list_as(std::move(caller.who), EmailForm::list);
  co_return reply;
}

Task<net::Reply> BudgetResource::list_as(Principal who, EmailForm emails) {
  auto caps = co_await deps_.budgets.list(who);
  if (!caps) co_return budget_refusal(caps.error());
  std::erase_if(*caps, [](const core::BudgetCap& cap) { return !is_of_wire(cap); });
  co_return net::Response{.body = encode_budgets(*caps, budget_view(who, emails))};
}

Task<net::Reply> BudgetResource::status(Caller caller, RequestPtr request) {
  auto reply =
      co_await status_as(std::move(caller.who), std::move(request), EmailForm::text_or_null);
  co_return reply;
}

Task<net::Reply> BudgetResource::status_for_typescript(Caller caller, RequestPtr request) {
  auto reply = co_await status_as(std::move(caller.who), std::move(request), EmailForm::list);
  co_return reply;
}

Task<net::Reply> BudgetResource::status_as(Principal who, RequestPtr request, EmailForm emails) {
  std::string agent_id = request->query_parameter("agentId").value_or("");
  std::optional<std::string> user_id = request->query_parameter("userId");
  if (user_id && user_id->empty()) user_id.reset();
  const auto found = co_await deps_.budgets.status(who, std::move(agent_id), std::move(user_id));
  if (!found) co_return budget_refusal(found.error());
  co_return net::Response{.body = encode_budget_status(*found, budget_view(who, emails))};
}

Task<net::Reply> BudgetResource::put(Caller caller, RequestPtr request) {
  auto input = decode_budget(request->body);
  if (!input) co_return budget_refusal(input.error());
  if (input->webhook_url && !input->webhook_url->empty()) {
    auto url = check_webhook_url(*input->webhook_url, deps_.private_hosts, "alertWebhookUrl");
    if (!url) co_return budget_refusal(url.error());
    input->webhook_url = std::move(*url);
  }
  AnswerOnce::Work work = [this, who = caller.who,
                           input = std::move(*input)](Attempt /*attempt*/) mutable {
    return put_once(std::move(who), std::move(input));
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return budget_refusal(response.error());
  co_return std::move(*response);
}

// Done again after a lost answer it changes nothing.
Task<Attempted> BudgetResource::put_once(Principal who, core::NewBudgetCap input) {
  const auto stored = co_await deps_.budgets.put(who, std::move(input));
  if (!stored) co_return refused(budget_error(stored.error()));
  const BudgetView view = budget_view(who, EmailForm::text_or_null);
  co_return Attempted{.response = {.status = stored->is_new ? budget_created : budget_changed,
                                   .body = encode_budget(stored->cap, view)}};
}

Task<net::Reply> BudgetResource::remove(Caller caller, RequestPtr request) {
  const auto removed =
      co_await deps_.budgets.remove(std::move(caller.who), request->path_parameters.front());
  if (!removed) co_return budget_refusal(removed.error());
  co_return net::Response{.body = R"({"deleted":true})"};
}

Task<net::Reply> BudgetResource::lift(Caller caller, RequestPtr request) {
  const auto minutes = decode_override(request->body);
  if (!minutes) co_return budget_refusal(minutes.error());
  AnswerOnce::Work work = [this, who = caller.who, id = request->path_parameters.front(),
                           minutes = *minutes](Attempt /*attempt*/) mutable {
    return lift_once(std::move(who), std::move(id), minutes);
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return budget_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> BudgetResource::lift_once(Principal who, std::string id, int minutes) {
  const auto cap = co_await deps_.budgets.lift(who, std::move(id), minutes);
  if (!cap) co_return refused(budget_error(cap.error()));
  co_return Attempted{
      .response = {.status = budget_created,
                   .body = encode_budget(*cap, budget_view(who, EmailForm::text_or_null))}};
}

std::vector<net::Route> budget_routes(Access& access, BudgetResource& budgets) {
  using enum net::Method;
  using B = BudgetResource;
  const std::string root = "/api/v1/agent";
  const std::size_t bytes = limits::platos_body_bytes_max;
  return {
      {get, root + "/budgets", access.guard(budgets, &B::list, budget_reads)},
      {post, root + "/budgets", access.guard(budgets, &B::put, budget_writes), bytes},
      {get, root + "/budgets/status", access.guard(budgets, &B::status, budget_reads)},
      {del, root + "/budgets/{id}", access.guard(budgets, &B::remove, budget_writes)},
      {post, root + "/budgets/{id}/override", access.guard(budgets, &B::lift, budget_writes),
       bytes},
      {get, root + "/monitoring/budget/caps",
       access.guard(budgets, &B::list_for_typescript, budget_reads)},
      {get, root + "/monitoring/budget/status",
       access.guard(budgets, &B::status_for_typescript, budget_reads)},
  };
}

}  // namespace colonnade::dialects::platos
