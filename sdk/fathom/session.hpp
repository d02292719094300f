// What the blocking and the async Fathom client share: the session behind them and the way from a
// failure to an exception.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "colonnade/fathom.hpp"
#include "sdk/channel.hpp"
#include "sdk/event_stream.hpp"
#include "sdk/session.hpp"

namespace colonnade::inline v1::fathom::detail {

class Session : public colonnade::detail::Session {
 public:
  using colonnade::detail::Session::Session;
};

// Reads options and environment; throws fathom::Error.
std::shared_ptr<const Session> open_session(const Options& options);
std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options);
std::shared_ptr<const Session> derive(const Session& from, std::string_view token);

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

colonnade::detail::EventRules<Event> thread_rules();
colonnade::detail::EventRules<ReplyEvent> reply_rules();

}  // namespace colonnade::inline v1::fathom::detail
