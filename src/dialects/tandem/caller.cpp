#include "dialects/tandem/caller.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <variant>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/access/account.hpp"
#include "dialects/authentication.hpp"
#include "dialects/client_address.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Looks at all of them, so that the time says nothing of which one it was.
bool is_one_of(const std::vector<std::string>& tokens, std::string_view token) {
  bool found = false;
  for (const std::string& each : tokens) {
    found = base::equal_in_constant_time(each, token) || found;
  }
  return found;
}

base::Task<base::Result<core::Principal>> admitted(core::Principal who) { co_return who; }

// The store can take nothing: "Engine starting" for what passes (tandem §1.2).
net::Response not_ready(const base::Error& error) {
  const bool passes = error.retry_after.has_value();
  net::Response out = error_response(
      503,
      (passes ? "Engine starting: phase=storage; " : "Engine startup failed: ") + error.message,
      passes ? "ENGINE_STARTING" : "ENGINE_STARTUP_FAILED");
  net::add_retry_after(out, error);
  return out;
}

// {"ok":false,…}: nothing was done (tandem §1.5, family F).
bool says_not_ok(std::string_view body) {
  const base::Json tree = base::Json::parse(body, nullptr, false);
  if (!tree.is_object()) return false;
  const auto ok = tree.find("ok");
  return ok != tree.end() && ok->is_boolean() && !ok->get<bool>();
}

// The session of a path below /session/{id}, /sessions/{id} or one of them below /api; "" for
// another path.
std::string session_in_path(const net::Request& request) {
  std::string_view path = request.path;
  constexpr std::string_view below = "/api";
  if (path.starts_with("/api/")) path.remove_prefix(below.size());
  const bool of_session = path.starts_with("/session/") || path.starts_with("/sessions/");
  if (!of_session || request.path_parameters.empty()) return {};
  return base::plain_form(request.path_parameters.front());
}

base::Task<Attempted> attempt_of(CallerHandler handler, core::Principal who, RequestPtr request) {
  auto reply = co_await handler(std::move(who), request);
  auto* response = std::get_if<net::Response>(&reply);
  if (response == nullptr || response->source) {
    throw std::logic_error("an answer that is kept for a key must be a text");
  }
  const int status = response->status;
  if (status < 300 && says_not_ok(response->body)) {
    co_return Attempted{.response = std::move(*response), .settlement = KeyOutcome::drop};
  }
  const KeyOutcome settlement = settlement_of(status, status < 300);
  co_return Attempted{.response = std::move(*response),
                      .settlement = settlement,
                      .thread_id = session_in_path(*request)};
}

}  // namespace

std::string sent_token(const net::Request& head) {
  for (const std::string_view name : {"X-Agent-Token", "X-Tandem-Token"}) {
    if (const auto token = trimmed(head.header(name)); !token.empty()) return std::string(token);
  }
  const std::string_view value = head.header("Authorization");
  for (const std::string_view scheme : {"Bearer ", "bearer "}) {
    if (value.starts_with(scheme)) return std::string(trimmed(value.substr(scheme.size())));
  }
  return {};
}

base::Task<base::Result<core::Principal>> Callers::admit(const net::Request& head) const {
  std::string token = sent_token(head);
  if (!token.empty() && !is_one_of(options_.tokens, token)) {
    return in_named_scope(credentials_.authenticate(std::move(token)), head);
  }
  const bool is_open = options_.open && !head.has_header("Authorization") && is_local_program(head);
  if (!token.empty() || is_open) return in_named_scope(admitted(options_.shared), head);
  return not_admitted({.kind = base::ErrorKind::unauthorized, .field = "Authorization"});
}

net::Guard Callers::guard(CallerHandler handler) const {
  return [this, handler = std::move(handler)](const net::Request& head) {
    return admission(this, admit(head), ends_connection(head), handler);
  };
}

base::Task<net::Admission> Callers::admission(const Callers* self,
                                              base::Task<base::Result<core::Principal>> admitted,
                                              bool closes, CallerHandler handler) {
  const auto refused = [closes](net::Response response) {
    response.close = response.close || closes;
    return std::unexpected(std::move(response));
  };
  auto who = co_await std::move(admitted);
  if (!who) co_return refused(refusal(who.error()));
  if (self->options_.readiness) {
    if (const auto ready = self->options_.readiness(); !ready) {
      co_return refused(not_ready(ready.error()));
    }
  }
  std::string account = core::account_of(*who);
  net::Handler handle_request = [self, who = std::move(*who), account,
                                 handler = std::move(handler)](RequestPtr request) {
    return handle(self, who, account, handler, std::move(request));
  };
  co_return net::LetIn{.handler = std::move(handle_request), .account = std::move(account)};
}

base::Task<net::Reply> Callers::handle(const Callers* self, core::Principal who,
                                       std::string account, CallerHandler handler,
                                       RequestPtr request) {
  Bearer bearer{.credential_id = who.credential_id, .account = std::move(account)};
  auto work = handler(std::move(who), request);
  auto reply = co_await until_revoked(&self->credentials_, std::move(bearer), request, refusal,
                                      std::move(work));
  co_return self->finished(std::move(reply), *request);
}

base::Task<net::Reply> Callers::answered_once(const Callers* self, core::Principal who,
                                              RequestPtr request, CallerHandler handler) {
  auto key = request_key(*request);
  if (!key) {
    auto reply = co_await handler(std::move(who), std::move(request));
    co_return reply;
  }
  auto work = [who, request, handler = std::move(handler)](const Attempt& /*attempt*/) mutable {
    return attempt_of(std::move(handler), std::move(who), std::move(request));
  };
  auto response = co_await self->answer_once_.run(std::move(who), std::move(key), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

net::Reply Callers::finished(net::Reply reply, const net::Request& request) const {
  const auto add_origin = [this](net::Headers& headers) {
    if (options_.any_origin) headers.push_back({"Access-Control-Allow-Origin", "*"});
  };
  if (auto* response = std::get_if<net::Response>(&reply)) {
    add_origin(response->headers);
    if (ends_connection(request)) response->close = true;
  } else if (auto* stream = std::get_if<net::StreamReply>(&reply)) {
    add_origin(stream->headers);
  }
  return reply;
}

std::vector<net::Route> also_below_api(std::vector<net::Route> rows) {
  const std::size_t count = rows.size();
  for (std::size_t i = 0; i < count; ++i) {
    net::Route twin = rows[i];
    twin.pattern = "/api" + twin.pattern;
    rows.push_back(std::move(twin));
  }
  return rows;
}

}  // namespace colonnade::dialects::tandem
