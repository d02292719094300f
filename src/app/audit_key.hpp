// The server's own files about its audit trail: the key that it signs with, the public half for
// whoever verifies, and a note of what was signed last, outside of the store.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/signing_key.hpp"
#include "core/governance/audit_signer.hpp"

namespace colonnade::app {

struct AuditFiles {
  std::string key{};         // private; readable by the owner only
  std::string public_key{};  // PEM, for `audit verify --public-key`
  std::string head{};        // "SEQ:HASH" of what was signed last
  std::string restored{};    // the path of the backup that was put in place, until it is recorded
};

// `key_file` is the setting audit.key_file; "" for a file in the data folder.
AuditFiles audit_files(const std::string& data_dir, const std::string& key_file);

// The key in the file; a new one is made when there is no file. The public half is written beside
// it when that is missing or another's. Errors: invalid with the field "audit.key_file", also when
// others may read the key.
base::Result<base::SigningKey> load_audit_key(const AuditFiles& files);

// nullopt when there is no note, or none that can be read.
std::optional<core::NotedRecord> noted_audit_head(const AuditFiles& files);
// A note that cannot be written is logged as an error.
void note_audit_head(const AuditFiles& files, const core::AuditHead& head);
// Of a store that is there no more. A note that cannot be removed is logged as an error.
void forget_audit_head(const AuditFiles& files);

// A restore leaves a note for the next start, which records it. Errors: unavailable.
base::Result<void> note_restore(const AuditFiles& files, const std::string& backup);
// The backup's path; nullopt when there was no restore since the last start.
std::optional<std::string> noted_restore(const AuditFiles& files);
// Once it is recorded, or did not come about.
void forget_restore(const AuditFiles& files);

}  // namespace colonnade::app
