#include <utility>

#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::dialects::operators {

base::Task<net::Reply> EntityResource::list(Principal who, RequestPtr /*request*/) {
  const auto rows = co_await entities_.list(std::move(who));
  if (!rows) co_return error_response(rows.error());
  co_return unstored(encode_entities(*rows));
}

base::Task<net::Reply> EntityResource::add(Principal who, RequestPtr request) {
  auto input = decode_entity(request->body);
  if (!input) co_return error_response(input.error());
  const auto made =
      co_await entities_.add(std::move(who), std::move(input->name), std::move(input->secret));
  if (!made) co_return error_response(made.error());
  co_return unstored(encode_entity(*made));
}

base::Task<net::Reply> EntityResource::rotate(Principal who, RequestPtr request) {
  auto input = decode_entity(request->body);
  if (!input) co_return error_response(input.error());
  const auto made =
      co_await entities_.rotate(std::move(who), std::move(input->name), std::move(input->secret));
  if (!made) co_return error_response(made.error());
  co_return unstored(encode_entity(*made));
}

base::Task<net::Reply> EntityResource::finish_rotation(Principal who, RequestPtr request) {
  const auto input = decode_entity(request->body);
  if (!input) co_return error_response(input.error());
  const auto done = co_await entities_.finish_rotation(std::move(who), input->name);
  if (!done) co_return error_response(done.error());
  co_return unstored(encode_single("finished", input->name.entity));
}

base::Task<net::Reply> EntityResource::remove(Principal who, RequestPtr request) {
  const auto input = decode_entity(request->body);
  if (!input) co_return error_response(input.error());
  const auto done = co_await entities_.remove(std::move(who), input->name);
  if (!done) co_return error_response(done.error());
  co_return unstored(encode_single("removed", input->name.entity));
}

}  // namespace colonnade::dialects::operators
