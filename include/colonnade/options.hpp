// Options shared by the clients of all dialects. Plain aggregates: use designated initialisers.
//
// What counts, first to last: a with(…) scope, the client's options, the environment, the default.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "colonnade/version.hpp"

namespace colonnade::inline v1 {

class Transport;

struct Header {
  std::string name{};
  std::string value{};
};

// Zero means no limit.
struct Timeouts {
  std::chrono::milliseconds connect{10'000};  // to an open connection, TLS included
  std::chrono::milliseconds read{30'000};   // silence on an ordinary call; the opening of a stream
  std::chrono::milliseconds send{300'000};  // silence on a call that waits for an agent
  // Silence on an open stream. Off by default: relays drop the server's keep-alives.
  std::chrono::milliseconds stream_idle{0};
};

struct PoolLimits {
  std::size_t connections = 100;  // open at once; further calls wait for a free one
  std::size_t idle = 20;          // kept open between calls
};

struct HttpOptions {
  Timeouts timeouts{};
  PoolLimits pool{};
  std::vector<Header> headers{};  // added to every request
  std::string user_agent{};       // put in front of the SDK's own
  std::string ca_file{};          // PEM certificates to trust instead of the system's
  // An http, https or socks5 URL; "" takes the usual environment variables (https_proxy, no_proxy
  // …), which never count for a loopback address.
  std::string proxy{};
  // Replaces the built-in HTTP client; testing::ScriptedTransport is one. The options above that
  // concern connections then have no effect.
  std::shared_ptr<Transport> transport{};
};

// What with(…) changes for the calls of the client it returns.
struct CallOptions {
  // Each call from its start to the last byte of its reply; for a stream, until it is open. Zero
  // keeps the client's timeouts.
  std::chrono::milliseconds timeout{0};
  // A stopped call throws; a stopped stream ends.
  std::stop_token stop{};
  // Sent with every POST as `Idempotency-Key`, so that repeating a call whose outcome is unknown is
  // safe. One key names one submission: use a fresh one for the next. At most 255 bytes, printable.
  std::string idempotency_key{};
};

// How a method that waits for something at the server looks whether it is over.
struct WaitOptions {
  // Between two looks. The first ones come sooner, a tenth of a second after the call.
  std::chrono::milliseconds interval{1'000};
  // Then what is waited for is given as it is; zero waits for as long as it takes.
  std::chrono::milliseconds time_max{600'000};
};

}  // namespace colonnade::inline v1
