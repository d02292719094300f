// Between a host that speaks MCP over pipes and a server that speaks it over HTTP: one line in, one
// POST out; what is answered comes back as lines (2025-11-25 and 2026-07-28 basic/transports).
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/json.hpp"
#include "colonnade/transport.hpp"

namespace colonnade::app {

class McpBridge {
 public:
  struct Endpoint {
    std::string url{};    // of the endpoint
    std::string token{};  // "" for none
    std::string ca_file{};
  };
  // `write` gets whole messages without line ends, from several threads, one at a time.
  McpBridge(Endpoint endpoint, std::function<void(const std::string&)> write);
  // Calls that wait are given up; the runs behind them go on.
  ~McpBridge();
  McpBridge(const McpBridge&) = delete;
  McpBridge& operator=(const McpBridge&) = delete;

  // One line of the host's. Tool calls are answered later, everything else before this returns.
  void take(const std::string& line);
  // No more lines come. Gives what is under way a moment, then ends the session.
  void end();

 private:
  struct Message;
  struct Call;
  struct Reply;

  void start_call(Message message);
  void cancel(const Message& message);
  void exchange(const Message& message, Call* call);
  Reply send(const Message& message, Call* call, std::stop_token stop);
  bool begin_anew();
  void remember(const Message& message, const Reply& reply);
  TransportRequest request_of(const Message& message, std::stop_token stop);
  void pass_on(std::string_view text, Reply& reply);
  void fail(const Message& message, const std::string& why);
  void reap();

  Endpoint endpoint_;
  std::function<void(const std::string&)> write_;
  std::shared_ptr<Transport> transport_;
  std::mutex write_mutex_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::list<std::unique_ptr<Call>> calls_;
  std::string session_id_{};
  std::string revision_{};      // of the session
  std::string initialize_{};    // the host's, to begin anew with
  std::mutex renewal_mutex_{};  // one thread at a time begins anew
};

}  // namespace colonnade::app
