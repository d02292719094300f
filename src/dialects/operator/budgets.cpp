#include <utility>

#include "dialects/operator/budget_wire.hpp"
#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"
#include "dialects/webhook_url.hpp"

namespace colonnade::dialects::operators {

base::Task<net::Reply> BudgetResource::list(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto caps = co_await budgets_.list(std::move(*there));
  if (!caps) co_return error_response(caps.error());
  co_return unstored(encode_budgets(*caps));
}

base::Task<net::Reply> BudgetResource::show(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  std::string id = request->path_parameters.front();
  std::string user = request->query_parameter("user").value_or("");
  const auto found = co_await budgets_.standing(std::move(*there), std::move(id), std::move(user));
  if (!found) co_return error_response(found.error());
  co_return unstored(encode_standing(*found, budgets_.now()));
}

base::Task<net::Reply> BudgetResource::set(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  auto input = decode_budget(request->body);
  if (!input) co_return error_response(input.error());
  if (input->webhook_url && !input->webhook_url->empty()) {
    auto url = check_webhook_url(*input->webhook_url, private_hosts_, "webhook_url");
    if (!url) co_return error_response(url.error());
    input->webhook_url = std::move(*url);
  }
  const auto stored = co_await budgets_.put(std::move(*there), std::move(*input));
  if (!stored) co_return error_response(stored.error());
  co_return unstored(encode_budget(stored->cap));
}

base::Task<net::Reply> BudgetResource::remove(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const std::string& id = request->path_parameters.front();
  const auto removed = co_await budgets_.remove(std::move(*there), id);
  if (!removed) co_return error_response(removed.error());
  co_return unstored(encode_single("removed", id));
}

base::Task<net::Reply> BudgetResource::lift(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto minutes = decode_override(request->body);
  if (!minutes) co_return error_response(minutes.error());
  const auto cap =
      co_await budgets_.lift(std::move(*there), request->path_parameters.front(), *minutes);
  if (!cap) co_return error_response(cap.error());
  co_return unstored(encode_budget(*cap));
}

}  // namespace colonnade::dialects::operators
