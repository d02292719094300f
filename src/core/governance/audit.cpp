#include "core/governance/audit.hpp"

#include <nlohmann/json.hpp>

#include "base/ids.hpp"

namespace colonnade::core {

std::string audit_text(const AuditEntry& entry, const Scope& scope, std::int64_t seq) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("seq", seq).field("at", base::to_rfc3339(entry.at));
  json.field("scope", scope.key()).field("kind", entry.kind).field("actor", entry.actor);
  json.field("subject", entry.subject).field("details", entry.details);
  json.end_object();
  return out;
}

std::string audit_hash(std::string_view previous_hash, std::string_view text) {
  std::string hashed;
  hashed.reserve(previous_hash.size() + 1 + text.size());
  hashed.append(previous_hash).append("\n").append(text);
  return base::sha256_hex(hashed);
}

}  // namespace colonnade::core
