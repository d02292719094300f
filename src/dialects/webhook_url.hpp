// Where a client may have this server send webhooks to.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace colonnade::dialects {

// The URL in its one form. invalid, with `field`, for a URL that is none, and for a host that is
// plainly not of the public Internet: an address of another kind, a name of this machine or of a
// private network; but for `private_hosts` ("*" for all). What a name stands for is looked up when
// the webhook is called, and judged again then (net::HttpClientRequest::public_addresses_only).
base::Result<std::string> check_webhook_url(const std::string& url,
                                            const std::vector<std::string>& private_hosts,
                                            const std::string& field);

}  // namespace colonnade::dialects
