#include <utility>

#include "dialects/operator/errors.hpp"
#include "dialects/operator/resources.hpp"
#include "dialects/operator/wire.hpp"

namespace colonnade::dialects::operators {

base::Task<net::Reply> AuditResource::list(Principal who, RequestPtr request) {
  const auto query = decode_audit_query(*request);
  if (!query) co_return error_response(query.error());
  const auto page = co_await reader_.page(std::move(who), *query);
  if (!page) co_return error_response(page.error());
  net::Response out = unstored(encode_audit(page->records));
  out.headers.push_back({std::string(audit_newest_header), std::to_string(page->newest)});
  out.content_type = "application/x-ndjson";
  co_return out;
}

}  // namespace colonnade::dialects::operators
