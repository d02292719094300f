// Where a command reads the audit trail: from a server that runs, else from the store in the data
// folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/remote.hpp"
#include "base/result.hpp"

namespace colonnade::app {

class AuditTrail {
 public:
  struct Page {
    std::vector<std::string> lines{};  // core/governance/audit_lines.hpp, oldest first
    std::int64_t newest = 0;           // seq of the newest record there is
  };

  virtual ~AuditTrail() = default;
  // The next page is asked for with a signature over all that there is (a server's trail alone:
  // without a server nothing is written).
  virtual void sign_first() {}
  // Records behind `after`. No lines: there are none.
  virtual base::Result<Page> page(std::int64_t after) = 0;
};

// The server that `options` or FATHOM_BASE_URL name, else the one that runs on the data folder,
// else the data folder's store. Errors: not_found when there is neither a server nor a store,
// conflict when the store is in use but no server can be found.
base::Result<std::unique_ptr<AuditTrail>> open_audit_trail(const Context& context,
                                                           const RemoteOptions& options,
                                                           const Config& config);

// Gives every line behind `after` to `take`, in order, up to the record that was the newest when
// this began; `take` ends it by returning false.
base::Result<void> read_audit(AuditTrail& trail, std::int64_t after,
                              const std::function<bool(const std::string&)>& take);

}  // namespace colonnade::app
