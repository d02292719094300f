// For tests of code that uses the SDK: a transport that plays a script. No server, no port.
//
//   testing::ScriptedTransport wire;
//   wire.expect("POST", "/api/v1/threads").reply(200, R"({"id":"t1","title":""})");
//   fathom::Client client{{.base_url = "http://test", .token = "t",
//                          .http = {.transport = wire.transport()}}};
//   client.threads.create();
//   wire.verify();
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.hpp"
#include "colonnade/transport.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::testing {

// A request that was made.
struct RecordedRequest {
  std::string method{};
  std::string target{};  // path and query, as sent
  std::string url{};
  std::vector<Header> headers{};
  std::string body{};
  bool has_body = false;
  std::string header(std::string_view name) const;  // case ignored; "" when it was not sent
  bool has_header(std::string_view name) const;
};

// Thrown by verify().
class COLONNADE_API ScriptError : public Error {
 public:
  using Error::Error;
  ~ScriptError() override;
};

// Thread-safe. A request takes the first expectation of its method and target that is not used up
// yet. One that has none fails with a TransportError that says what was expected, and verify()
// reports it.
class COLONNADE_API ScriptedTransport {
 public:
  class COLONNADE_API Expectation {
   public:
    // Answers with this status and body.
    Expectation& reply(int status, std::string_view body, std::vector<Header> headers = {});
    // Answers 200 with an event stream: each string is delivered by a read of its own, then it
    // ends.
    Expectation& stream(std::vector<std::string> pieces);
    // Fails instead of answering; behind stream(), after its last piece.
    Expectation& fail(TransportErrorKind kind, std::string_view message = "scripted failure");
    // Never answers (behind stream(): nothing more comes) until the call is stopped or its time is
    // up.
    Expectation& hang();
    // May be used this many times. Default: once.
    Expectation& times(std::size_t count);

   private:
    friend class ScriptedTransport;
    struct Plan;
    explicit Expectation(std::shared_ptr<Plan> plan);
    std::shared_ptr<Plan> plan_;
  };

  // What a WebSocket's server does, step by step, in the order of these calls. Behind the last step
  // the connection breaks.
  class COLONNADE_API SocketScript {
   public:
    // The server sends this message.
    SocketScript& say(std::string_view text);
    // The client must have sent this message by now; a `*` at the end stands for anything.
    SocketScript& hear(std::string_view text);
    // The server closes.
    SocketScript& close(int code = 1000, std::string_view reason = {});
    // The connection fails.
    SocketScript& fail(TransportErrorKind kind, std::string_view message = "scripted failure");
    // Nothing comes for `times` reads, each of which waits for its time limit, or for a stop.
    SocketScript& hang(std::size_t times = static_cast<std::size_t>(-1));
    // Calls this, then goes on: a test stops its client here.
    SocketScript& then(std::function<void()> action);

   private:
    friend class ScriptedTransport;
    struct Plan;
    explicit SocketScript(std::shared_ptr<Plan> plan);
    std::shared_ptr<Plan> plan_;
  };

  ScriptedTransport();
  ~ScriptedTransport();

  // `target` is the path with its query, as it goes over the wire; without a query it fits any
  // query. Script it before the client calls.
  Expectation expect(std::string_view method, std::string_view target);

  // A WebSocket that is opened once. Refusals and failures of opening are scripted with
  // expect("GET", target) instead; of the two kinds, what was scripted first comes first.
  SocketScript expect_socket(std::string_view target);

  // For HttpOptions::transport. Valid beyond the life of this object.
  std::shared_ptr<Transport> transport() const;

  // Everything that was asked so far, unexpected requests too.
  std::vector<RecordedRequest> requests() const;
  // Streams and WebSockets that are open right now.
  std::size_t open_streams() const;
  // Every message that was sent over a WebSocket so far.
  std::vector<std::string> sent_messages() const;
  // Throws ScriptError naming every unexpected request and every expectation that was not met.
  void verify() const;

 private:
  class Player;
  std::shared_ptr<Player> player_;
};

}  // namespace colonnade::inline v1::testing
