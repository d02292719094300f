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

core::ToolOutcome guarded(std::move_only_function<core::ToolOutcome()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    base::log::error("tool_exception", {{"error", std::string_view(error.what())}});
    return failed("the tool failed with an internal error; the server's log has the details");
  }
}

}  // namespace

base::Task<core::ToolOutcome> run_blocking(base::Workers* workers, std::stop_token stop,
                                           std::move_only_function<core::ToolOutcome()> work) {
  auto shared = std::make_shared<Shared>();
  workers->post([shared, work = std::move(work)]() mutable {
    if (!shared->leave_queue(Phase::running)) return;
    shared->done.complete(guarded(work));
  });
  auto outcome = co_await shared->done.wait(stop);
  if (outcome) co_return std::move(*outcome);
  if (shared->leave_queue(Phase::abandoned)) co_return failed("the tool was stopped");
  auto last = co_await shared->done.wait();
  co_return last;
}

}  // namespace colonnade::tools
