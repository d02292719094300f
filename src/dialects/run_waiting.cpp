#include "dialects/run_waiting.hpp"

#include <utility>

namespace colonnade::dialects {

base::Task<core::Result<core::FinishedRun>> finish_run(core::Runs* runs, core::Principal who,
                                                       std::string run_id, std::stop_token gone) {
  auto finished = co_await runs->wait(who, run_id, gone);
  const bool left = !finished && finished.error().kind == base::ErrorKind::cancelled;
  if (!left || !gone.stop_requested()) co_return finished;
  // not_found: it has just ended by itself
  [[maybe_unused]] const auto asked = co_await runs->cancel(who, run_id);
  std::stop_token none;
  finished = co_await runs->wait(std::move(who), std::move(run_id), std::move(none));
  co_return finished;
}

}  // namespace colonnade::dialects
