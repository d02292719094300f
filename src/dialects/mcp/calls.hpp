// The calls under way: by whom they can be cancelled, and how a server that stops waits for them.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "base/share.hpp"

namespace colonnade::dialects::mcp {

// Thread-safe.
class Calls {
 public:
  Calls();

  // One call. It is under way as long as anybody holds it.
  class Ticket {
   public:
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    std::stop_token stop_token() const { return stop_.get_token(); }
    // Its client wants it to stop, and what it began with it.
    void cancel() {
      cancelled_ = true;
      stop_.request_stop();
    }
    bool is_cancelled() const { return cancelled_; }

   private:
    friend class Calls;
    Ticket() = default;
    std::shared_ptr<struct CallsState> state_{};
    std::string client_{};
    std::string id_{};
    base::Share::Hold place_{};
    std::stop_source stop_{};
    std::atomic<bool> cancelled_ = false;
  };

  // nullptr when the account has too many, of all its sessions together
  // (limits::mcp_endpoint_calls_max), or all accounts have, when one of the same id is under way,
  // and when the server stops. An empty id is no id: such a call has no name.
  std::shared_ptr<Ticket> begin(const std::string& account, const std::string& client,
                                const std::string& id);
  // Nothing happens when there is no such call.
  void cancel(const std::string& client, const std::string& id);
  // Nobody waits for any of a client's calls any more; what they began goes on.
  void leave_all(const std::string& client);

  // Stops all, without cancelling what they began, and refuses new ones. Blocks until none is under
  // way, stop_time_max at most; not from a lane. May be called again.
  void stop();
  // Waiting calls end at once; only one whose connection is stuck takes longer.
  static constexpr std::chrono::seconds stop_time_max{2};

 private:
  base::Share places_;
  std::shared_ptr<struct CallsState> state_;
};

}  // namespace colonnade::dialects::mcp
