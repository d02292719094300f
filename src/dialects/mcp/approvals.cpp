#include <nlohmann/json.hpp>
#include <utility>

#include "core/limits.hpp"
#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/message.hpp"
#include "dialects/mcp/tools.hpp"

namespace colonnade::dialects::mcp {
namespace {

constexpr std::string_view find_approvals = "list_approvals tells what waits for an answer";
constexpr Arguments::Range approval_rows{.least = 1, .most = limits::page_rows_max};

}  // namespace

base::Task<Attempted> ApprovalTools::list(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::int64_t limit = arguments.whole("limit", approval_rows, limits::mcp_listed_default);
  QuestionPage page{.run_id = arguments.optional_text("run_id"),
                    .before = arguments.optional_text("before"),
                    .limit = static_cast<std::size_t>(limit)};
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  if (!page.before.empty()) {
    const auto known = co_await actions_.get(call.who, page.before);
    if (!known) {
      co_return failed({.kind = base::ErrorKind::invalid,
                        .message = "the argument 'before' must be an approval's id, as 'before' "
                                   "of an earlier answer named it"});
    }
  }
  const auto questions = co_await open_questions(&actions_, call.who, std::move(page));
  if (!questions) co_return failed(questions.error());
  co_return answered(encode_actions(questions->actions, questions->more));
}

base::Task<Attempted> ApprovalTools::approve(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string id = arguments.text("approval_id");
  core::HumanAnswer answer{.approve = true};
  answer.reason = arguments.any_text("reason");
  // What runs is what was sent, to the last digit.
  if (arguments.has_object("arguments")) {
    answer.params = exact_value(call.text, {"params", "arguments", "arguments"});
  }
  const std::string remember = arguments.one_of("remember", {"once", "thread", "always"});
  answer.remember = core::remember_from(remember).value_or(core::Remember::once);
  answer.pattern = arguments.any_text("pattern");
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto attempted = co_await resolve(std::move(call.who), id, std::move(answer));
  co_return attempted;
}

base::Task<Attempted> ApprovalTools::deny(Call call, Attempt /*attempt*/) {
  Arguments arguments(call.arguments);
  const std::string id = arguments.text("approval_id");
  core::HumanAnswer answer{.approve = false};
  answer.reason = arguments.any_text("reason");
  if (const auto fault = arguments.fault()) co_return failed(*fault);
  auto attempted = co_await resolve(std::move(call.who), id, std::move(answer));
  co_return attempted;
}

base::Task<Attempted> ApprovalTools::resolve(Principal who, std::string id,
                                             core::HumanAnswer answer) {
  const auto resolved = co_await actions_.resolve(std::move(who), std::move(id), std::move(answer));
  if (!resolved) co_return failed(resolved.error(), find_approvals);
  co_return answered(encode_action(*resolved));
}

}  // namespace colonnade::dialects::mcp
