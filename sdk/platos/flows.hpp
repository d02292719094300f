// How a planned call runs: headers, repeats, a fresh token, and the other path where servers
// differ. Written once; the blocking client runs the task, the async client awaits it.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sdk/platos/calls.hpp"
#include "sdk/platos/session.hpp"

namespace colonnade::inline v1::platos::flows {

using colonnade::detail::Channel;
using SessionPtr = std::shared_ptr<const detail::Session>;

Task<Result<TransportReply>> exchange(SessionPtr session, std::shared_ptr<const Channel> channel,
                                      calls::CallSpec spec, Calling calling);

// Whether the server does not know the route, as opposed to what the route names.
bool is_unknown_route(const Failure& failure);

template <class T>
Task<Result<T>> try_call(SessionPtr session, calls::Planned<T> call, Calling calling) {
  const std::shared_ptr<const Channel> channel = call.below_base ? session->base : session->channel;
  Result<TransportReply> reply = co_await exchange(session, channel, call.first.spec, calling);
  if (!reply && call.second && is_unknown_route(reply.error())) {
    call.first = *call.second;
    reply = co_await exchange(session, channel, call.first.spec, calling);
  }
  if (!reply) co_return std::move(reply).error();
  Result<T> value = call.first.decode(call.first.spec, *reply);
  co_return value;
}

template <class T>
Task<T> perform(SessionPtr session, Result<calls::Planned<T>> plan, Calling calling) {
  if (!plan) session->fail(plan.error());
  calls::Planned<T> call = *std::move(plan);
  Result<T> value = co_await try_call(session, call, calling);
  if (!value) session->fail(value.error());
  co_return std::move(*value);
}

// Nothing for a 404.
template <class T>
Task<std::optional<T>> find(SessionPtr session, Result<calls::Planned<T>> plan, Calling calling) {
  if (!plan) session->fail(plan.error());
  calls::Planned<T> call = *std::move(plan);
  Result<T> value = co_await try_call(session, call, calling);
  if (!value && value.error().status == 404) co_return std::optional<T>();
  if (!value) session->fail(value.error());
  co_return std::optional<T>(std::move(*value));
}

// The days up to today; from a server that only knows single ones, one call for each.
Task<std::vector<DayCost>> cost_by_scope(SessionPtr session, std::int64_t days_back,
                                         Calling calling);

}  // namespace colonnade::inline v1::platos::flows
