// The audit trail as text: JSON lines, one a record, then one that says where the export ends.
//
//   {"seq":1,"text":"…","previous_hash":"","hash":"…"}
//   {"end":true,"count":1,"last_hash":"…"}
//
// `text` is the record's text as it was hashed (audit.hpp). A line has exactly these bytes: no
// blanks, members in this order, escapes only where JSON needs them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::core {

struct AuditLine {
  std::int64_t seq = 0;
  std::string text{};
  std::string previous_hash{};
  std::string hash{};
};

struct AuditEndLine {
  std::int64_t count = 0;
  std::string last_hash{};
};

// Without a line end.
std::string encode(const AuditLine& line);
std::string encode(const AuditEndLine& line);
std::string audit_line(const AuditRecord& record);

// Whether it is a line that ends an export, going by its beginning.
bool looks_like_audit_end(std::string_view line);
// Errors (ErrorKind::invalid) say what is odd about the line: no JSON, other members, or not the
// bytes that encode() gives, which also finds members that stand twice.
base::Result<AuditLine> decode_audit_line(std::string_view line);
base::Result<AuditEndLine> decode_audit_end(std::string_view line);

}  // namespace colonnade::core
