// What the blocking and the async Tandem client share: the session behind them and the way from a
// failure to an exception.
#pragma once

#include <memory>
#include <string_view>

#include "colonnade/tandem.hpp"
#include "sdk/session.hpp"

namespace colonnade::inline v1::tandem::detail {

class Session : public colonnade::detail::Session {
 public:
  Session(std::shared_ptr<const colonnade::detail::Channel> channel_in, bool root_in,
          bool real_engine_in);

  bool real_engine;
};

// Throws std::invalid_argument for options that cannot work.
std::shared_ptr<const Session> open_session(const Options& options);
std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options);
std::shared_ptr<const Session> derive(const Session& from, std::string_view token);

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

}  // namespace colonnade::inline v1::tandem::detail
