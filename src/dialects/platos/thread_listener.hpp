// What a socket hears of a thread that it joined: questions to humans, their answers, and how
// background runs get on, unless it streams the turn that they are of, and changes of the thread
// itself (platos §3.3). On the socket's lane.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/events/subscriptions.hpp"
#include "core/threads/thread.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/turn_events.hpp"
#include "dialects/socket_io/socket.hpp"

namespace colonnade::dialects::platos {

// The object of a `thread_event` of type thread.renamed.
std::string thread_renamed(const core::Thread& thread);

class ThreadListener final : public core::Subscriber {
 public:
  // `streams`: whether the socket streams the turn of that run just now.
  ThreadListener(std::shared_ptr<socket_io::Socket> socket, core::Thread thread,
                 std::function<bool(std::string_view run_id)> streams)
      : socket_(std::move(socket)), thread_(std::move(thread)), streams_(std::move(streams)) {}

  void open(core::Subscriptions& subscriptions);
  void deliver(const core::EventPtr& event) override;

 private:
  std::shared_ptr<socket_io::Socket> socket_;
  core::Thread thread_;
  std::function<bool(std::string_view)> streams_;
  std::unique_ptr<core::Subscription> subscription_{};
};

}  // namespace colonnade::dialects::platos
