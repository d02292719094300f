// That one record is in the signed trail, shown to somebody who has none of the others.
//
//   {"record":{"seq":7,"text":"…","previous_hash":"…","hash":"…"},
//    "head":{"seq":1200,"hash":"…","root":"…"},"path":["…",…],"public_key":"…","signature":"…"}
//
// The record's hash is that of its line in an export (core/governance/audit_lines.hpp), `path`
// leads from it to the root (audit_tree.hpp), and `signature` is over the head (signed_text()).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/governance/audit_lines.hpp"
#include "core/governance/audit_tree.hpp"

namespace colonnade::app {

struct AuditProof {
  core::AuditLine record{};
  core::AuditHead head{};
  std::vector<std::string> path{};
  std::string public_key{};
  std::string signature{};
};

// Gives the lines of the trail in order until `take` returns false. Called twice.
using ReadAuditLines =
    std::function<base::Result<void>(const std::function<bool(const std::string&)>& take)>;

// `id`: a record's number, or the id of what it is about (an action, a credential …): the newest
// record about that. Errors: not_found; conflict when the record is not signed yet; invalid when
// the trail is not whole.
base::Result<AuditProof> prove_audit_record(const ReadAuditLines& read, std::string_view id);

std::string encode(const AuditProof& proof);

}  // namespace colonnade::app
