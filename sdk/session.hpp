// What the clients of all dialects are made of: a channel made from options and environment,
// channels derived from it, and planned calls run on it.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "colonnade/options.hpp"
#include "colonnade/task.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::detail {

// A dialect derives its own from it.
struct Session {
  // Throws the dialect's class that fits the failure, always.
  using Raise = void (*)(const Failure& failure);

  Session(std::shared_ptr<const Channel> channel_in, bool root_in, Raise raise_in)
      : channel(std::move(channel_in)), root(root_in), raise(raise_in) {}

  [[noreturn]] void fail(const Failure& failure) const {
    raise(failure);
    std::terminate();
  }

  std::shared_ptr<const Channel> channel;
  bool root;  // it, and only it, closes the pool
  Raise raise;
};

// A setting and the name that error messages give it: "Options::token" or "FATHOM_TOKEN".
struct Setting {
  std::string value{};
  std::string_view name{};
};

// The first of: the option, each of the environment variables. Trimmed; "" when none is set.
Setting first_of(std::string_view option, std::string_view option_name,
                 std::initializer_list<const char*> variables);

// A root channel: checks URL, token and headers, makes the transport.
Result<Channel> make_channel(const Setting& base_url, const Setting& token,
                             std::string_view api_root, const HttpOptions& http);
Result<Channel> with_options(const Channel& from, const CallOptions& options);
// "" takes the token away.
Result<Channel> with_authorization(const Channel& from, std::string_view token);

// A root's pool is closed, a derived session's left alone. Null is allowed.
void close(const Session* session) noexcept;

// A session of the dialect's type S over what one of the functions above gave.
template <class S>
std::shared_ptr<const S> make_session(Result<Channel> channel, bool root, Session::Raise raise) {
  if (!channel) raise(channel.error());
  return std::make_shared<const S>(std::make_shared<const Channel>(*std::move(channel)), root,
                                   raise);
}

// Runs a planned call on this thread, once.
template <class T>
T perform(const Session& session, const Result<Call<T>>& call) {
  if (!call) session.fail(call.error());
  const auto reply = session.channel->call(call->spec);
  if (!reply) session.fail(reply.error());
  auto value = call->decode(call->spec, *reply);
  if (!value) session.fail(value.error());
  return *std::move(value);
}

// The same, awaited, and repeated as the channel's retry policy says.
template <class T>
Task<T> perform_async(std::shared_ptr<const Session> session, Result<Call<T>> call,
                      Calling calling = Calling::background) {
  if (!call) session->fail(call.error());
  const Call<T>& named = *call;
  Result<TransportReply> reply =
      co_await Channel::call_async(session->channel, named.spec, calling);
  if (!reply) session->fail(reply.error());
  Result<T> value = named.decode(named.spec, *reply);
  if (!value) session->fail(value.error());
  co_return std::move(*value);
}

}  // namespace colonnade::inline v1::detail
