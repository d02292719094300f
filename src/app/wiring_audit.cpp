#include "app/wiring_audit.hpp"

#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace colonnade::app {

AuditSigning::AuditSigning(const Settings& settings, base::SigningKey key,
                           AuditSigningDependencies deps)
    : files_(audit_files(settings.data_dir, settings.audit.key_file)),
      interval_(settings.audit.sign_interval),
      key_(std::move(key)),
      signer_({.store = deps.store,
               .feed = deps.feed,
               .clock = deps.clock,
               .key = key_,
               .note = [this](const core::AuditHead& head) { note_audit_head(files_, head); }}) {}

base::Task<base::Result<void>> AuditSigning::look_for_restore() {
  auto noted = noted_audit_head(files_);
  if (auto backup = noted_restore(files_)) {
    auto recorded = co_await signer_.record_restore(*std::move(backup), std::move(noted));
    if (recorded) {
      forget_audit_head(files_);  // it is of the store that was replaced
      forget_restore(files_);
    }
    co_return recorded;
  }
  if (!noted) co_return base::Result<void>{};
  auto compared = co_await signer_.compare(*std::move(noted));
  co_return compared;
}

base::Task<void> AuditSigning::keep(std::stop_token stop) {
  while (interval_ > std::chrono::seconds(0)) {
    const bool passed = co_await base::sleep_for(interval_, stop);
    if (!passed) co_return;
    co_await sign();
  }
}

base::Task<void> AuditSigning::sign() {
  const auto done = co_await signer_.sign();
  if (!done) base::log::error("audit_not_signed", {{"error", done.error().message}});
}

}  // namespace colonnade::app
