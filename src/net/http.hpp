// HTTP as the rest of the server sees it. Values only; no socket and no third-party type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace colonnade::net {

enum class Method { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method);
// Exact, as methods are case-sensitive; Method::other for anything unlisted.
Method method_from(std::string_view text);

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;
// First of that name, ASCII case ignored; "" when absent.
std::string_view find_header(const Headers& headers, std::string_view name);
// ASCII only, as header names and tokens are.
bool same_ignoring_case(std::string_view a, std::string_view b);

// Percent-decoding; nullopt for a broken escape. `plus_is_space` is for query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// One request, body read. Everything is owned, so a handler may keep it over an await.
struct Request {
  Method method = Method::get;
  std::string method_text{};  // as sent, for Method::other
  std::string target{};       // as sent: path and query
  std::string path{};         // raw (still percent-encoded), without query
  std::string query{};        // raw, without '?'
  Headers headers{};
  std::string body{};
  std::string peer_address{};  // of the socket, no port
  std::string request_id{};    // ours, or the client's X-Request-Id when it is sane
  bool secure = false;         // came over TLS
  // Came in where only programs on this machine can: HttpServerOptions::local.
  bool local_listener = false;
  bool http_1_0 = false;

  // Filled by the router: decoded values of `{name}` segments, in order of appearance.
  std::vector<std::string> path_parameters{};

  // Requested when the client goes away before it was answered. Watched only on routes marked
  // `long_running`.
  std::stop_token disconnected{};
  // Of `disconnected`: to end the handling as if the client had gone. The client is still answered.
  std::stop_source leave{std::nostopstate};
  base::Lane* lane = nullptr;  // where this request is handled

  // First header of that name, ASCII case ignored; "" when absent.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
  // Decoded query parameter; nullopt when absent or badly escaped.
  std::optional<std::string> query_parameter(std::string_view name) const;
};

// Bytes shared by all who send them; encoded once.
using SharedBytes = std::shared_ptr<const std::string>;

// A body that is made while its reader takes it, so that a large one is never held whole: the next
// piece is asked for once the socket has taken the last. Used on the connection's lane.
class BodySource {
 public:
  virtual ~BodySource() = default;
  struct Piece {
    std::string bytes{};  // about limits::answer_piece_bytes
    bool last = false;
  };
  // An error before the head is sent is a 500 (unavailable: 503); later it breaks the answer off.
  virtual base::Task<base::Result<Piece>> next() = 0;
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string content_type{"application/json"};
  std::string body{};
  bool close = false;  // end the connection afterwards
  // In place of `body`: one that others are sent too, or one that is made while it is sent.
  SharedBytes shared{};
  std::shared_ptr<BodySource> source{};
  // Whose share of limits::answers_bytes_max it takes while it is unread. Set for what comes in by
  // a credential (dialects/revocation.hpp).
  std::string account{};
};

// `Retry-After` in whole seconds, rounded up and at least 1, when the error has a time to wait and
// the response does not say one already.
void add_retry_after(Response& response, const base::Error& error);

// The sending end of one event stream. Lives on its connection's lane and may be used only there.
// Bounded: when limits::stream_queue_events_max or _bytes_max are unsent (the event on its way not
// counted) and another is sent, the stream is cut off and `closed` becomes true; a client resumes
// from the store.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;

  // Sends at once when the socket takes it, else queues. False once closed. Empty bytes are
  // nothing.
  virtual bool send(SharedBytes bytes) = 0;
  // Sends what is queued, then ends the stream cleanly (last chunk, connection closed).
  virtual void finish() = 0;
  // Ends the stream at once: nothing more is sent, also not what is queued.
  virtual void end_now() = 0;
  virtual bool closed() const = 0;
  // Keeps something until the stream has ended; one thing, whose destructor may run on the lane.
  virtual void keep(std::shared_ptr<void> thing) = 0;
  // Called once, on the lane, when the stream has ended for whatever reason; never from inside
  // send() or finish(). Set it in `on_open`.
  virtual void on_closed(std::move_only_function<void()> callback) = 0;
  virtual base::Lane& lane() = 0;
  // Returns when nothing is queued or the stream has ended: a replay from the store awaits it
  // between pages, so that a long one is never cut off. One waiter at a time. The default returns
  // at once.
  virtual base::Task<void> drained();
};

// A reply that stays open. The server sends status and headers, then calls `on_open` once, on the
// connection's lane, with the writer. The writer is kept alive by whoever holds the pointer and by
// the connection until it ends. Keep-alive comments are the server's business: `keepalive` is sent
// whenever nothing else was for limits::stream_keepalive_interval; empty means none. The head says
// `Connection: close` unless `headers` names keep-alive (fathom §4.1); the connection ends with the
// stream either way.
struct StreamReply {
  int status = 200;
  Headers headers{};
  std::string content_type{"text/event-stream"};
  std::string keepalive{": ping\n\n"};
  std::move_only_function<void(std::shared_ptr<StreamWriter>)> on_open{};
  std::string account{};  // as for Response
};

// Both of net/websocket.hpp.
class WebSocket;
class WebSocketHandler;

// A reply that turns the connection into a WebSocket. The handler that returns it has checked the
// request by websocket_accept().
struct WebSocketReply {
  Headers headers{};     // besides those of the handshake
  std::string accept{};  // the value of Sec-WebSocket-Accept
  // Called once, on the connection's lane, with what sends; what it returns is told what arrives,
  // and is kept by the connection until its end.
  std::move_only_function<std::shared_ptr<WebSocketHandler>(std::shared_ptr<WebSocket>)> on_open{};
  std::size_t message_bytes_max = 0;  // 0: limits::websocket_message_bytes_max
  // A text message sent at every HttpServerOptions::websocket_heartbeat_interval, beside the
  // control ping that finds dead peers; empty for none.
  std::string heartbeat{};
  std::string account{};  // as for Response
};

using Reply = std::variant<Response, StreamReply, WebSocketReply>;

}  // namespace colonnade::net
