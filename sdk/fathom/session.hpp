// What the blocking and the async Fathom client share: the session behind them, its rules of
// closing, and the way from a failure to an exception.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "colonnade/fathom.hpp"
#include "sdk/event_stream.hpp"
#include "sdk/line.hpp"
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
// A root's pool is closed, a derived session's left alone. Null is allowed.
void close(const std::shared_ptr<const Session>& session) noexcept;

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

colonnade::detail::EventRules<Event> thread_rules();
colonnade::detail::EventRules<ReplyEvent> reply_rules();

using colonnade::detail::perform;
using colonnade::detail::perform_async;

}  // namespace colonnade::inline v1::fathom::detail
