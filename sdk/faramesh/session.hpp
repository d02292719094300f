// What the blocking and the async Faramesh client share: the session behind them and the way from a
// failure to an exception.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "colonnade/faramesh.hpp"
#include "sdk/event_stream.hpp"
#include "sdk/session.hpp"

namespace colonnade::inline v1::faramesh::detail {

class Session : public colonnade::detail::Session {
 public:
  using colonnade::detail::Session::Session;
  std::string agent_id{};
};

// Reads options and environment; throws faramesh::Error.
std::shared_ptr<const Session> open_session(const Options& options);
std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options);
std::shared_ptr<const Session> derive(const Session& from, std::string_view token);

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

colonnade::detail::EventRules<FeedEvent> feed_rules(const EventFilter& filter);

}  // namespace colonnade::inline v1::faramesh::detail
