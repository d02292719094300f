#include <utility>

#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"
#include "dialects/fathom/wire.hpp"
#include "dialects/request_origin.hpp"
#include "net/client_group.hpp"

namespace colonnade::dialects::fathom {
namespace {

// Codes and tokens are for one reader; no cache on the way may keep them.
net::Response secret(std::string body) {
  return {.headers = {{"Cache-Control", "no-store"}}, .body = std::move(body)};
}

}  // namespace

base::Task<net::Reply> PairingResource::start(Principal who, RequestPtr /*request*/) {
  const auto code = deps_.pairings.start(who);
  if (!code) co_return error_response(code.error());
  co_return secret(encode_pairing_code(*code));
}

base::Task<net::Reply> PairingResource::claim(RequestPtr request) {
  // Needs no credential, so any page that a browser on this network shows could try codes.
  if (!is_page_of(*request, deps_.origins)) co_return error_response(foreign_page());
  auto body = decode_claim(request->body);
  if (!body) co_return error_response(body.error());
  std::string client = net::client_group(client_address(*request, deps_.proxies));
  const auto created = co_await deps_.pairings.claim(
      std::move(body->code), std::move(body->device_name), std::move(client));
  if (!created) co_return error_response(created.error());
  co_return secret(encode_claimed(*created));
}

base::Task<net::Reply> PairingResource::watch(Principal who, RequestPtr request) {
  auto code = request->query_parameter("code");
  if (!code || code->empty()) {
    co_return error_response(400, "missing 'code' in the query: watch with ?code=<six digits>");
  }
  const auto device =
      co_await deps_.pairings.watch(std::move(who), std::move(*code), request->disconnected);
  if (!device) co_return error_response(device.error());
  co_return net::Response{.body = encode_watched(*device)};
}

}  // namespace colonnade::dialects::fathom
