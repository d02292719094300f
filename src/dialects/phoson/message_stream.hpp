// One run as Phoson tells it: the events of the answer to a POST (phoson §4).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/events/subscriptions.hpp"
#include "core/threads/message.hpp"
#include "dialects/run_waiting.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::phoson {

constexpr std::string_view keepalive_comment = ": keepalive\n\n";  // §4.1

// The frame of an event; "" for what Phoson's clients are not told. The last of a run's events is
// run_done or error.
std::string encode_event(const core::Event& event);
std::string encode_run_done(std::string_view run_id, const std::vector<core::Part>& answer);
std::string encode_error(std::string_view message);

// Follows one run from `after`, a cursor before its first event, until it has ended; then the
// response ends. A client that leaves earlier takes the run with it.
class MessageStream final : public core::Subscriber,
                            public std::enable_shared_from_this<MessageStream> {
 public:
  MessageStream(std::shared_ptr<RunGuard> guard, std::shared_ptr<net::StreamWriter> writer)
      : guard_(std::move(guard)), writer_(std::move(writer)) {}

  void open(core::Subscriptions& subscriptions, const core::Scope& scope, std::string thread_id,
            std::int64_t after);
  void deliver(const core::EventPtr& event) override;
  void cut_off() override;
  base::Task<void> ready_for_more() override;

 private:
  void close();

  std::shared_ptr<RunGuard> guard_;
  std::shared_ptr<net::StreamWriter> writer_;  // nullptr once closed
  std::unique_ptr<core::Subscription> subscription_{};
};

}  // namespace colonnade::dialects::phoson
