#include "dialects/platos/access.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "dialects/authentication.hpp"
#include "dialects/platos/limits.hpp"
#include "dialects/platos/session_token.hpp"
#include "dialects/socket_io/socket.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::fail;

namespace {

constexpr std::string_view service_user = "service";

base::Error access_refusal(std::string_view message, std::string_view field = {}) {
  return {.kind = ErrorKind::unauthorized,
          .message = std::string(message),
          .field = std::string(field)};
}

}  // namespace

struct Access::Presented {
  bool has_session_token = false;
  std::string session_token{};
  // Of the direct form.
  std::string bearer{};
  std::string organization{};
  std::string project{};
  std::string environment{};
  std::string user{};  // "" for none
  std::string entity{};
  std::string user_token{};
  bool came_through_proxy = false;
  // Of either form.
  std::string access_key{};
  std::string origin{};
  std::string traceparent{};

  explicit Presented(const net::Request& head)
      : has_session_token(head.has_header(session_token_header)),
        session_token(head.header(session_token_header)),
        bearer(bearer_token(head).value_or("")),
        organization(head.header("X-Platos-Organization-Id")),
        project(head.header("X-Platos-Project-Id")),
        environment(head.header("X-Platos-Environment-Id")),
        user(head.header("X-Platos-User-Id")),
        entity(head.header("X-Platos-Entity-Id")),
        user_token(head.header("X-Platos-User-Token")),
        came_through_proxy(head.has_header("X-Forwarded-For")),
        access_key(head.header("X-Platos-Api-Key")),
        origin(head.header("Origin")),
        traceparent(head.header("traceparent")) {
    if (traceparent.size() > limits::platos_traceparent_bytes_max) traceparent.clear();
  }

  // What a join carries decides alone; the headers add what they say of other things.
  void overlay(const base::Json& auth) {
    if (!auth.is_object()) return;
    const auto text = [&](const char* name) {
      const auto found = auth.find(name);
      // A number where a name belongs is something, and nobody.
      if (found == auth.end() || found->is_null()) return std::string();
      return found->is_string() ? found->get<std::string>() : found->dump();
    };
    if (auth.contains("token")) {
      has_session_token = true;
      session_token = text("token");
    } else if (auth.contains("organizationId") || auth.contains("projectId") ||
               auth.contains("environmentId") || auth.contains("userId")) {
      has_session_token = false;
      organization = text("organizationId");
      project = text("projectId");
      environment = text("environmentId");
      user = text("userId");
    }
    if (auth.contains("entityId")) entity = text("entityId");
    if (auth.contains("userToken")) user_token = text("userToken");
  }

  bool has_credential() const { return has_session_token || !bearer.empty(); }
  bool is_direct() const {
    return !bearer.empty() || !organization.empty() || !project.empty() || !environment.empty();
  }
};

base::Task<base::Result<Caller>> Access::admit(const net::Request& head) {
  return decide(Presented(head));
}

base::Task<base::Result<Caller>> Access::admit_socket(RequestPtr handshake, base::Json auth) {
  Presented presented(*handshake);
  presented.overlay(auth);
  const bool tried = presented.has_credential();
  auto caller = co_await decide(std::move(presented));
  if (tried && !caller && caller.error().kind == ErrorKind::unauthorized) {
    deps_.login_failures.add(client_address(*handshake, options_.trusted_proxies), "token");
  }
  co_return caller;
}

base::Result<Caller> Access::decide_token(const Presented& presented) {
  const auto secrets = [this](const TokenIssuer& issuer) {
    return issuer.platform ? deps_.entities.platform_secret()
                           : deps_.entities.secrets_of(issuer.entity);
  };
  return verify_session_token(presented.session_token, secrets, deps_.clock.now());
}

