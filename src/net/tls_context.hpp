// The server's side of TLS: certificate, key and what is spoken. For net/'s own .cpp files.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/result.hpp"
#include "net/http_server.hpp"

namespace colonnade::net {

// Null when no certificate is set. Errors are `invalid` and name the setting in `field`.
base::Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(
    const TlsOptions& options);

}  // namespace colonnade::net
