#include "dialects/operator/wire.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/secret_text.hpp"
#include "core/governance/audit_lines.hpp"
#include "dialects/operator/limits.hpp"

namespace colonnade::dialects::operators {
namespace {

using base::ErrorKind;
using base::fail;

base::Result<std::int64_t> number(const net::Request& request, std::string_view name,
                                  std::int64_t fallback, std::int64_t min, std::int64_t max) {
  const auto text = request.query_parameter(name);
  if (!text) return fallback;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  if (error == std::errc{} && end == text->data() + text->size() && out >= min && out <= max) {
    return out;
  }
  return fail(ErrorKind::invalid,
              std::string(name) + " must be an integer from " + std::to_string(min) + " to " +
                  std::to_string(max),
              std::string(name));
}

void write(base::JsonWriter& json, const core::Credential& credential, std::string_view token) {
  json.object().field("id", credential.id).field("name", credential.name);
  json.field("user", credential.user_id).field("scope", core::scope_text(credential));
  json.field("role", core::to_string(credential.role));
  json.field("kind", core::to_string(credential.kind));
  json.field("created_at", base::to_rfc3339(credential.created_at));
  if (!token.empty()) json.field("token", token);
  json.end_object();
}

void write(base::JsonWriter& json, std::string_view member, std::span<const std::string> texts) {
  json.key(member).array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write(base::JsonWriter& json, const core::ToolServerConnection& one) {
  json.object().field("authorization_url", one.authorization_url).field("failures", one.failures);
  json.field("held_back_set", one.held_back_set).field("id", one.id).field("name", one.name);
  json.field("reason", base::hide_secrets(one.reason));
  write(json, "refused", one.refused);
  json.field("revision", one.revision).field("server", one.server_name);
  json.field("server_version", one.server_version);
  json.field("state", core::to_string(one.state));
  write(json, "tools", one.tools);
  json.end_object();
}

}  // namespace

base::Result<core::NewToken> decode_new_token(std::string_view body) {
  const auto json = base::parse_json(body, "body");
  if (!json) return fail(json.error());
  try {
    return core::NewToken{.name = json->at("name").get<std::string>(),
                          .scope = json->at("scope").get<std::string>(),
                          .user = json->at("user").get<std::string>(),
                          .role = json->at("role").get<std::string>()};
  } catch (const base::Json::exception&) {
    return fail(ErrorKind::invalid,
                "expected an object with the strings name, scope, user and role");
  }
}

base::Result<EntityRequest> decode_entity(std::string_view body) {
  const auto json = base::parse_json(body, "body");
  if (!json) return fail(json.error());
  try {
    return EntityRequest{.name = {.organization = json->at("organization").get<std::string>(),
                                  .project = json->at("project").get<std::string>(),
                                  .entity = json->at("entity").get<std::string>()},
                         .secret = json->value("secret", "")};
  } catch (const base::Json::exception&) {
    return fail(ErrorKind::invalid,
                "expected an object with the strings organization, project and entity, and secret "
                "where there is one");
  }
}

base::Result<core::NewAccessKey> decode_new_access_key(std::string_view body) {
  const auto json = base::parse_json(body, "body");
  if (!json) return fail(json.error());
  try {
    core::NewAccessKey out{.name = json->at("name").get<std::string>()};
    if (json->contains("origins")) {
      out.origins = json->at("origins").get<std::vector<std::string>>();
    }
    return out;
  } catch (const base::Json::exception&) {
    return fail(ErrorKind::invalid,
                "expected an object with the string name, and origins, a list of strings, where "
                "there are any");
  }
}

base::Result<core::AuditPageRequest> decode_audit_query(const net::Request& request) {
  constexpr auto limit_max = static_cast<std::int64_t>(limits::audit_page_records_max);
  const auto after = number(request, "after", 0, 0, INT64_MAX);
  if (!after) return fail(after.error());
  const auto limit = number(request, "limit", limit_max, 1, limit_max);
  if (!limit) return fail(limit.error());
  const auto sign = number(request, "sign", 0, 0, 1);
  if (!sign) return fail(sign.error());
  return core::AuditPageRequest{.after = *after,
                                .records_max = static_cast<std::size_t>(*limit),
                                .bytes_max = limits::audit_page_bytes_max,
                                .sign_first = *sign == 1};
}

base::Result<std::string> decode_accepted_set(std::string_view body) {
  const auto json = base::parse_json(body, "body");
  const bool has_set = json && json->is_object() && json->contains("set");
  if (has_set && json->at("set").is_string()) return json->at("set").get<std::string>();
  return fail(ErrorKind::invalid, "expected an object with set, the held_back_set that was shown");
}

namespace {

void write_entity(base::JsonWriter& json, const core::EntityRow& row, std::string_view secret) {
  json.object().field("organization", row.name.organization).field("project", row.name.project);
  json.field("entity", row.name.entity).field("configured", row.configured);
  json.field("second_secret", row.second_secret);
  for (const auto& [name, time] :
       {std::pair("created_at", row.created_at), std::pair("changed_at", row.changed_at)}) {
    json.key(name);
    if (row.configured) {
      json.null();
    } else {
      json.value(base::to_rfc3339(time));
    }
  }
  if (!secret.empty()) json.field("secret", secret);
  json.end_object();
}

void write_access_key(base::JsonWriter& json, const core::AccessKey& key, std::string_view text) {
  json.object().field("id", key.id).field("name", key.name).field("scope", key.scope.key());
  json.key("origins").array();
  for (const std::string& origin : key.origins) json.value(origin);
  json.end_array().field("created_at", base::to_rfc3339(key.created_at));
  if (!text.empty()) json.field("key", text);
  json.end_object();
}

}  // namespace

std::string encode_entity(const core::EntityWithSecret& made) {
  std::string out;
  base::JsonWriter json(out);
  write_entity(json, made.row, made.secret);
  return out;
}

std::string encode_entities(std::span<const core::EntityRow> rows) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("entities").array();
  for (const core::EntityRow& row : rows) write_entity(json, row, "");
  json.end_array().end_object();
  return out;
}

std::string encode_access_key(const core::CreatedAccessKey& created) {
  std::string out;
  base::JsonWriter json(out);
  write_access_key(json, created.key, created.text);
  return out;
}

std::string encode_access_keys(std::span<const core::AccessKey> keys) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("access_keys").array();
  for (const core::AccessKey& key : keys) write_access_key(json, key, "");
  json.end_array().end_object();
  return out;
}

std::string encode_token(const core::CreatedToken& created) {
  std::string out;
  base::JsonWriter json(out);
  write(json, created.credential, created.token);
  return out;
}

std::string encode_tokens(std::span<const core::Credential> credentials) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("tokens").array();
  for (const core::Credential& credential : credentials) write(json, credential, "");
  json.end_array().end_object();
  return out;
}

std::string encode_audit(std::span<const core::AuditRecord> records) {
  std::string out;
  for (const core::AuditRecord& record : records) {
    out += core::audit_line(record);
    out += '\n';
  }
  return out;
}

std::string encode_mcp_servers(std::span<const core::ToolServerConnection> connections) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("servers").array();
  for (const core::ToolServerConnection& one : connections) write(json, one);
  json.end_array().end_object();
  return out;
}

std::string encode_single(std::string_view member, std::string_view id) {
  std::string out;
  base::JsonWriter(out).object().field(member, id).end_object();
  return out;
}

}  // namespace colonnade::dialects::operators
