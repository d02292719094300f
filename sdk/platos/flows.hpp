// How a planned call runs: headers, repeats, a fresh token, and the other path where servers
// differ. Written once; the blocking client runs the task, the async client awaits it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sdk/platos/calls.hpp"
#include "sdk/platos/session.hpp"
#include "sdk/waiting.hpp"

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

// Asks until `over` says so, or the time is up.
template <class T>
Task<T> wait_until(SessionPtr session, Result<calls::Planned<T>> plan, bool (*over)(const T&),
                   WaitOptions options, Calling calling) {
  if (!plan) session->fail(plan.error());
  if (options.interval.count() < 1) {
    session->fail(colonnade::detail::usage("WaitOptions::interval must be 1 ms or more"));
  }
  const calls::Planned<T> call = *std::move(plan);
  colonnade::detail::Looks looks(options);
  for (;;) {
    Result<T> value = co_await try_call(session, call, calling);
    if (!value) session->fail(value.error());
    if (over(*value) || looks.time_is_up()) co_return std::move(*value);
    const std::chrono::milliseconds delay = looks.next_delay();
    [[maybe_unused]] const bool slept = co_await colonnade::detail::pause(session->channel, delay);
  }
}

Task<Run> wait_for_run(SessionPtr session, std::string_view run_id, const WaitOptions& options,
                       Calling calling);
Task<Batch> wait_for_batch(SessionPtr session, std::string_view batch_id,
                           const WaitOptions& options, Calling calling);

// The days up to today; from a server that only knows single ones, one call for each.
Task<std::vector<DayCost>> cost_by_scope(SessionPtr session, std::int64_t days_back,
                                         Calling calling);

}  // namespace colonnade::inline v1::platos::flows
