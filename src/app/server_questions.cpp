#include "app/server_questions.hpp"

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/access/account.hpp"
#include "tools/form_answer.hpp"
#include "tools/mcp/protocol.hpp"

namespace colonnade::app {
namespace {

using base::Json;
using tools::mcp::ElicitationAnswer;
using tools::mcp::member;

constexpr const char* question_tool = "question";
constexpr const char* call_operation = "call";

// Told of the records about one action.
class AnswerSubscriber final : public core::AuditSubscriber {
 public:
  explicit AnswerSubscriber(std::string action_id) : action_id_(std::move(action_id)) {}
  void deliver(const core::AuditNewsPtr& news) override {
    const bool ours =
        news->record.subject == action_id_ && news->record.kind == core::audit_kind::approval;
    if (ours) done->complete(true);
  }
  void cut_off() override { done->complete(false); }

  std::shared_ptr<base::Completion<bool>> done = std::make_shared<base::Completion<bool>>();

 private:
  std::string action_id_;
};

core::HumanAnswer withdrawal() {
  return {.approve = false, .reason = "the call that asked has ended"};
}

}  // namespace

Json question_params(const tools::mcp::Elicitation& question) {
  Json out = {{"question", question.message}, {"server", question.server}};
  const Json& properties = member(question.schema, "properties");
  if (!properties.is_object()) return out;
  out["form"] = question.schema;
  // Shown as choices where there is one field to choose.
  if (properties.size() == 1 && member(properties.front(), "enum").is_array()) {
    out["options"] = properties.front().at("enum");
  }
  return out;
}

base::Task<void> ServerQuestions::wait(base::Lane* lane, std::int64_t after, std::string action_id,
                                       std::stop_token stop) {
  AnswerSubscriber answered(action_id);
  auto subscription = co_await feed_.subscribe(lane, after, &answered);
  if (!subscription) {
    base::log::error("question_subscription_failed", {{"error", subscription.error().message}});
    co_return;
  }
  const auto done = answered.done;
  co_await done->wait(stop);
}

base::Task<ElicitationAnswer> ServerQuestions::ask(tools::ToolContext context,
                                                   tools::mcp::Elicitation question,
                                                   std::stop_token stop) {
  using Verdict = ElicitationAnswer::Action;
  const auto place = open_.take(core::account_of(context.scope, context.user_id));
  if (!place) {
    base::log::warn("question_not_asked",
                    {{"server", question.server}, {"error", place.error().message}});
    co_return ElicitationAnswer{};
  }
  base::Lane* lane = servers_lane_.is_current() ? &servers_lane_ : context.lane;
  const core::Principal who(context.scope, context.user_id, core::UserRole::member);
  core::ActionRequest request{
      .agent_id = context.agent_id.empty() ? std::string(core::default_agent_id) : context.agent_id,
      .tool = question_tool,
      .operation = call_operation,
      .params = base::to_text(question_params(question)),
      .context = base::to_text(Json{{"thread_id", context.thread_id},
                                    {"run_id", context.run_id},
                                    {"server", question.server}})};
  const auto before = co_await feed_.last_seq();
  auto action = co_await actions_.submit(who, std::move(request));
  if (!action || !before) {
    base::log::warn("question_not_asked", {{"server", question.server}});
    co_return ElicitationAnswer{};
  }
  const std::string id = action->id;
  if (action->state == core::ActionState::pending_approval) {
    co_await wait(lane, *before, id, stop);
    action = co_await actions_.get(who, id);
  }
  if (action && action->state == core::ActionState::pending_approval) {
    auto withdrawn = co_await actions_.resolve(who, id, withdrawal());
    co_return ElicitationAnswer{.action = Verdict::cancel};
  }
  if (!action || action->state != core::ActionState::approved) {
    const bool by_human = action && !action->resolved_by.empty();
    co_return ElicitationAnswer{.action = by_human ? Verdict::decline : Verdict::cancel};
  }
  const auto params = base::parse_json(action->request.params, "params");
  auto content = tools::form_answer(params ? *params : Json(), question.schema);
  const bool filled_in = content.has_value();
  const std::string problem = filled_in ? "" : content.error().message;
  auto settled = co_await actions_.report(who, id, filled_in, problem);
  if (!content) co_return ElicitationAnswer{};
  co_return ElicitationAnswer{.action = Verdict::accept, .content = std::move(*content)};
}

}  // namespace colonnade::app
