#include <utility>

#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::dialects::operators {
namespace {

net::Response page(int status, const std::string& text) {
  net::Response out = unstored(text + "\n");
  out.status = status;
  out.content_type = "text/plain; charset=utf-8";
  out.headers.push_back({"Referrer-Policy", "no-referrer"});
  return out;
}

}  // namespace

base::Task<net::Reply> McpServerResource::list(Principal who, RequestPtr /*request*/) {
  const auto connections = connections_.list(who);
  if (!connections) co_return error_response(connections.error());
  co_return unstored(encode_mcp_servers(*connections));
}

base::Task<net::Reply> McpServerResource::accept(Principal who, RequestPtr request) {
  const auto set = decode_accepted_set(request->body);
  if (!set) co_return error_response(set.error());
  const auto id = connections_.accept(who, request->path_parameters.front(), *set);
  if (!id) co_return error_response(id.error());
  co_return unstored(encode_single("accepted", *id));
}

base::Task<net::Reply> McpServerResource::retry(Principal who, RequestPtr request) {
  const auto id = connections_.retry(who, request->path_parameters.front());
  if (!id) co_return error_response(id.error());
  co_return unstored(encode_single("retried", *id));
}

// A failure's words may come from the authorization server; a browser shows them as plain text.
base::Task<net::Reply> McpServerResource::callback(RequestPtr request) {
  const auto done = co_await connections_.complete_authorization(request->query);
  if (done) co_return page(200, "Authorised. You may close this page.");
  const bool unknown = done.error().kind == base::ErrorKind::not_found;
  co_return page(unknown ? 404 : 400, "Not authorised: " + done.error().message);
}

}  // namespace colonnade::dialects::operators
