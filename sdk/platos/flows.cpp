#include "sdk/platos/flows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "sdk/platos/wire.hpp"

namespace colonnade::inline v1::platos::flows {
namespace {

using colonnade::detail::CallSpec;
using colonnade::detail::EitherStop;
using colonnade::detail::FromCallback;
using colonnade::detail::Prepared;
using colonnade::detail::usage;
using std::chrono::milliseconds;

constexpr std::int64_t days_max = 366;

// Seconds, decimals allowed; a date or 0 is none (platos §4.2).
std::optional<milliseconds> retry_after(const std::vector<Header>& headers) {
  const std::string* value = colonnade::detail::find_header(headers, "retry-after");
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  const char* end = value->data() + value->size();
  const auto parsed = std::from_chars(value->data(), end, seconds);
  constexpr double longest = 365.0 * 24 * 3600;
  if (parsed.ec != std::errc{} || parsed.ptr != end || !(seconds > 0) || seconds > longest) {
    return std::nullopt;
  }
  return milliseconds(static_cast<std::int64_t>(std::llround(seconds * 1000)));
}

bool is_refused_token(const Failure& failure) {
  return failure.status == 401 || failure.status == 403;
}

bool is_worth_repeating(const Failure& failure) {
  if (failure.kind == ErrorKind::http) {
    return failure.status == 429 || (failure.status >= 500 && failure.status != 501);
  }
  if (failure.kind != ErrorKind::transport) return false;
  switch (failure.transport) {
    case TransportErrorKind::resolve:
    case TransportErrorKind::connect:
    case TransportErrorKind::reset:
    case TransportErrorKind::timeout: return true;
    default: return false;
  }
}

// 0.25·2^n s, capped, ±20 % (platos §4.2), unless the server asks for a time of its own.
milliseconds delay_of(const Retries& rules, const Failure& failure, int attempt) {
  if (failure.status == 429 && failure.retry_after) return *failure.retry_after;
  const double whole =
      std::min(static_cast<double>(rules.delay_min.count()) * std::exp2(std::min(attempt, 32)),
               static_cast<double>(rules.delay_max.count()));
  std::array<unsigned char, 2> random{};
  base::fill_random(random);
  const double part = (random[0] * 256 + random[1]) / 65535.0;  // 0 to 1
  return milliseconds(static_cast<std::int64_t>(whole * (1 + rules.jitter * (2 * part - 1))));
}

// One attempt.
Task<Result<TransportReply>> attempt_once(SessionPtr session,
                                          std::shared_ptr<const Channel> channel, CallSpec spec,
                                          std::string token, Calling calling) {
  auto prepared = detail::prepare(*session, *channel, spec, token);
  if (!prepared) co_return std::move(prepared).error();
  const std::shared_ptr<Transport> transport = prepared->transport;
  const auto request = std::make_shared<TransportRequest>(std::move(prepared->request));
  const auto start = [transport, request, calling](Transport::CallHandler done) {
    transport->call(std::move(*request), calling, std::move(done));
  };
  FromCallback<Result<TransportReply>> arrival(start);
  Result<TransportReply> reply = co_await arrival;
  if (!reply) co_return reply;
  int status = reply->status;
  if (status >= 200 && status < 300) status = wire::hidden_status(reply->body);
  if (status == 0) co_return reply;
  auto failure = colonnade::detail::refusal(spec, status, reply->body);
  failure->retry_after = retry_after(reply->headers);
  co_return std::move(*failure);
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::to_string(static_cast<int>(date.year())) + '-' +
         two(static_cast<unsigned>(date.month())) + '-' + two(static_cast<unsigned>(date.day()));
}

}  // namespace

bool is_unknown_route(const Failure& failure) {
  if (failure.status != 404) return false;
  const auto body = Json::try_parse(failure.body);
  const Json* message = body ? body->find("message") : nullptr;
  return message != nullptr && message->is_string() && message->as_string().starts_with("Cannot ");
}

Task<Result<TransportReply>> exchange(SessionPtr session, std::shared_ptr<const Channel> channel,
                                      CallSpec spec, Calling calling) {
  const auto began = std::chrono::steady_clock::now();
  const milliseconds whole = channel->scope.timeout;
  if (spec.method == "POST" && spec.idempotency_key.empty()) {
    spec.idempotency_key = detail::random_hex(16);
  }
  std::shared_ptr<const Channel> bounded = channel;
  bool refreshed = false;
  for (int attempt = 0;;) {
    const std::string token = session->credentials->token();
    Result<TransportReply> reply = co_await attempt_once(session, bounded, spec, token, calling);
    if (reply) co_return reply;
    const Failure& failure = reply.error();
    milliseconds delay{0};
    if (is_refused_token(failure)) {
      if (refreshed || token.empty() || !session->credentials->renew(token, failure.status)) {
        co_return reply;
      }
      refreshed = true;
      attempt = 0;
    } else {
      const Retries& rules = session->options->retries;
      if (attempt >= rules.retries || !is_worth_repeating(failure)) co_return reply;
      delay = delay_of(rules, failure, attempt);
      ++attempt;
    }
    if (whole.count() > 0) {
      // The time limit of a call covers all of its attempts.
      const auto used =
          std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
      if (used + delay >= whole) co_return reply;
      auto shorter = std::make_shared<Channel>(*channel);
      shorter->scope.timeout = whole - used - delay;
      bounded = std::move(shorter);
    }
    if (delay.count() > 0) {
      const auto stop = std::make_shared<EitherStop>(channel->scope.stop, channel->pool->closing());
      // A stop is noticed by the next attempt, which then fails with it.
      [[maybe_unused]] const bool slept = co_await sleep_for(delay, stop->token());
    }
  }
}

Task<std::vector<DayCost>> cost_by_scope(SessionPtr session, std::int64_t days_back,
                                         Calling calling) {
  if (days_back < 1 || days_back > days_max) {
    session->fail(usage("days_back must be 1 to " + std::to_string(days_max)));
  }
  auto plan = calls::cost_by_scope(days_back);
  calls::Planned<std::vector<DayCost>> call = *std::move(plan);
  Result<std::vector<DayCost>> rows = co_await try_call(session, call, calling);
  if (rows) co_return std::move(*rows);
  if (!is_unknown_route(rows.error())) session->fail(rows.error());
  const auto today =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::microseconds>(
          std::chrono::microseconds(base::SystemClock().now().micros)));
  std::vector<DayCost> out;
  for (std::int64_t back = days_back - 1; back >= 0; --back) {
    const std::string day = day_text(today - std::chrono::days(back));
    calls::Planned<DayCost> single = calls::cost_of_a_day(day);
    Result<DayCost> row = co_await try_call(session, single, calling);
    if (!row) session->fail(row.error());
    row->day = day;
    out.push_back(std::move(*row));
  }
  co_return out;
}

// The plans are made before anything suspends, so that the ids need not outlive the calls.
Task<Run> wait_for_run(SessionPtr session, std::string_view run_id, const WaitOptions& options,
                       Calling calling) {
  return wait_until<Run>(
      std::move(session), calls::get_run(run_id), [](const Run& run) { return run.finished(); },
      options, calling);
}
Task<Batch> wait_for_batch(SessionPtr session, std::string_view batch_id,
                           const WaitOptions& options, Calling calling) {
  return wait_until<Batch>(
      std::move(session), calls::get_batch(batch_id),
      [](const Batch& batch) { return batch.finished(); }, options, calling);
}

}  // namespace colonnade::inline v1::platos::flows
