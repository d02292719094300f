// What the blocking and the async Platos client share: the session behind them, its credential, and
// the way from a failure to an exception.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "colonnade/platos.hpp"
#include "sdk/session.hpp"

namespace colonnade::inline v1::platos::detail {

// The session token of a root client and those derived from it. Thread-safe.
class Credentials {
 public:
  Credentials(std::string token, TokenRefresh refresh)
      : token_(std::move(token)), refresh_(std::move(refresh)) {}

  std::string token() const;
  void set(std::string token);
  // After `used` was refused: whether there is another token now. One refresh at a time; whoever
  // comes meanwhile waits for it and shares its outcome.
  bool renew(const std::string& used, int status);

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::string token_;
  const TokenRefresh refresh_;
  std::thread::id refreshing_{};  // the thread that is in refresh_
  std::uint64_t refreshes_ = 0;   // that have ended
};

class Session : public colonnade::detail::Session {
 public:
  Session(std::shared_ptr<const colonnade::detail::Channel> channel_in, bool root_in,
          std::shared_ptr<const Options> options_in, std::shared_ptr<Credentials> credentials_in,
          Scope scope_in);

  std::shared_ptr<const Options> options;  // without their secrets, but for the API key
  std::shared_ptr<Credentials> credentials;
  Scope scope;
  // The same server without the API's root: for raw() and the socket.
  std::shared_ptr<const colonnade::detail::Channel> base;
};

// A request with the headers of the credential and the scope; `token` is the session token it goes
// with, "" for none.
Result<colonnade::detail::Prepared> prepare(const Session& session,
                                            const colonnade::detail::Channel& channel,
                                            const colonnade::detail::CallSpec& spec,
                                            const std::string& token);
// The same as an object, for the socket.
Json join_credentials(const Session& session, const std::string& token);

// Throws std::invalid_argument for options that cannot work.
std::shared_ptr<const Session> open_session(const Options& options);
std::shared_ptr<const Session> derive(const Session& from, const CallOptions& options);
std::shared_ptr<const Session> derive(const Session& from, const Scope& scope);
void set_session_token(const Session& session, std::string_view token);

// `bytes` random bytes of the kernel as lower-case hex.
std::string random_hex(std::size_t bytes);

// Throws the class that fits the failure.
[[noreturn]] void raise(const Failure& failure);

}  // namespace colonnade::inline v1::platos::detail
