#include "core/governance/audit_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "core/access/operators.hpp"

namespace colonnade::core {
namespace {

// Records read from the store at once: a page may be cut at its bytes long before its records.
constexpr std::size_t records_read_at_once = 50;

}  // namespace

base::Task<Result<AuditPage>> AuditReader::page(Principal who, AuditPageRequest request) {
  if (auto allowed = check_server_operator(who); !allowed) {
    co_return base::fail(std::move(allowed.error()));
  }
  if (request.sign_first && signer_ != nullptr) {
    // What could not be signed can still be read; it then says up to where it is signed.
    const auto done = co_await signer_->sign();
    if (!done) base::log::error("audit_not_signed", {{"error", done.error().message}});
  }
  // Before the records: what it names is then there to be read.
  const auto newest = co_await store_.last_audit_seq();
  if (!newest) co_return base::fail(newest.error());
  AuditPage out{.newest = *newest};
  std::size_t bytes = 0;
  while (out.records.size() < request.records_max && bytes < request.bytes_max) {
    const std::size_t missing = request.records_max - out.records.size();
    auto read = co_await store_.audit(request.after, std::min(missing, records_read_at_once));
    if (!read) co_return base::fail(std::move(read.error()));
    if (read->empty()) break;
    request.after = read->back().seq;
    for (AuditRecord& record : *read) {
      bytes += record.text.size();
      out.records.push_back(std::move(record));
    }
  }
  co_return out;
}

}  // namespace colonnade::core
