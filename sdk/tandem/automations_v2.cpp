// Automations V2: their calls, and the methods of both clients.
#include <utility>

#include "colonnade/tandem.hpp"
#include "sdk/call_plan.hpp"
#include "sdk/tandem/calls.hpp"
#include "sdk/tandem/event_streams.hpp"
#include "sdk/tandem/flows.hpp"
#include "sdk/tandem/session.hpp"
#include "sdk/tandem/wire.hpp"

namespace colonnade::inline v1::tandem {
namespace calls {
namespace {

constexpr std::string_view automations_root = "/automations/v2";

Result<std::string> automation_path(std::string_view id, std::string_view rest = {}) {
  return colonnade::detail::path_of(std::string(automations_root) + "/", "automation", id, rest);
}

Result<std::string> automation_run_path(std::string_view id, std::string_view rest = {}) {
  return colonnade::detail::path_of(std::string(automations_root) + "/runs/", "run", id, rest);
}

template <class T>
PlannedCall<T> post_to(Result<std::string> path, std::string body,
                       colonnade::detail::Decode<T> decode) {
  if (!path) return std::move(path).error();
  return colonnade::detail::with_body("POST", *std::move(path), std::move(body), decode);
}

bool is_object_or_null(const Json& more) { return more.is_null() || more.is_object(); }

}  // namespace

PlannedCall<std::vector<AutomationV2>> list_automations_v2() {
  return colonnade::detail::get(std::string(automations_root), &wire::automations_v2);
}
PlannedCall<AutomationV2> create_automation_v2(bool real_engine,
                                               const CreateAutomationV2& request) {
  if (request.name.empty()) return colonnade::detail::usage("a new automation needs a name");
  if (!is_object_or_null(request.more)) {
    return colonnade::detail::usage("CreateAutomationV2::more is no object");
  }
  auto body = wire::create_automation_v2(real_engine, request);
  if (!body) return std::move(body).error();
  return colonnade::detail::with_body("POST", std::string(automations_root), *std::move(body),
                                      &wire::automation_v2);
}
PlannedCall<AutomationV2> get_automation_v2(std::string_view automation_id) {
  auto path = automation_path(automation_id);
  if (!path) return std::move(path).error();
  return colonnade::detail::get(*std::move(path), &wire::automation_v2);
}
PlannedCall<AutomationV2> update_automation_v2(bool real_engine, std::string_view automation_id,
                                               const UpdateAutomationV2& changes) {
  if (!is_object_or_null(changes.more)) {
    return colonnade::detail::usage("UpdateAutomationV2::more is no object");
  }
  auto path = automation_path(automation_id);
  if (!path) return std::move(path).error();
  auto body = wire::update_automation_v2(real_engine, changes);
  if (!body) return std::move(body).error();
  return colonnade::detail::with_body("PATCH", *std::move(path), *std::move(body),
                                      &wire::automation_v2);
}
PlannedCall<bool> remove_automation_v2(std::string_view automation_id) {
  auto path = automation_path(automation_id);
  if (!path) return std::move(path).error();
  return colonnade::detail::without_body("DELETE", *std::move(path), &wire::done);
}
PlannedCall<AutomationV2Run> run_automation_v2(std::string_view automation_id, bool dry_run) {
  return post_to(automation_path(automation_id, "/run_now"), dry_run ? R"({"dry_run":true})" : "{}",
                 &wire::automation_v2_run);
}
PlannedCall<AutomationV2> pause_automation_v2(std::string_view automation_id,
                                              std::string_view reason) {
  return post_to(automation_path(automation_id, "/pause"), wire::text_body("reason", reason),
                 &wire::automation_v2);
}
PlannedCall<AutomationV2> resume_automation_v2(std::string_view automation_id) {
  return post_to(automation_path(automation_id, "/resume"), "{}", &wire::automation_v2);
}
PlannedCall<std::vector<AutomationV2Run>> runs_of_automation_v2(std::string_view automation_id,
                                                                std::int64_t limit) {
  const colonnade::detail::Query query = colonnade::detail::Query().add("limit", limit);
  auto path = automation_path(automation_id, "/runs" + query.text());
  if (!path) return std::move(path).error();
  return colonnade::detail::get(*std::move(path), &wire::automation_v2_runs);
}
PlannedCall<AutomationV2Run> get_automation_v2_run(std::string_view run_id) {
  auto path = automation_run_path(run_id);
  if (!path) return std::move(path).error();
  return colonnade::detail::get(*std::move(path), &wire::automation_v2_run);
}
PlannedCall<AutomationV2Run> change_automation_v2_run(std::string_view run_id,
                                                      std::string_view verb,
                                                      std::string_view reason) {
  return post_to(automation_run_path(run_id, verb), wire::text_body("reason", reason),
                 &wire::automation_v2_run);
}
PlannedCall<AutomationV2Run> decide_gate(std::string_view run_id, std::string_view decision,
                                         std::string_view reason) {
  return post_to(automation_run_path(run_id, "/gate"),
                 wire::text_body("decision", decision, "reason", reason), &wire::automation_v2_run);
}
PlannedCall<AutomationV2Run> repair_automation_v2_run(std::string_view run_id,
                                                      const RepairAutomationNode& repair) {
  if (repair.node_id.empty()) return colonnade::detail::usage("a repair needs a node id");
  return post_to(automation_run_path(run_id, "/repair"), wire::repair_node(repair),
                 &wire::automation_v2_run);
}
PlannedCall<AutomationV2Run> repeat_node(std::string_view run_id, std::string_view node_id,
                                         std::string_view verb, std::string_view reason) {
  auto node = colonnade::detail::segment("node", node_id);
  if (!node) return std::move(node).error();
  const std::string rest = "/tasks/" + *node + std::string(verb);
  return post_to(automation_run_path(run_id, rest), wire::text_body("reason", reason),
                 &wire::automation_v2_run);
}
Result<StreamPlan> automation_v2_events(std::string_view automation_id, std::string_view run_id) {
  const colonnade::detail::Query query =
      colonnade::detail::Query().add("automation_id", automation_id).add("run_id", run_id);
  return StreamPlan{
      .spec = {.method = "GET", .path = std::string(automations_root) + "/events" + query.text()}};
}

}  // namespace calls

// --- the blocking client ------------------------------------------------------------------------

AutomationsV2::AutomationsV2(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

std::vector<AutomationV2> AutomationsV2::list() const {
  return colonnade::detail::perform(*session_, calls::list_automations_v2());
}
AutomationV2 AutomationsV2::create(const CreateAutomationV2& request) const {
  return colonnade::detail::perform(*session_,
                                    calls::create_automation_v2(session_->real_engine, request));
}
AutomationV2 AutomationsV2::get(std::string_view automation_id) const {
  return colonnade::detail::perform(*session_, calls::get_automation_v2(automation_id));
}
AutomationV2 AutomationsV2::update(std::string_view automation_id,
                                   const UpdateAutomationV2& changes) const {
  return colonnade::detail::perform(
      *session_, calls::update_automation_v2(session_->real_engine, automation_id, changes));
}
void AutomationsV2::remove(std::string_view automation_id) const {
  colonnade::detail::perform(*session_, calls::remove_automation_v2(automation_id));
}
AutomationV2Run AutomationsV2::run_now(std::string_view automation_id, bool dry_run) const {
  return colonnade::detail::perform(*session_, calls::run_automation_v2(automation_id, dry_run));
}
AutomationV2 AutomationsV2::pause(std::string_view automation_id, std::string_view reason) const {
  return colonnade::detail::perform(*session_, calls::pause_automation_v2(automation_id, reason));
}
AutomationV2 AutomationsV2::resume(std::string_view automation_id) const {
  return colonnade::detail::perform(*session_, calls::resume_automation_v2(automation_id));
}
std::vector<AutomationV2Run> AutomationsV2::list_runs(std::string_view automation_id,
                                                      std::int64_t limit) const {
  return colonnade::detail::perform(*session_, calls::runs_of_automation_v2(automation_id, limit));
}
AutomationV2Run AutomationsV2::get_run(std::string_view run_id) const {
  return colonnade::detail::perform(*session_, calls::get_automation_v2_run(run_id));
}
AutomationV2Run AutomationsV2::wait_run(std::string_view run_id, const WaitOptions& options) const {
  return run(flows::wait_for_automation_v2_run(session_, run_id, options, Calling::blocking));
}
AutomationV2Run AutomationsV2::pause_run(std::string_view run_id, std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::change_automation_v2_run(run_id, "/pause", reason));
}
AutomationV2Run AutomationsV2::resume_run(std::string_view run_id, std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::change_automation_v2_run(run_id, "/resume", reason));
}
AutomationV2Run AutomationsV2::cancel_run(std::string_view run_id, std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::change_automation_v2_run(run_id, "/cancel", reason));
}
AutomationV2Run AutomationsV2::decide_gate(std::string_view run_id, std::string_view decision,
                                           std::string_view reason) const {
  return colonnade::detail::perform(*session_, calls::decide_gate(run_id, decision, reason));
}
AutomationV2Run AutomationsV2::recover_run(std::string_view run_id, std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::change_automation_v2_run(run_id, "/recover", reason));
}
AutomationV2Run AutomationsV2::repair_run(std::string_view run_id,
                                          const RepairAutomationNode& repair) const {
  return colonnade::detail::perform(*session_, calls::repair_automation_v2_run(run_id, repair));
}
AutomationV2Run AutomationsV2::retry_node(std::string_view run_id, std::string_view node_id,
                                          std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::repeat_node(run_id, node_id, "/retry", reason));
}
AutomationV2Run AutomationsV2::continue_node(std::string_view run_id, std::string_view node_id,
                                             std::string_view reason) const {
  return colonnade::detail::perform(*session_,
                                    calls::repeat_node(run_id, node_id, "/continue", reason));
}
Stream<Event> AutomationsV2::events(std::string_view automation_id, std::string_view run_id) const {
  return detail::blocking_stream(session_, calls::automation_v2_events(automation_id, run_id));
}

