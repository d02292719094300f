#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {

std::string encode_permissions(std::span<const core::Permission> permissions) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("permissions").array();
  for (const core::Permission& one : permissions) {
    json.object().field("id", one.id).field("tool", one.tool).field("operation", one.operation);
    json.field("agent_id", one.agent_id).field("thread_id", one.thread_id);
    json.field("pattern", one.pattern);
    json.field("created_by", one.created_by).field("created_at", wire_time(one.created_at));
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

base::Task<net::Reply> PermissionResource::list(Principal who, RequestPtr /*request*/) {
  const auto all = co_await permissions_.list(std::move(who));
  if (!all) co_return error_response(all.error());
  co_return net::Response{.body = encode_permissions(*all)};
}

base::Task<net::Reply> PermissionResource::revoke(Principal who, RequestPtr request) {
  const std::string id = request->path_parameters.at(0);
  const auto revoked = co_await permissions_.revoke(std::move(who), id);
  if (!revoked) co_return error_response(revoked.error());
  net::Response out;
  base::JsonWriter(out.body).object().field("revoked", id).end_object();
  co_return out;
}

}  // namespace colonnade::dialects::faramesh