base::Task<base::Result<Caller>> Access::decide_direct(Presented presented) {
  if (presented.came_through_proxy) {
    co_return fail(access_refusal("Scope headers are not accepted through a proxy."));
  }
  const bool named = core::is_access_name(presented.organization) &&
                     core::is_access_name(presented.project) &&
                     core::is_access_name(presented.environment);
  if (!named) {
    co_return fail(access_refusal(
        "Authentication required: X-Platos-Organization-Id, X-Platos-Project-Id and "
        "X-Platos-Environment-Id must name the scope, each with 1 to 128 letters, digits, dots, "
        "dashes and underscores."));
  }
  if (presented.user.empty()) {
    if (options_.user_id_required) {
      co_return fail(access_refusal("X-Platos-User-Id is required here.", user_id_field));
    }
    presented.user = service_user;
  }
  const bool fits = is_user_id(presented.user) &&
                    (presented.entity.empty() || core::is_access_name(presented.entity));
  if (!fits) {
    co_return fail(access_refusal(
        "X-Platos-User-Id must have 1 to 256 bytes of text without control and invisible "
        "characters, and "
        "X-Platos-Entity-Id, where it is sent, be a name."));
  }
  if (presented.bearer.empty()) {
    co_return fail(access_refusal(
        "Authentication required: send X-Platos-Session-Token, or the internal token as "
        "'Authorization: Bearer <token>' beside the scope headers.",
        "Authorization"));
  }
  auto bearer = co_await deps_.credentials.authenticate(std::move(presented.bearer));
  if (!bearer) co_return fail(std::move(bearer.error()));
  const core::Scope scope(presented.organization, presented.project, presented.environment);
  const bool counts = bearer->is_operator() && core::looking_at(*bearer, scope.key()).has_value();
  if (!counts) {
    co_return fail(access_refusal(
        "Direct headers take an operator's token, of that scope or of all.", "Authorization"));
  }
  Caller out(core::Principal(scope, std::move(presented.user), core::UserRole::operator_role));
  out.who.credential_id = std::move(bearer->credential_id);
  out.entity_id = std::move(presented.entity);
  if (presented.user_token.size() <= limits::platos_user_token_bytes_max) {
    out.user_token = std::move(presented.user_token);
  }
  co_return out;
}

base::Task<base::Result<Caller>> Access::decide(Presented presented) {
  const std::string access_key = presented.access_key;
  const std::string origin = presented.origin;
  std::string traceparent = presented.traceparent;
  base::Result<Caller> out = fail(access_refusal("Authentication required."));
  if (presented.has_session_token) {
    out = decide_token(presented);
  } else if (presented.is_direct()) {
    out = co_await decide_direct(std::move(presented));
  }
  if (!out) co_return out;
  if (!deps_.access_keys.counts(out->who.scope, access_key, origin)) {
    co_return fail(access_refusal("Access key missing or invalid.", access_key_field));
  }
  out->traceparent = std::move(traceparent);
  co_return out;
}

base::Task<Access::Judged> Access::judge(Need need, const net::Request* head) {
  auto caller = co_await admit(*head);
  if (!caller) co_return std::unexpected(error_response(caller.error()));
  const auto over = deps_.rate_limits.request(caller->who);
  if (over) co_return std::unexpected(error_response(*over));
  const auto allowed = check_need(*caller, need, *head);
  if (!allowed) co_return std::unexpected(error_response(allowed.error()));
  co_return std::move(*caller);
}

base::Result<void> Access::recheck(const Caller& caller) {
  constexpr std::int64_t micros_per_millisecond = 1000;
  const bool expired = caller.expires_at && deps_.clock.now().micros / micros_per_millisecond >
                                                caller.expires_at->micros / micros_per_millisecond;
  if (!expired) return {};
  return fail(access_refusal("Invalid or expired session token.", session_token_header));
}

std::shared_ptr<void> Access::end_when_revoked(const Caller& caller,
                                               const std::shared_ptr<socket_io::Socket>& socket) {
  if (caller.who.credential_id.empty()) return std::make_shared<int>(0);
  auto end = [weak = std::weak_ptr(socket)] {
    if (const auto open = weak.lock()) open->end_now();
  };
  return deps_.credentials.watch(caller.who.credential_id, socket->lane(), std::move(end));
}

}  // namespace colonnade::dialects::platos
