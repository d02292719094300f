#include <utility>

#include "base/json.hpp"
#include "core/governance/limits.hpp"
#include "dialects/faramesh/errors.hpp"
#include "dialects/faramesh/events.hpp"
#include "dialects/faramesh/resources.hpp"
#include "dialects/limits.hpp"
#include "dialects/row_source.hpp"

namespace colonnade::dialects::faramesh {
namespace {

const std::string& action_id(const RequestPtr& request) { return request->path_parameters.front(); }

// An action's answer may hold its approval token.
net::Response private_answer(std::string body) {
  return {.headers = {{"Cache-Control", "no-store"}}, .body = std::move(body)};
}

// A row of a batch that came to nothing.
std::string failed_row(std::size_t index, const Faults& faults, const base::Error* error) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("index", static_cast<std::uint64_t>(index));
  if (error != nullptr) {
    write_error(json, *error);
  } else {
    write_faults(json, faults);
  }
  json.end_object();
  return out;
}

}  // namespace

Attempted ActionResource::answer(const ActionResult& action) {
  if (!action) return refused(action_error(action.error()));
  return {.response = private_answer(encode_action(*action))};
}

base::Task<net::Reply> ActionResource::once(Principal who, RequestPtr request,
                                            AnswerOnce::Work work) {
  auto response =
      co_await deps_.answer_once.run(std::move(who), request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

// --- submitting ---------------------------------------------------------------------------------

// The answer that is kept for its key holds the approval token, which is in the action's own row as
// long as it opens anything.
base::Task<net::Reply> ActionResource::submit(Principal who, RequestPtr request) {
  auto action = decode_action(*request);
  if (!action) co_return refusal(action.error());
  auto work = [this, who, action = std::move(*action)](Attempt attempt) mutable {
    return answer_once(std::move(who), std::move(action), std::move(attempt));
  };
  auto reply = co_await once(who, request, std::move(work));
  co_return reply;
}

base::Task<Attempted> ActionResource::answer_once(Principal who, core::ActionRequest action,
                                                  Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto earlier = co_await deps_.actions.get(std::move(who), attempt.object_id);
    co_return answer(earlier);
  }
  const auto stored = co_await deps_.actions.submit(std::move(who), std::move(action),
                                                    std::move(attempt.keyed_request_id));
  co_return answer(stored);
}

base::Task<net::Reply> ActionResource::batch(Principal who, RequestPtr request) {
  const auto items = decode_batch(*request);
  if (!items) co_return refusal(items.error());
  auto work = [this, who, request](const Attempt& /*attempt*/) mutable {
    return submit_all(std::move(who), std::move(request));
  };
  auto reply = co_await once(who, request, std::move(work));
  co_return reply;
}

// In order, one after the other: a row that cannot be submitted says so at its place.
base::Task<Attempted> ActionResource::submit_all(Principal who, RequestPtr request) {
  const auto items = decode_batch(*request);
  if (!items) co_return refused(refusal(items.error()));
  const std::string here = location_of(R"(["body"])", "actions");
  std::string body;
  base::JsonWriter json(body);
  json.array();
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto item = decode_action((*items)[i], location_of(here, i));
    if (!item) {
      json.raw(failed_row(i, item.error(), nullptr));
      continue;
    }
    const auto stored = co_await deps_.actions.submit(who, std::move(*item));
    if (stored) {
      write_action(json, *stored, Token::shown);
    } else {
      json.raw(failed_row(i, {}, &stored.error()));
    }
  }
  json.end_array();
  co_return Attempted{.response = private_answer(std::move(body))};
}

// --- reading ------------------------------------------------------------------------------------

namespace {

// The list goes on behind the last action that was read, so what is submitted meanwhile moves
// nothing.
class ActionRows final : public RowSource {
 public:
  ActionRows(const core::Actions& actions, Principal who, core::ActionFilter filter)
      : RowSource("[", "]", filter.limit),
        actions_(actions),
        who_(std::move(who)),
        filter_(std::move(filter)) {}

 private:
  base::Task<Rows> read(std::size_t limit) override {
    filter_.limit = limit;
    const auto actions = co_await actions_.list(who_, filter_);
    if (!actions) co_return base::fail(actions.error());
    std::vector<std::string> rows;
    for (const core::Action& action : *actions) rows.push_back(encode_listed(action));
    if (!actions->empty()) {
      filter_.before = actions->back().id;
      filter_.offset = 0;
    }
    co_return rows;
  }

  const core::Actions& actions_;
  Principal who_;
  core::ActionFilter filter_;
};

}  // namespace

base::Task<net::Reply> ActionResource::list(Principal who, RequestPtr request) {
  auto filter = decode_filter(*request);
  if (!filter) co_return refusal(filter.error());
  if (!*filter) co_return net::Response{.body = "[]"};
  co_return net::Response{
      .source = std::make_shared<ActionRows>(deps_.actions, std::move(who), std::move(**filter))};
}

