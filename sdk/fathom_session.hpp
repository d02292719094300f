// What the blocking and the async Fathom client share: the session behind them, its rules of
// closing, and the way from a failure to an exception.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "colonnade/fathom.hpp"
#include "event_stream.hpp"
#include "line.hpp"

namespace colonnade::inline v1::fathom::detail {

class Session {
 public:
  Session(std::shared_ptr<const colonnade::detail::Line> line_in, bool root_in)
      : line(std::move(line_in)), root(root_in) {}

  std::shared_ptr<const colonnade::detail::Line> line;
  bool root;  // it, and only it, closes the pool
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

// Runs a planned call on this thread.
template <class T>
T perform(const Session& session, const Result<colonnade::detail::Call<T>>& call) {
  if (!call) raise(call.error());
  const auto reply = session.line->call(call->spec);
  if (!reply) raise(reply.error());
  auto value = call->decode(call->spec, *reply);
  if (!value) raise(value.error());
  return *std::move(value);
}

// The same, awaited.
template <class T>
Task<T> perform_async(std::shared_ptr<const Session> session,
                      Result<colonnade::detail::Call<T>> call) {
  if (!call) raise(call.error());
  const colonnade::detail::Call<T>& named = *call;
  Result<TransportReply> reply =
      co_await colonnade::detail::Line::call_async(session->line, named.spec);
  if (!reply) raise(reply.error());
  Result<T> value = named.decode(named.spec, *reply);
  if (!value) raise(value.error());
  co_return std::move(*value);
}

}  // namespace colonnade::inline v1::fathom::detail
