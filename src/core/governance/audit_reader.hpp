// Reading the audit trail page by page: for an operator's export, and for whoever verifies it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_signer.hpp"
#include "core/governance/audit_store.hpp"

namespace colonnade::core {

struct AuditPageRequest {
  std::int64_t after = 0;       // the seq that the caller has already
  std::size_t records_max = 0;  // of the page
  // The page ends once its texts are as large as this together; the store is read some records at a
  // time, so it may grow beyond by those.
  std::size_t bytes_max = 0;
  bool sign_first = false;  // what is there is signed before it is read
};

struct AuditPage {
  std::vector<AuditRecord> records{};  // oldest first; at least one while there are any
  std::int64_t newest = 0;  // seq of the newest record there was when the page was begun; 0: none
};

// Thread-safe.
class AuditReader {
 public:
  // Both must outlive it. Without a signer nothing is signed first.
  explicit AuditReader(AuditStore& store, AuditSigner* signer = nullptr)
      : store_(store), signer_(signer) {}

  // The trail has the records of every scope: forbidden for whoever is no operator of them all.
  base::Task<Result<AuditPage>> page(Principal who, AuditPageRequest request);

 private:
  AuditStore& store_;
  AuditSigner* signer_;
};

}  // namespace colonnade::core