base::Task<net::Reply> ActionResource::get(Principal who, RequestPtr request) {
  const auto action = co_await deps_.actions.get(std::move(who), action_id(request));
  co_return answer(action).response;
}

base::Task<net::Reply> ActionResource::events(Principal who, RequestPtr request) {
  const auto action = co_await deps_.actions.get(who, action_id(request));
  if (!action) co_return action_error(action.error());
  const auto records = co_await deps_.actions.history(std::move(who), action->id);
  if (!records) co_return error_response(records.error());
  co_return net::Response{.body = encode_events(action->id, events_of(*action, *records))};
}

// --- changing -----------------------------------------------------------------------------------

base::Task<net::Reply> ActionResource::approval(Principal who, RequestPtr request) {
  auto answer = decode_approval(*request);
  if (!answer) co_return refusal(answer.error());
  auto work = [this, who, id = action_id(request),
               answer = std::move(*answer)](const Attempt& /*attempt*/) mutable {
    return resolve_once(std::move(who), std::move(id), std::move(answer));
  };
  auto reply = co_await once(who, request, std::move(work));
  co_return reply;
}

base::Task<Attempted> ActionResource::resolve_once(Principal who, std::string id,
                                                   core::HumanAnswer verdict) {
  const auto resolved =
      co_await deps_.actions.resolve(std::move(who), std::move(id), std::move(verdict));
  co_return answer(resolved);
}

// Its body, if there is one, is not looked at (§2.3).
base::Task<net::Reply> ActionResource::start(Principal who, RequestPtr request) {
  auto work = [this, who, request](const Attempt& /*attempt*/) mutable {
    return start_once(std::move(who), std::move(request));
  };
  auto reply = co_await once(who, request, std::move(work));
  co_return reply;
}

base::Task<Attempted> ActionResource::start_once(Principal who, RequestPtr request) {
  const auto started =
      co_await deps_.actions.start(std::move(who), action_id(request), *request->lane);
  co_return answer(started);
}

base::Task<net::Reply> ActionResource::result(Principal who, RequestPtr request) {
  auto body = decode_result(*request);
  if (!body) co_return refusal(body.error());
  auto work = [this, who, id = action_id(request),
               body = std::move(*body)](const Attempt& /*attempt*/) mutable {
    return report_once(std::move(who), std::move(id), std::move(body));
  };
  auto reply = co_await once(who, request, std::move(work));
  co_return reply;
}

base::Task<Attempted> ActionResource::report_once(Principal who, std::string id, ResultBody body) {
  const auto reported = co_await deps_.actions.report(std::move(who), std::move(id), body.success,
                                                      std::move(body.error));
  co_return answer(reported);
}

// --- replaying ----------------------------------------------------------------------------------

base::Task<net::Reply> ActionResource::replay_of(ActionResult action) const {
  if (!action) co_return action_error(action.error());
  const auto verdict = co_await deps_.actions.judge_again(*action);
  if (!verdict) co_return error_response(verdict.error());
  co_return net::Response{.body = encode_replay(*action, verdict->decision)};
}

// Among the newest ones; several may share it, then the newest counts.
base::Task<ActionResource::ActionResult> ActionResource::by_provenance(
    Principal who, std::string provenance_id) const {
  core::ActionFilter filter{.limit = limits::listed_rows_at_once};
  for (std::size_t seen = 0; seen < limits::actions_listed_max; seen += filter.limit) {
    const auto actions = co_await deps_.actions.list(who, filter);
    if (!actions) co_return base::fail(actions.error());
    for (const core::Action& action : *actions) {
      if (wire_decision(action.decision).provenance_id == provenance_id) co_return action;
    }
    if (actions->size() < filter.limit) break;
    filter.before = actions->back().id;
  }
  co_return base::fail(base::ErrorKind::not_found,
                       "there is no action with this provenance_id among the newest " +
                           std::to_string(limits::actions_listed_max));
}

base::Task<net::Reply> ActionResource::replay(Principal who, RequestPtr request) {
  auto action = co_await deps_.actions.get(std::move(who), action_id(request));
  auto reply = co_await replay_of(std::move(action));
  co_return reply;
}

base::Task<net::Reply> ActionResource::replay_named(Principal who, RequestPtr request) {
  const auto body = decode_replay(*request);
  if (!body) co_return refusal(body.error());
  auto named = body->action_id.empty() ? by_provenance(std::move(who), body->provenance_id)
                                       : deps_.actions.get(std::move(who), body->action_id);
  auto action = co_await std::move(named);
  auto reply = co_await replay_of(std::move(action));
  co_return reply;
}

}  // namespace colonnade::dialects::faramesh
