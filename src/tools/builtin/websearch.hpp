// `websearch`: asks a search service that the operator has named.
#pragma once

#include <memory>
#include <string>

#include "net/http_client.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

enum class SearchService { none, searxng, brave };

struct WebsearchOptions {
  SearchService service = SearchService::none;
  // SearXNG: where it is, without /search; Brave: "" for its own address. Its host may have any
  // address; no redirect is followed.
  std::string url{};
  // Brave's subscription; for SearXNG a bearer token, "" for none. Sent to that URL alone.
  std::string api_key{};
};

// `client` outlives the tool. Without a service the tool says how to name one.
std::unique_ptr<Tool> websearch_tool(net::HttpClient& client, WebsearchOptions options);

}  // namespace colonnade::tools
