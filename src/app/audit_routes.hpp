// The operator's reading of the audit trail on a running server:
//
//   GET /api/v1/operator/audit?after=N&limit=M     one record a line (audit_lines.hpp), oldest
//   first
//
// `after` is the seq that the caller has already, 0 or more; `limit` 1 to
// limits::audit_page_records_max, which is also the default. A page ends early when its lines grow
// beyond limits::audit_page_bytes_max; an empty one is the end. The header
// X-Colonnade-Audit-Newest names the newest seq there was.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/governance/audit_store.hpp"
#include "net/router.hpp"

namespace colonnade::app {

inline constexpr std::string_view audit_newest_header = "X-Colonnade-Audit-Newest";

class AuditRoutes {
 public:
  AuditRoutes(core::Credentials& credentials, core::AuditStore& store)
      : credentials_(credentials), store_(store) {}

  // The handlers refer to this object, which must outlive the router and the server.
  std::vector<net::Route> routes();

 private:
  using RequestPtr = std::shared_ptr<const net::Request>;
  base::Task<net::Reply> list(RequestPtr request);

  core::Credentials& credentials_;
  core::AuditStore& store_;
};

// The lines of one page, each with its line end; at least one record while there are any.
base::Task<base::Result<std::string>> audit_page(core::AuditStore* store, std::int64_t after,
                                                 std::size_t limit);

}  // namespace colonnade::app
