// Which models a vendor has, as it says itself.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/models/vendors.hpp"
#include "net/http_client.hpp"
#include "providers/upstream/failure.hpp"

namespace colonnade::providers::upstream {

// {"data": [{"id", "name" | "display_name", "context_length" | "context_window" |
// "max_context_length" | "max_input_tokens"}]}, or that list by itself. What has no id is left out.
// Errors: upstream for anything else.
base::Result<std::vector<core::VendorModel>> read_model_list(const Vendor& vendor,
                                                             std::string_view body);

// GET `url` with `headers` besides what every such request has. Errors as of a model call.
base::Task<base::Result<std::vector<core::VendorModel>>> ask_model_list(
    Vendor vendor, net::HttpClient* client, base::Lane* lane, std::string url, net::Headers headers,
    std::stop_token stop);

}  // namespace colonnade::providers::upstream
