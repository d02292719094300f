// Signing the audit trail of a running server: when, with which key, and what is noted beside the
// store.
#pragma once

#include <chrono>
#include <stop_token>

#include "app/audit_key.hpp"
#include "app/settings.hpp"
#include "base/result.hpp"
#include "base/signing_key.hpp"
#include "base/task.hpp"
#include "core/governance/audit_signer.hpp"

namespace colonnade::app {

struct AuditSigningDependencies {  // all must outlive it
  core::AuditStore& store;
  core::EventFeed& feed;
  base::Clock& clock;
};

class AuditSigning {
 public:
  AuditSigning(const Settings& settings, base::SigningKey key, AuditSigningDependencies deps);

  core::AuditSigner& signer() { return signer_; }
  // At the start: what was signed last is noted beside the store; a store without it is another
  // one, or an older copy.
  base::Task<base::Result<void>> look_for_restore();
  // Signs every audit.sign_seconds until `stop` is requested.
  base::Task<void> keep(std::stop_token stop);
  // What cannot be signed is logged as an error.
  base::Task<void> sign();

 private:
  AuditFiles files_;
  std::chrono::seconds interval_;
  base::SigningKey key_;
  core::AuditSigner signer_;
};

}  // namespace colonnade::app
