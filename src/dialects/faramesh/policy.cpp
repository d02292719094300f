#include <utility>

#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/resources.hpp"

namespace colonnade::dialects::faramesh {

base::Task<net::Reply> PolicyResource::info(Principal /*who*/, RequestPtr /*request*/) {
  co_return net::Response{.body = encode_policy_in_force(parts_.policies.in_force())};
}

base::Task<net::Reply> PolicyResource::validate(Principal /*who*/, RequestPtr request) {
  auto body = decode_policy(*request, /*with_action=*/false);
  if (!body) co_return refusal(body.error());
  std::move_only_function<core::PolicySyntaxCheck()> work = [policies = &parts_.policies,
                                                             text = std::move(body->policy)] {
    return policies->read(text);
  };
  const auto reading = co_await parts_.workers.run(std::move(work));
  co_return net::Response{.body = encode_policy_reading(reading)};
}

base::Task<net::Reply> PolicyResource::test(Principal /*who*/, RequestPtr request) {
  auto body = decode_policy(*request, /*with_action=*/true);
  if (!body) co_return refusal(body.error());
  std::move_only_function<core::Result<core::PolicyEvaluation>()> work =
      [policies = &parts_.policies, body = std::move(*body)] {
        return policies->evaluate(body.policy, body.action);
      };
  const auto trial = co_await parts_.workers.run(std::move(work));
  if (!trial) co_return error_response(trial.error());
  co_return net::Response{.body = encode_policy_trial(*trial)};
}

}  // namespace colonnade::dialects::faramesh
