// What the blocking and the async Phoson client share: the session behind them and the way from a
// failure to an exception.
#pragma once

#include <memory>

#include "colonnade/phoson.hpp"
#include "sdk/session.hpp"

namespace colonnade::inline v1::phoson::detail {

class Session : public colonnade::detail::Session {
 public:
  using colonnade::detail::Session::Session;
};

// Throws std::invalid_argument for options that cannot work.
std::shared_ptr<const Session> open_session(const Options& options);
std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options);

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

}  // namespace colonnade::inline v1::phoson::detail
