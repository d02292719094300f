#include "tools/blocking.hpp"

#include <exception>

#include "base/log.hpp"

namespace colonnade::tools {
namespace {

enum class Phase { queued, running, abandoned };

struct Shared {
  std::atomic<Phase> phase{Phase::queued};
  base::Completion<core::ToolOutcome> done{};

  bool leave_queue(Phase to) {
    Phase expected = Phase::queued;
    return phase.compare_exchange_strong(expected, to);
  }
};

core::ToolOutcome guarded(BlockingWork& work, std::stop_token stop) {
  try {
    return work(std::move(stop));
  } catch (const std::exception& error) {
    base::log::error("tool_exception", {{"error", std::string_view(error.what())}});
    return failed("the tool failed with an internal error; the server's log has the details");
  }
}

}  // namespace

base::Task<core::ToolOutcome> run_blocking(base::Workers* workers, std::string account,
                                           std::stop_token stop, BlockingWork work) {
  auto shared = std::make_shared<Shared>();
  auto ticket = std::make_shared<base::JobTicket>();
  const std::stop_callback stopped(
      stop, [ticket] { ticket->give_up(base::JobTicket::Reason::not_wanted); });
  auto posted = workers->post(account, ticket,
                              [shared, work = std::move(work)](std::stop_token over) mutable {
                                if (!shared->leave_queue(Phase::running)) return;
                                shared->done.complete(guarded(work, std::move(over)));
                              });
  if (!posted) co_return failed(posted.error().message);
  auto outcome = co_await shared->done.wait(ticket->token());
  if (outcome) co_return std::move(*outcome);
  if (shared->leave_queue(Phase::abandoned)) co_return failed("the tool was stopped");
  auto last = co_await shared->done.wait();
  co_return last;
}

}  // namespace colonnade::tools
