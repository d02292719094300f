#include "dialects/platos/session_token.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/json_web_token.hpp"
#include "base/utf8.hpp"
#include "base/visible_text.hpp"
#include "dialects/platos/limits.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;

// U+0000 to U+001F, U+007F, and U+0080 to U+009F as UTF-8 has them.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) return true;
  }
  return false;
}

bool is_claim_text(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && base::is_valid_utf8(text) &&
         !has_control(text);
}

bool is_agent_id(std::string_view text) {
  return is_claim_text(text, limits::platos_agent_id_bytes_max);
}
bool is_user_token(std::string_view text) {
  return is_claim_text(text, limits::platos_user_token_bytes_max);
}
// An empty name says as much as none.
bool is_user_meta(std::string_view text) {
  return text.empty() || is_claim_text(text, limits::platos_user_meta_bytes_max);
}

// One claim that is text.
struct TextClaim {
  const char* name;
  bool (*fits)(std::string_view);
  const char* expected;
  bool required = false;
};

constexpr const char* claim_name_form = "1 to 128 letters, digits, dots, dashes and underscores";

constexpr std::array text_claims = {
    TextClaim{"organizationId", core::is_access_name, claim_name_form, true},
    TextClaim{"projectId", core::is_access_name, claim_name_form, true},
    TextClaim{"environmentId", core::is_access_name, claim_name_form, true},
    TextClaim{"userId", is_user_id,
              "1 to 256 bytes of text without control and invisible characters", true},
    TextClaim{"entityId", core::is_access_name, claim_name_form},
    TextClaim{"agentId", is_agent_id, "1 to 256 bytes of text without control characters"},
    TextClaim{"userToken", is_user_token, "1 to 8192 bytes of text without control characters"},
};
constexpr std::array user_meta_claims = {
    TextClaim{"name", is_user_meta, "at most 1024 bytes of text without control characters"},
    TextClaim{"email", is_user_meta, "at most 1024 bytes of text without control characters"},
};

std::unexpected<base::Error> wrong_claim(const std::string& claim, std::string_view expected) {
  return fail(ErrorKind::invalid, claim + " must be " + std::string(expected), claim);
}

