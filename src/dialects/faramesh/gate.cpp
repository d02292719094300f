#include <utility>

#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {
namespace {

net::Response answer(const core::Decision& decision, const core::Action* action) {
  const bool pending = action != nullptr && action->state == core::ActionState::pending_approval;
  const bool allowed = decision.outcome == core::Outcome::execute ||
                       (action != nullptr && (action->state == core::ActionState::allowed ||
                                              action->state == core::ActionState::approved));
  return {.body = encode_evaluation(decision, pending ? action : nullptr, allowed)};
}

}  // namespace

base::Task<net::Reply> GateResource::decide(Principal who, RequestPtr request) {
  auto action = decode_action(*request);
  if (!action) co_return refusal(action.error());
  const auto verdict = co_await deps_.actions.judge(std::move(who), std::move(*action));
  if (!verdict) co_return error_response(verdict.error());
  co_return net::Response{.body = encode_decision(verdict->decision)};
}

base::Task<net::Reply> GateResource::evaluate(Principal who, RequestPtr request) {
  auto action = decode_evaluation(*request);
  if (!action) co_return refusal(action.error());
  auto work = [this, who, action = std::move(*action)](Attempt attempt) mutable {
    return evaluate_once(std::move(who), std::move(action), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

// What was submitted is answered as it was stored: the policy may have changed since it was asked.
base::Task<Attempted> GateResource::evaluate_once(Principal who, core::ActionRequest action,
                                                  Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto earlier = co_await deps_.actions.get(std::move(who), attempt.object_id);
    if (!earlier) co_return refused(action_error(earlier.error()));
    co_return Attempted{.response = answer(earlier->decision, &*earlier)};
  }
  const auto verdict = co_await deps_.actions.judge(who, action);
  if (!verdict) co_return refused(error_response(verdict.error()));
  if (verdict->decision.outcome != core::Outcome::abstain) {
    co_return Attempted{.response = answer(verdict->decision, nullptr)};
  }
  const auto stored = co_await deps_.actions.submit(std::move(who), std::move(action),
                                                    std::move(attempt.keyed_request_id));
  if (!stored) co_return refused(action_error(stored.error()));
  co_return Attempted{.response = answer(stored->decision, &*stored)};
}

}  // namespace colonnade::dialects::faramesh
