#include <utility>

#include "core/access/account.hpp"
#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/limits.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {
namespace {

base::Job job_of(const Principal& who, const net::Request& request) {
  return {.account = core::account_of(who),
          .time_max = limits::policy_check_time_max,
          .stop = request.disconnected};
}

}  // namespace

base::Task<net::Reply> PolicyResource::info(Principal /*who*/, RequestPtr /*request*/) {
  co_return net::Response{.body = encode_policy_in_force(deps_.policies.in_force())};
}

base::Task<net::Reply> PolicyResource::validate(Principal who, RequestPtr request) {
  auto body = decode_policy(*request, /*with_action=*/false);
  if (!body) co_return refusal(body.error());
  std::move_only_function<core::Result<core::PolicySyntaxCheck>(std::stop_token)> work =
      [policies = &deps_.policies, text = std::move(body->policy)](
          const std::stop_token& /*over*/) { return policies->read(text); };
  const auto reading = co_await deps_.workers.run(job_of(who, *request), std::move(work));
  if (!reading) co_return error_response(reading.error());
  // A client that looks at the status alone must not take it for a policy.
  co_return net::Response{.status = reading->error ? 422 : 200,
                          .body = encode_policy_reading(*reading)};
}

base::Task<net::Reply> PolicyResource::test(Principal who, RequestPtr request) {
  auto body = decode_policy(*request, /*with_action=*/true);
  if (!body) co_return refusal(body.error());
  std::move_only_function<core::Result<core::PolicyEvaluation>(std::stop_token)> work =
      [policies = &deps_.policies, body = std::move(*body)](const std::stop_token& /*over*/) {
        return policies->evaluate(body.policy, body.action);
      };
  const auto trial = co_await deps_.workers.run(job_of(who, *request), std::move(work));
  if (!trial) co_return error_response(trial.error());
  co_return net::Response{.body = encode_policy_trial(*trial)};
}

}  // namespace colonnade::dialects::faramesh
