#include "dialects/keyed_stream.hpp"

#include <utility>

namespace colonnade::dialects {

base::Task<std::expected<core::Run, net::Response>> KeyedStreams::begin(
    core::Principal who, std::optional<RequestKey> key, base::Lane* lane, Start start) {
  Attempt attempt;
  if (key) {
    auto begun = co_await answer_once_.begin(who, std::move(*key));
    if (!begun) co_return std::unexpected(wire_.error(begun.error()));
    if (begun->answer) co_return std::unexpected(std::move(*begun->answer));
    attempt = std::move(begun->attempt);
  }
  if (!attempt.object_id.empty()) {
    auto response = co_await answer_orphan(std::move(who), std::move(attempt));
    co_return std::unexpected(std::move(response));
  }
  auto run = co_await start(attempt.keyed_request_id);
  if (!run) {
    net::Response response = run.error().response;
    co_await answer_once_.settle(std::move(who), std::move(attempt.keyed_request_id),
                                 std::move(run.error()));
    co_return std::unexpected(std::move(response));
  }
  if (!attempt.keyed_request_id.empty()) {
    lane->spawn("keyed_stream", settle_later(std::move(who), run->id, attempt.keyed_request_id));
  }
  co_return std::move(*run);
}

// While the server stops, the run and its key go on at the next start.
base::Task<Attempted> KeyedStreams::end_of(core::Principal who, std::string run_id) {
  std::stop_token none;
  const auto finished = co_await runs_.wait(std::move(who), std::move(run_id), std::move(none));
  if (finished) co_return Attempted{.response = wire_.ended(*finished)};
  const bool stopping = finished.error().kind == base::ErrorKind::unavailable;
  co_return Attempted{.response = wire_.error(finished.error()),
                      .settlement = stopping ? KeyOutcome::leave : KeyOutcome::answer};
}

// The run of an earlier attempt whose answer was lost with the server.
base::Task<net::Response> KeyedStreams::answer_orphan(core::Principal who, Attempt attempt) {
  Attempted attempted = co_await end_of(who, std::move(attempt.object_id));
  net::Response response = attempted.response;
  co_await answer_once_.settle(std::move(who), std::move(attempt.keyed_request_id),
                               std::move(attempted));
  co_return response;
}

base::Task<void> KeyedStreams::settle_later(core::Principal who, std::string run_id,
                                            std::string keyed_request_id) {
  Attempted attempted = co_await end_of(who, std::move(run_id));
  co_await answer_once_.settle(std::move(who), std::move(keyed_request_id), std::move(attempted));
}

}  // namespace colonnade::dialects
