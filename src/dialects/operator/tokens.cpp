#include <utility>

#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::dialects::operators {

base::Result<Principal> looking_where_asked(Principal who, const net::Request& request) {
  const auto scope = request.query_parameter("scope");
  if (!scope) return who;
  return core::looking_at(std::move(who), *scope);
}

base::Task<net::Reply> TokenResource::list(Principal who, RequestPtr request) {
  std::string user = request->query_parameter("user").value_or(who.user_id);
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto tokens = co_await tokens_.list(std::move(*there), std::move(user));
  if (!tokens) co_return error_response(tokens.error());
  co_return unstored(encode_tokens(*tokens));
}

base::Task<net::Reply> TokenResource::create(Principal who, RequestPtr request) {
  auto input = decode_new_token(request->body);
  if (!input) co_return error_response(input.error());
  const auto created = co_await tokens_.create(std::move(who), std::move(*input));
  if (!created) co_return error_response(created.error());
  co_return unstored(encode_token(*created));
}

base::Task<net::Reply> TokenResource::revoke(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const std::string& id = request->path_parameters.front();
  const auto revoked = co_await tokens_.revoke(std::move(*there), id);
  if (!revoked) co_return error_response(revoked.error());
  co_return unstored(encode_single("revoked", id));
}

}  // namespace colonnade::dialects::operators
