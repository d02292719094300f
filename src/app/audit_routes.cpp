#include "app/audit_routes.hpp"

#include <algorithm>
#include <charconv>

#include "app/audit_lines.hpp"
#include "app/limits.hpp"
#include "app/operator_access.hpp"

namespace colonnade::app {
namespace {

// Records read from the store at once: a page may be cut at its bytes long before its records.
constexpr std::size_t records_read_at_once = 50;

base::Result<std::int64_t> number(const net::Request& request, std::string_view name,
                                  std::int64_t fallback, std::int64_t min, std::int64_t max) {
  const auto text = request.query_parameter(name);
  if (!text) return fallback;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error == std::errc{} && end == text->data() + text->size() && out >= min && out <= max) {
    return out;
  }
  return base::fail(base::ErrorKind::invalid,
                    std::string(name) + " must be an integer from " + std::to_string(min) + " to " +
                        std::to_string(max),
                    std::string(name));
}

}  // namespace

base::Result<std::string> audit_page(core::AuditStore& store, std::int64_t after,
                                     std::size_t limit) {
  std::string out;
  while (limit > 0 && out.size() < limits::audit_page_bytes_max) {
    const auto records = store.audit(after, std::min(limit, records_read_at_once));
    if (!records) return std::unexpected(records.error());
    if (records->empty()) break;
    for (const core::AuditRecord& record : *records) {
      out += audit_line(record);
      out += '\n';
    }
    after = records->back().seq;
    limit -= records->size();
  }
  return out;
}

std::vector<net::Route> AuditRoutes::routes() {
  return {{.method = net::Method::get,
           .pattern = "/api/v1/operator/audit",
           .handler = [this](RequestPtr request) { return list(std::move(request)); }}};
}

base::Task<net::Reply> AuditRoutes::list(RequestPtr request) {
  const auto who = operator_of(credentials_, *request);
  if (!who) co_return refusal(who.error());
  const auto after = number(*request, "after", 0, 0, INT64_MAX);
  if (!after) co_return refusal(after.error());
  constexpr auto limit_max = static_cast<std::int64_t>(limits::audit_page_records_max);
  const auto limit = number(*request, "limit", limit_max, 1, limit_max);
  if (!limit) co_return refusal(limit.error());
  // Before the page: what it names is then there to be read.
  const auto newest = store_.last_audit_seq();
  if (!newest) co_return refusal(newest.error());
  auto page = audit_page(store_, *after, static_cast<std::size_t>(*limit));
  if (!page) co_return refusal(page.error());
  net::Response out;
  out.headers.push_back({"Cache-Control", "no-store"});
  out.headers.push_back({std::string(audit_newest_header), std::to_string(*newest)});
  out.content_type = "application/x-ndjson";
  out.body = *std::move(page);
  co_return out;
}

}  // namespace colonnade::app
