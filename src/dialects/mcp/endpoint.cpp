#include "dialects/mcp/endpoint.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dialects/authentication.hpp"
#include "dialects/client_address.hpp"
#include "dialects/mcp/errors.hpp"
#include "dialects/revocation.hpp"

namespace colonnade::dialects::mcp {
namespace {

using base::ErrorKind;
using net::same_ignoring_case;

constexpr std::string_view session_header = "Mcp-Session-Id";
constexpr std::string_view json_type = "application/json";
constexpr std::string_view stream_type = "text/event-stream";

// The host in an origin, with its port: "http://[::1]:80" → "[::1]:80".
std::string_view host_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view{} : origin.substr(scheme + 3);
}

// Whether a list of media types has one, or stands for all.
bool accepts(const net::Request& request, std::string_view type) {
  std::string_view list = request.header("Accept");
  if (list.empty()) return type == json_type;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view one = trimmed(list.substr(0, std::min(comma, list.find(';'))));
    if (same_ignoring_case(one, type) || one == "*/*") return true;
    if (one.ends_with("/*") && type.starts_with(one.substr(0, one.size() - 1))) return true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

net::Response refused_with(int status, std::string message) {
  return fault_response(status, std::nullopt,
                        {.code = error_code::server_error, .message = std::move(message)});
}

net::Response accepted() { return {.status = 202, .content_type = ""}; }

std::optional<net::Response> form_fault(const net::Request& request) {
  const std::string_view type = request.header("Content-Type");
  if (!same_ignoring_case(trimmed(type.substr(0, type.find(';'))), json_type)) {
    return refused_with(415, "Content-Type must be application/json");
  }
  if (!accepts(request, json_type) && !accepts(request, stream_type)) {
    return refused_with(406, "Accept must name application/json and text/event-stream");
  }
  return std::nullopt;
}

}  // namespace

bool accepts_stream(const net::Request& request) { return accepts(request, stream_type); }

Endpoint::Endpoint(Dependencies deps, Options options)
    : deps_(deps), options_(std::move(options)), sessions_(deps.clock) {}

// --- who is let in ------------------------------------------------------------------------------

// A page that a browser shows may make it ask a server of this machine, under whatever name. Its
// origin tells (2025-11-25 basic/transports, "Security Warning").
bool Endpoint::is_trusted_page(const net::Request& request) const {
  if (!request.has_header("Origin")) return true;
  const std::string_view origin = trimmed(request.header("Origin"));
  if (is_this_machine(host_of(origin))) return true;
  return std::ranges::any_of(options_.origins, [&](const std::string& one) {
    return one == "*" || same_ignoring_case(one, origin);
  });
}

base::Task<base::Result<Principal>> Endpoint::admit(const net::Request& head) const {
  if (!is_trusted_page(head)) {
    return dialects::not_admitted(
        {.kind = ErrorKind::forbidden,
         .message = "pages of this origin may not ask; the setting cors.origins lists those that "
                    "may",
         .field = "Origin"});
  }
  return authenticate(deps_.credentials, head);
}

// --- messages in --------------------------------------------------------------------------------

base::Task<net::Reply> Endpoint::post(Principal who, RequestPtr request) {
  if (auto fault = form_fault(*request)) co_return std::move(*fault);
  auto decoding = decode(request->body);
  if (!decoding) co_return fault_response(400, decoding.error().id, decoding.error().fault);
  if (decoding->batch) {
    auto reply = co_await take_batch(std::move(who), std::move(request), std::move(*decoding));
    co_return reply;
  }
  Decoded& message = decoding->messages.front();
  if (!message) co_return fault_response(400, message.error().id, message.error().fault);
  auto reply = co_await take(std::move(who), std::move(request), std::move(*message));
  co_return reply;
}

base::Task<net::Reply> Endpoint::take(Principal who, RequestPtr request, Incoming message) {
  const auto era = era_of(*request, message);
  if (!era) co_return fault_response(400, message.id, era.error());
  Exchange exchange{.request = std::move(request),
                    .who = std::move(who),
                    .era = *era,
                    .message = std::move(message)};
  if (*era == Era::modern) {
    auto reply = co_await modern(std::move(exchange));
    co_return reply;
  }
  auto reply = co_await handshake(std::move(exchange));
  co_return reply;
}

// Nothing is asked of clients, so their answers are nothing either. A request is cancelled by
// closing its connection, and no notification counts.
base::Task<net::Reply> Endpoint::modern(Exchange exchange) {
  if (exchange.message.kind == Kind::response) co_return accepted();
  if (const auto fault = modern_fault(*exchange.request, exchange.message)) {
    co_return fault_response(400, exchange.message.id, *fault);
  }
  if (exchange.message.kind == Kind::notification) co_return accepted();
  auto reply = co_await reply_to(std::move(exchange));
  co_return reply;
}

base::Task<net::Reply> Endpoint::handshake(Exchange exchange) {
  const Incoming& message = exchange.message;
  if (message.kind == Kind::request && message.method == "initialize") {
    co_return initialize(exchange);
  }
  if (auto fault = session_fault(exchange.who, *exchange.request)) {
    if (message.id) {
      const RpcFault said{.code = error_code::server_error,
                          .message = fault->status == 404
                                         ? "Session not found: start again with initialize"
                                         : "the header Mcp-Session-Id is missing: begin with "
                                           "initialize, whose answer names a session"};
      co_return fault_response(fault->status, message.id, said);
    }
    co_return std::move(*fault);
  }
  exchange.session_id = exchange.request->header(session_header);
  if (message.kind != Kind::request) {
    notice(exchange);
    co_return accepted();
  }
  auto reply = co_await reply_to(std::move(exchange));
  co_return reply;
}

net::Reply Endpoint::initialize(const Exchange& exchange) {
  const Incoming& message = exchange.message;
  if (!member(message.params, "protocolVersion").is_string()) {
    return fault_response(200, message.id,
                          {.code = error_code::invalid_params,
                           .message = "Invalid params: 'protocolVersion' must be a string"});
  }
  Negotiated agreed = negotiate(message.params, options_.server_info);
  const std::string session_id = sessions_.create(exchange.who, std::move(agreed.revision));
  if (!end_when_revoked(exchange.who, *exchange.request, session_id)) {
    sessions_.end(session_id);
    return refused_with(401, "the token was revoked");
  }
  net::Response out{.body = encode_result(*message.id, agreed.members)};
  out.headers.push_back({std::string(session_header), session_id});
  return out;
}

bool Endpoint::end_when_revoked(const Principal& who, const net::Request& request,
                                const std::string& session_id) {
  if (who.credential_id.empty()) return true;
  auto end = [this, session_id] {
    sessions_.end(session_id);
    calls_.leave_all(session_id);
  };
  std::shared_ptr<void> watch =
      deps_.credentials.watch(who.credential_id, *request.lane, std::move(end));
  return watch && sessions_.keep(session_id, std::move(watch));
}

std::optional<net::Response> Endpoint::session_fault(const Principal& who,
                                                     const net::Request& request) {
  if (!request.has_header(session_header)) {
    return refused_with(400,
                        "the header Mcp-Session-Id is missing: begin with initialize, whose answer "
                        "names a session");
  }
  if (sessions_.use(who, std::string(request.header(session_header)))) return std::nullopt;
  return refused_with(404, "Session not found: start again with initialize");
}

void Endpoint::notice(const Exchange& exchange) {
  if (exchange.message.method != "notifications/cancelled") return;
  const base::Json& id = member(exchange.message.params, "requestId");
  if (id.is_string() || id.is_number_integer()) {
    calls_.cancel(exchange.session_id, base::to_text(id));
  }
}

// Only one revision has batches, and it has sessions. Their messages are answered one after the
// other.
base::Task<net::Reply> Endpoint::take_batch(Principal who, RequestPtr request, Decoding decoding) {
  const auto era = era_of(*request);
  if (!era) co_return fault_response(400, std::nullopt, era.error());
  if (auto fault = session_fault(who, *request)) co_return std::move(*fault);
  const std::string session_id(request->header(session_header));
  if (*era == Era::modern || sessions_.use(who, session_id) != std::string(batch_revision)) {
    co_return fault_response(400, std::nullopt,
                             {.code = error_code::invalid_request,
                              .message = "Invalid request: send one message at a time; batches are "
                                         "of revision 2025-03-26 only"});
  }
  std::string bodies;
  const auto add = [&](const std::string& body) {
    bodies.append(bodies.empty() ? "[" : ",").append(body);
  };
  for (Decoded& message : decoding.messages) {
    if (!message) {
      add(encode_fault(message.error().id, message.error().fault));
      continue;
    }
    Exchange exchange{
        .request = request, .who = who, .session_id = session_id, .message = std::move(*message)};
    if (exchange.message.kind != Kind::request) {
      notice(exchange);
      continue;
    }
    const auto response = co_await answer(std::move(exchange));
    add(response.body);
  }
  if (bodies.empty()) co_return accepted();
  co_return net::Response{.body = bodies + "]"};
}

// --- streams and sessions -----------------------------------------------------------------------

base::Task<net::Reply> Endpoint::get(Principal who, RequestPtr request) {
  const auto era = era_of(*request);
  if (!era) co_return fault_response(400, std::nullopt, era.error());
  if (*era == Era::modern) {
    net::Response out = refused_with(405, "revision 2026-07-28 has POST only");
    out.headers.push_back({"Allow", "POST"});
    co_return out;
  }
  if (!accepts(*request, stream_type)) {
    co_return refused_with(406, "Accept must name text/event-stream");
  }
  if (auto fault = session_fault(who, *request)) co_return std::move(*fault);
  net::StreamReply reply;
  reply.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  reply.on_open = [this, who = std::move(who), id = std::string(request->header(session_header))](
                      std::shared_ptr<net::StreamWriter> writer) {
    // The connection keeps the writer; the session only ends it.
    if (!sessions_.attach(who, id, writer)) writer->finish();
  };
  co_return reply;
}

base::Task<net::Reply> Endpoint::end(Principal who, RequestPtr request) {
  const auto era = era_of(*request);
  if (!era) co_return fault_response(400, std::nullopt, era.error());
  if (*era == Era::modern) {
    net::Response out = refused_with(405, "revision 2026-07-28 has no sessions to end");
    out.headers.push_back({"Allow", "POST"});
    co_return out;
  }
  if (auto fault = session_fault(who, *request)) co_return std::move(*fault);
  const std::string id(request->header(session_header));
  sessions_.remove(who, id);
  calls_.leave_all(id);
  co_return net::Response{.content_type = ""};
}

}  // namespace colonnade::dialects::mcp
