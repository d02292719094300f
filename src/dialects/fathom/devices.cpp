#include <utility>

#include "dialects/fathom/errors.hpp"
#include "dialects/fathom/resources.hpp"
#include "dialects/fathom/wire.hpp"

namespace colonnade::dialects::fathom {

base::Task<net::Reply> DeviceResource::list(Principal who, RequestPtr /*request*/) {
  const auto devices = co_await credentials_.list(std::move(who), core::CredentialKind::device);
  if (!devices) co_return error_response(devices.error());
  co_return net::Response{.body = encode_devices(*devices)};
}

base::Task<net::Reply> DeviceResource::revoke(Principal who, RequestPtr request) {
  const std::string& id = request->path_parameters.front();
  const auto revoked =
      co_await credentials_.revoke(std::move(who), core::CredentialKind::device, id);
  if (!revoked) co_return error_response(revoked.error());
  co_return net::Response{.body = encode_single("revoked", id)};
}

}  // namespace colonnade::dialects::fathom
