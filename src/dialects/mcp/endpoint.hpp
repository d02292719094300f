// The one HTTP endpoint (2025-11-25 basic/transports, "Streamable HTTP"; 2026-07-28
// basic/transports/streamable-http). A POST brings a message and is answered with JSON, or with a
// stream where an answer may take long; GET opens a session's stream; DELETE ends a session.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "dialects/mcp/calls.hpp"
#include "dialects/mcp/message.hpp"
#include "dialects/mcp/revision.hpp"
#include "dialects/mcp/sessions.hpp"
#include "dialects/mcp/toolbox.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::mcp {

using RequestPtr = std::shared_ptr<const net::Request>;
class AnswerStream;

// Whether the client takes a stream for an answer.
bool accepts_stream(const net::Request& request);

// Serves every lane; must outlive the server. Messages of one request are handled on its lane.
class Endpoint {
 public:
  struct Dependencies {
    Toolbox& toolbox;
    core::Credentials& credentials;
    base::Clock& clock;
  };
  struct Options {
    ServerInfo server_info{};
    // Web pages that may ask, by origin; "*" for all. Pages of this machine always may.
    std::vector<std::string> origins{};
  };
  Endpoint(Dependencies deps, Options options);

  // Who is let in, by the head alone.
  base::Task<base::Result<Principal>> admit(const net::Request& head) const;

  base::Task<net::Reply> post(Principal who, RequestPtr request);
  base::Task<net::Reply> get(Principal who, RequestPtr request);
  base::Task<net::Reply> end(Principal who, RequestPtr request);

  // See Calls::stop().
  void stop() { calls_.stop(); }

 private:
  // Who asks what, in which era.
  struct Exchange {
    RequestPtr request{};
    Principal who;
    Era era = Era::handshake;
    std::string session_id{};  // of the handshake era
    Incoming message{};
  };
  using Answer = std::expected<std::string, RpcFault>;  // the members of a result

  bool is_trusted_page(const net::Request& request) const;

  base::Task<net::Reply> take(Principal who, RequestPtr request, Incoming message);
  base::Task<net::Reply> take_batch(Principal who, RequestPtr request, Decoding decoding);
  base::Task<net::Reply> modern(Exchange exchange);
  base::Task<net::Reply> handshake(Exchange exchange);
  net::Reply initialize(const Exchange& exchange);
  bool end_when_revoked(const Principal& who, const net::Request& request,
                        const std::string& session_id);
  std::optional<net::Response> session_fault(const Principal& who, const net::Request& request);
  void notice(const Exchange& exchange);

  base::Task<net::Reply> reply_to(Exchange exchange);
  // Without a stream.
  base::Task<net::Response> answer(Exchange exchange);
  static net::Response response_to(const Exchange& exchange, const Answer& answer);
  // For everything but tools/call.
  base::Task<Answer> answer_at_once(Exchange exchange);
  base::Task<Answer> read_resource(Exchange exchange);
  std::expected<const Tool*, RpcFault> tool_of(const Exchange& exchange) const;
  std::shared_ptr<Calls::Ticket> begin_call(const Exchange& exchange);
  base::Task<Answer> call_tool(Exchange exchange, const Tool* tool,
                               std::shared_ptr<Calls::Ticket> ticket, ReportProgress progress);
  net::Reply answer_as_stream(Exchange exchange, const Tool* tool,
                              std::shared_ptr<Calls::Ticket> ticket);
  base::Task<void> stream_answer(Exchange exchange, const Tool* tool,
                                 std::shared_ptr<Calls::Ticket> ticket,
                                 std::shared_ptr<AnswerStream> stream);
  Answer finished(const Exchange& exchange, std::string members, Caching caching) const;

  Dependencies deps_;
  Options options_;
  Sessions sessions_;
  Calls calls_{};
};

}  // namespace colonnade::dialects::mcp
