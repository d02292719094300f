#include "dialects/answer_once.hpp"

#include <exception>
#include <utility>
#include <variant>

#include "base/ids.hpp"

namespace colonnade::dialects {

std::string fingerprint_of(const net::Request& request) {
  std::string text(net::to_string(request.method));
  text.append(" ").append(request.path).append("\n").append(base::sha256_hex(request.body));
  return base::sha256_hex(text);
}

std::optional<RequestKey> request_key(const net::Request& request) {
  if (!request.has_header("Idempotency-Key")) return std::nullopt;
  return RequestKey{.key = std::string(request.header("Idempotency-Key")),
                    .fingerprint = fingerprint_of(request)};
}

KeyOutcome settlement_of(int status, bool had_effect) {
  if (had_effect) return KeyOutcome::answer;
  const bool may_differ_next_time = status >= 500 || status == 401 || status == 402 ||
                                    status == 408 || status == 409 || status == 429;
  return may_differ_next_time ? KeyOutcome::drop : KeyOutcome::answer;
}

base::Task<base::Result<AnswerOnce::Begun>> AnswerOnce::begin(core::Principal who, RequestKey key) {
  auto begun = co_await keyed_requests_.begin(std::move(who), std::move(key.key),
                                              std::move(key.fingerprint));
  if (!begun) co_return base::fail(std::move(begun.error()));
  Begun out;
  if (auto* answered = std::get_if<core::KeyedRequests::Answered>(&*begun)) {
    out.answer = net::Response{.status = answered->answer.status,
                               .content_type = std::move(answered->answer.content_type),
                               .body = std::move(answered->answer.body)};
  } else if (auto* first = std::get_if<core::KeyedRequests::First>(&*begun)) {
    out.attempt.keyed_request_id = std::move(first->id);
  } else {
    auto& orphan = std::get<core::KeyedRequests::Orphan>(*begun);
    out.attempt = {.keyed_request_id = std::move(orphan.id),
                   .object_id = std::move(orphan.object_id)};
  }
  co_return out;
}

Attempted refused(net::Response response) {
  const int status = response.status;
  return {.response = std::move(response), .settlement = settlement_of(status, false)};
}

base::Task<base::Result<net::Response>> AnswerOnce::run(core::Principal who,
                                                        std::optional<RequestKey> key, Work work) {
  if (!key) {
    Attempt no_attempt;
    auto attempted = co_await work(std::move(no_attempt));
    co_return std::move(attempted.response);
  }
  auto begun = co_await begin(who, std::move(*key));
  if (!begun) co_return base::fail(std::move(begun.error()));
  if (begun->answer) co_return std::move(*begun->answer);
  const std::string keyed_request_id = begun->attempt.keyed_request_id;
  Attempted attempted{.settlement = KeyOutcome::drop};
  std::exception_ptr failure;
  try {
    attempted = co_await work(std::move(begun->attempt));
  } catch (...) {
    // Whoever waits for this key must hear that the attempt is over before the bug is reported.
    failure = std::current_exception();
  }
  co_await settle(std::move(who), keyed_request_id, attempted);
  if (failure) std::rethrow_exception(failure);
  co_return std::move(attempted.response);
}

base::Task<void> AnswerOnce::settle(core::Principal who, std::string keyed_request_id,
                                    Attempted attempted) {
  if (keyed_request_id.empty()) co_return;
  if (attempted.settlement == KeyOutcome::leave) {
    keyed_requests_.leave(keyed_request_id);
    co_return;
  }
  if (attempted.settlement == KeyOutcome::drop) {
    co_await keyed_requests_.drop(std::move(who), std::move(keyed_request_id));
    co_return;
  }
  core::StoredAnswer answer{.status = attempted.response.status,
                            .content_type = std::move(attempted.response.content_type),
                            .body = std::move(attempted.response.body)};
  co_await keyed_requests_.answer(std::move(who), std::move(keyed_request_id), std::move(answer),
                                  std::move(attempted.thread_id));
}

}  // namespace colonnade::dialects
