#include <utility>

#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::dialects::operators {

base::Task<net::Reply> AccessKeyResource::list(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const auto keys = co_await access_keys_.list(std::move(*there));
  if (!keys) co_return error_response(keys.error());
  co_return unstored(encode_access_keys(*keys));
}

base::Task<net::Reply> AccessKeyResource::add(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  auto input = decode_new_access_key(request->body);
  if (!input) co_return error_response(input.error());
  const auto made = co_await access_keys_.add(std::move(*there), std::move(*input));
  if (!made) co_return error_response(made.error());
  co_return unstored(encode_access_key(*made));
}

base::Task<net::Reply> AccessKeyResource::remove(Principal who, RequestPtr request) {
  auto there = looking_where_asked(std::move(who), *request);
  if (!there) co_return error_response(there.error());
  const std::string& id = request->path_parameters.front();
  const auto removed = co_await access_keys_.remove(std::move(*there), id);
  if (!removed) co_return error_response(removed.error());
  co_return unstored(encode_single("removed", id));
}

}  // namespace colonnade::dialects::operators