// --- the client for coroutines ------------------------------------------------------------------

namespace {

Task<void> removed_automation(Task<bool> done) {
  [[maybe_unused]] const bool answered = co_await std::move(done);
}

}  // namespace

AsyncAutomationsV2::AsyncAutomationsV2(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<AutomationV2>> AsyncAutomationsV2::list() const {
  return colonnade::detail::perform_async(session_, calls::list_automations_v2());
}
Task<AutomationV2> AsyncAutomationsV2::create(const CreateAutomationV2& request) const {
  return colonnade::detail::perform_async(
      session_, calls::create_automation_v2(session_->real_engine, request));
}
Task<AutomationV2> AsyncAutomationsV2::get(std::string_view automation_id) const {
  return colonnade::detail::perform_async(session_, calls::get_automation_v2(automation_id));
}
Task<AutomationV2> AsyncAutomationsV2::update(std::string_view automation_id,
                                              const UpdateAutomationV2& changes) const {
  return colonnade::detail::perform_async(
      session_, calls::update_automation_v2(session_->real_engine, automation_id, changes));
}
Task<void> AsyncAutomationsV2::remove(std::string_view automation_id) const {
  return removed_automation(
      colonnade::detail::perform_async(session_, calls::remove_automation_v2(automation_id)));
}
Task<AutomationV2Run> AsyncAutomationsV2::run_now(std::string_view automation_id,
                                                  bool dry_run) const {
  return colonnade::detail::perform_async(session_,
                                          calls::run_automation_v2(automation_id, dry_run));
}
Task<AutomationV2> AsyncAutomationsV2::pause(std::string_view automation_id,
                                             std::string_view reason) const {
  return colonnade::detail::perform_async(session_,
                                          calls::pause_automation_v2(automation_id, reason));
}
Task<AutomationV2> AsyncAutomationsV2::resume(std::string_view automation_id) const {
  return colonnade::detail::perform_async(session_, calls::resume_automation_v2(automation_id));
}
Task<std::vector<AutomationV2Run>> AsyncAutomationsV2::list_runs(std::string_view automation_id,
                                                                 std::int64_t limit) const {
  return colonnade::detail::perform_async(session_,
                                          calls::runs_of_automation_v2(automation_id, limit));
}
Task<AutomationV2Run> AsyncAutomationsV2::get_run(std::string_view run_id) const {
  return colonnade::detail::perform_async(session_, calls::get_automation_v2_run(run_id));
}
Task<AutomationV2Run> AsyncAutomationsV2::wait_run(std::string_view run_id) const {
  return flows::wait_for_automation_v2_run(session_, run_id, {});
}
Task<AutomationV2Run> AsyncAutomationsV2::wait_run(std::string_view run_id,
                                                   const WaitOptions& options) const {
  return flows::wait_for_automation_v2_run(session_, run_id, options);
}
Task<AutomationV2Run> AsyncAutomationsV2::pause_run(std::string_view run_id,
                                                    std::string_view reason) const {
  return colonnade::detail::perform_async(
      session_, calls::change_automation_v2_run(run_id, "/pause", reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::resume_run(std::string_view run_id,
                                                     std::string_view reason) const {
  return colonnade::detail::perform_async(
      session_, calls::change_automation_v2_run(run_id, "/resume", reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::cancel_run(std::string_view run_id,
                                                     std::string_view reason) const {
  return colonnade::detail::perform_async(
      session_, calls::change_automation_v2_run(run_id, "/cancel", reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::decide_gate(std::string_view run_id,
                                                      std::string_view decision,
                                                      std::string_view reason) const {
  return colonnade::detail::perform_async(session_, calls::decide_gate(run_id, decision, reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::recover_run(std::string_view run_id,
                                                      std::string_view reason) const {
  return colonnade::detail::perform_async(
      session_, calls::change_automation_v2_run(run_id, "/recover", reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::repair_run(std::string_view run_id,
                                                     const RepairAutomationNode& repair) const {
  return colonnade::detail::perform_async(session_,
                                          calls::repair_automation_v2_run(run_id, repair));
}
Task<AutomationV2Run> AsyncAutomationsV2::retry_node(std::string_view run_id,
                                                     std::string_view node_id,
                                                     std::string_view reason) const {
  return colonnade::detail::perform_async(session_,
                                          calls::repeat_node(run_id, node_id, "/retry", reason));
}
Task<AutomationV2Run> AsyncAutomationsV2::continue_node(std::string_view run_id,
                                                        std::string_view node_id,
                                                        std::string_view reason) const {
  return colonnade::detail::perform_async(session_,
                                          calls::repeat_node(run_id, node_id, "/continue", reason));
}
AsyncStream<Event> AsyncAutomationsV2::events(std::string_view automation_id,
                                              std::string_view run_id) const {
  return detail::async_stream(session_, calls::automation_v2_events(automation_id, run_id));
}

}  // namespace colonnade::inline v1::tandem
