// The JSON of the operator's routes, both ways. Knows no connection.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credential.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/tokens.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_reader.hpp"
#include "core/tools/tool_server_connection.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::operators {

// Of an answer with audit records: the newest seq there was.
inline constexpr std::string_view audit_newest_header = "X-Colonnade-Audit-Newest";

// --- in: errors are invalid and say what would be right ----------------------------------------

// {"name","scope","user","role"}, all strings.
base::Result<core::NewToken> decode_new_token(std::string_view body);
struct EntityRequest {
  core::EntityName name{};
  std::string secret{};  // "" for none
};
// {"organization","project","entity","secret"?}, all strings.
base::Result<EntityRequest> decode_entity(std::string_view body);
// {"name","origins"?}, a string and a list of strings.
base::Result<core::NewAccessKey> decode_new_access_key(std::string_view body);
// ?after=N&limit=M: 0 or more, and 1 to limits::audit_page_records_max, which is the default.
base::Result<core::AuditPageRequest> decode_audit_query(const net::Request& request);
// {"set"}, a string.
base::Result<std::string> decode_accepted_set(std::string_view body);

// --- out ---------------------------------------------------------------------------------------

// {"id","name","user","scope","role","kind","created_at"}, with the token itself when it is new.
std::string encode_token(const core::CreatedToken& created);
std::string encode_tokens(std::span<const core::Credential> credentials);
// {"organization","project","entity","configured","second_secret","created_at","changed_at"}, with
// the secret when it is new. The times of a configured one are null.
std::string encode_entity(const core::EntityWithSecret& made);
std::string encode_entities(std::span<const core::EntityRow> rows);
// {"id","name","scope","origins","created_at"}, with the key itself when it is new.
std::string encode_access_key(const core::CreatedAccessKey& created);
std::string encode_access_keys(std::span<const core::AccessKey> keys);
// One record a line (core/governance/audit_lines.hpp), each with its line end.
std::string encode_audit(std::span<const core::AuditRecord> records);
std::string encode_mcp_servers(std::span<const core::ToolServerConnection> connections);
// {"<member>": "<id>"}
std::string encode_single(std::string_view member, std::string_view id);

}  // namespace colonnade::dialects::operators