// The member, unless it is absent or null.
const Json* claim_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string claim_text(const Json& object, const char* name) {
  const Json* value = claim_of(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

base::Result<void> check_text_claim(const Json& object, const std::string& prefix,
                                    const TextClaim& claim) {
  const Json* value = claim_of(object, claim.name);
  if (value == nullptr && !claim.required) return {};
  const bool fits =
      value != nullptr && value->is_string() && claim.fits(value->get_ref<const std::string&>());
  if (fits) return {};
  return wrong_claim(prefix + claim.name, claim.expected);
}

base::Result<void> check_text_claims(const Json& object, const std::string& prefix,
                                     std::span<const TextClaim> rows) {
  for (const TextClaim& claim : rows) {
    if (auto fits = check_text_claim(object, prefix, claim); !fits) return fits;
  }
  return {};
}

// Whole seconds since 1970, to the end of year 9999.
std::optional<std::int64_t> claim_seconds(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  const bool too_large =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(limits::platos_exp_seconds_max);
  if (too_large) return std::nullopt;
  const auto seconds = value.get<std::int64_t>();
  if (seconds < 0 || seconds > limits::platos_exp_seconds_max) return std::nullopt;
  return seconds;
}

base::Result<void> check_time_claims(const Json& payload) {
  constexpr std::string_view expected = "whole seconds since 1970, as a number";
  const Json* expiry = claim_of(payload, "exp");
  if (expiry == nullptr || !claim_seconds(*expiry)) return wrong_claim("exp", expected);
  const Json* issued = claim_of(payload, "iat");
  if (issued != nullptr && !claim_seconds(*issued)) return wrong_claim("iat", expected);
  return {};
}

// nullopt for an `iss` that is nobody's.
std::optional<TokenIssuer> issuer_of(const Json& payload) {
  TokenIssuer out;
  if (const Json* iss = claim_of(payload, "iss")) {
    if (!iss->is_string()) return std::nullopt;
    const std::string& text = iss->get_ref<const std::string&>();
    out.platform = text == platform_issuer;
    if (!out.platform && text != "entity") return std::nullopt;
  }
  if (out.platform) return out;
  out.entity = {.organization = claim_text(payload, "organizationId"),
                .project = claim_text(payload, "projectId"),
                .entity = claim_text(payload, "entityId")};
  return out;
}

// The claims have been checked.
Caller caller_of_claims(const Json& payload, bool platform) {
  const Json* guest_claim = claim_of(payload, "isGuest");
  const bool is_guest = guest_claim != nullptr && guest_claim->get<bool>();
  const auto role = is_guest   ? core::UserRole::guest
                    : platform ? core::UserRole::operator_role
                               : core::UserRole::member;
  Caller out(core::Principal(
      core::Scope(claim_text(payload, "organizationId"), claim_text(payload, "projectId"),
                  claim_text(payload, "environmentId")),
      claim_text(payload, "userId"), role));
  out.entity_id = claim_text(payload, "entityId");
  out.agent_id = claim_text(payload, "agentId");
  out.user_token = claim_text(payload, "userToken");
  if (const Json* meta = claim_of(payload, "userMeta")) {
    out.user_meta = {.name = claim_text(*meta, "name"), .email = claim_text(*meta, "email")};
  }
  constexpr std::int64_t micros_per_second = 1'000'000;
  out.expires_at = base::Time{*claim_seconds(payload["exp"]) * micros_per_second};
  return out;
}

std::unexpected<base::Error> refused_token() {
  return fail(ErrorKind::unauthorized, "Invalid or expired session token.",
              "X-Platos-Session-Token");
}

// The secret that has signed it. All are tried, so that the time does not say which one it was.
std::optional<core::SigningSecret> signer_of(const base::SplitToken& token,
                                             std::vector<core::SigningSecret> secrets) {
  std::optional<core::SigningSecret> out;
  for (core::SigningSecret& one : secrets) {
    if (base::verify_token(token, one.secret)) out = std::move(one);
  }
  return out;
}

bool is_expired(const base::Time& expires_at, base::Time now) {
  // platos §1.2: refused when now in milliseconds is later, without leeway.
  constexpr std::int64_t micros_per_millisecond = 1000;
  return now.micros / micros_per_millisecond > expires_at.micros / micros_per_millisecond;
}

}  // namespace

bool is_user_id(std::string_view text) {
  return is_claim_text(text, limits::platos_user_id_bytes_max) && !base::has_hidden(text);
}

base::Result<void> check_claims(const Json& payload) {
  if (!payload.is_object()) return fail(ErrorKind::invalid, "the claims must be an object");
  if (auto fits = check_text_claims(payload, "", text_claims); !fits) return fits;
  if (auto fits = check_time_claims(payload); !fits) return fits;
  const auto issuer = issuer_of(payload);
  if (!issuer) return wrong_claim("iss", "entity or " + std::string(platform_issuer));
  if (!issuer->platform && claim_of(payload, "entityId") == nullptr) {
    return wrong_claim("entityId", claim_name_form);
  }
  if (const Json* meta = claim_of(payload, "userMeta")) {
    if (!meta->is_object()) return wrong_claim("userMeta", "an object with name and email");
    if (auto fits = check_text_claims(*meta, "userMeta.", user_meta_claims); !fits) return fits;
  }
  const Json* permissions = claim_of(payload, "permissions");
  if (permissions != nullptr && !permissions->is_array())
    return wrong_claim("permissions", "a list");
  const Json* guest = claim_of(payload, "isGuest");
  if (guest != nullptr && !guest->is_boolean()) return wrong_claim("isGuest", "true or false");
  if (guest != nullptr && guest->get<bool>() && claim_of(payload, "agentId") == nullptr) {
    return wrong_claim("agentId", "the agent that the guest may use");
  }
  return {};
}

base::Result<Caller> verify_session_token(std::string_view token, const SecretsOf& secrets,
                                          base::Time now) {
  if (token.size() > limits::platos_session_token_bytes_max) return refused_token();
  const auto split = base::split_token(token);
  if (!split) return refused_token();
  const auto payload = base::parse_json(split->payload, "payload");
  if (!payload || !payload->is_object()) return refused_token();
  const auto issuer = issuer_of(*payload);
  if (!issuer) return refused_token();
  const auto signer = signer_of(*split, secrets(*issuer));
  if (!signer) return refused_token();
  if (auto fits = check_claims(*payload); !fits) return refused_token();
  Caller out = caller_of_claims(*payload, issuer->platform);
  if (is_expired(*out.expires_at, now)) return refused_token();
  out.who.credential_id = signer->credential_id;
  return out;
}

}  // namespace colonnade::dialects::platos
