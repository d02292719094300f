// The seam between the SDK and the network: three functions, of which Platos alone needs connect().
// Implement Transport to bring your own HTTP stack; tests use testing::ScriptedTransport.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/options.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

struct TransportRequest {
  std::string method{};
  std::string url{};  // absolute, http or https; sent as it is, never normalised
  std::vector<Header> headers{};
  std::string body{};
  bool has_body = false;  // false: no body at all, not even an empty JSON text
  std::chrono::milliseconds connect_timeout{0};  // these three: 0 is none
  std::chrono::milliseconds read_timeout{0};     // silence while the reply (or stream) is read
  std::chrono::milliseconds total_timeout{0};    // the whole call; for open(), until it is open
  std::stop_token stop{};                        // ends the call with TransportErrorKind::canceled
};

struct TransportReply {
  int status = 0;
  std::vector<Header> headers{};
  std::string body{};
};

// The body of an open stream. Destroying it closes its connection at once.
class COLONNADE_API TransportStream {
 public:
  using ReadHandler = std::function<void(Result<std::string>)>;

  virtual ~TransportStream();
  // The next bytes, "" at the orderly end. One read at a time. Called the way the stream was
  // opened: see Calling. Bytes that are not asked for stay with the sender.
  virtual void read(ReadHandler done) = 0;
};

struct TransportOpened {
  int status = 0;
  std::vector<Header> headers{};
  std::unique_ptr<TransportStream> body{};  // also for statuses that are errors
};

// What is read from a WebSocket.
struct SocketInput {
  std::string text{};          // a message
  bool closed = false;         // the peer has closed: no message, and nothing comes behind it
  int code = 0;                // why it closed (RFC 6455 §7.4.1); 1005 when it gave no code
  std::string close_reason{};  // in the peer's words
};

// An open WebSocket. Destroying it closes it with code 1000, without waiting for the peer.
class COLONNADE_API TransportSocket {
 public:
  using ReadHandler = std::function<void(Result<SocketInput>)>;

  virtual ~TransportSocket();
  // The next message, or the peer's close. One read at a time, called the way the socket was
  // opened: see Calling. A failure of kind `timeout` says that none came for so long (0 is no
  // limit), and leaves the socket as it is; any other ends it.
  virtual void read(std::chrono::milliseconds silence_max, ReadHandler done) = 0;
  // A text message. Never waits: what cannot go now goes during the next reads.
  virtual void send(std::string text) = 0;
};

struct TransportConnected {
  int status = 0;  // 101 when it is open
  std::vector<Header> headers{};
  std::string body{};  // of any other status
  std::unique_ptr<TransportSocket> socket{};
};

// How a call may deliver its result.
enum class Calling {
  blocking,    // before the function returns, on the caller's thread
  background,  // whenever it is there, on any thread; the function should return soon
};

// Thread-safe. Handlers are called exactly once, with failures of kind ErrorKind::transport. No
// retry, no redirect: a reply of any status is a success here.
class COLONNADE_API Transport {
 public:
  using CallHandler = std::function<void(Result<TransportReply>)>;
  using OpenHandler = std::function<void(Result<TransportOpened>)>;
  using ConnectHandler = std::function<void(Result<TransportConnected>)>;

  virtual ~Transport();
  // One request, its whole reply.
  virtual void call(TransportRequest request, Calling calling, CallHandler done) = 0;
  // One request whose reply is read piece by piece.
  virtual void open(TransportRequest request, Calling calling, OpenHandler done) = 0;
  // A WebSocket: the request gives URL (http or https), headers, stop and limits; total_timeout
  // counts until it is open. Without an implementation every connect() fails.
  virtual void connect(TransportRequest request, Calling calling, ConnectHandler done);
};

// The built-in transport: libcurl with a connection pool. A blocking call runs on the caller's
// thread without handing over; background calls share one thread that starts with the first of
// them. TLS certificates are verified. Destroying the last reference closes the idle connections.
COLONNADE_API std::shared_ptr<Transport> make_http_transport(const HttpOptions& options = {});

}  // namespace colonnade::inline v1
