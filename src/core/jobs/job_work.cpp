#include "core/jobs/job_work.hpp"

namespace colonnade::core {

base::Task<bool> JobHandler::may_go_on(Job /*job*/) { co_return false; }

base::Task<void> JobHandler::stopped(Job /*job*/) { co_return; }

base::Task<JobStep> FunctionHandler::run(JobContext context) {
  auto step = co_await function_(std::move(context));
  co_return step;
}

void JobHandlers::add(JobHandlerKind kind, std::string name, std::shared_ptr<JobHandler> handler) {
  handlers_[{kind, std::move(name)}] = std::move(handler);
}

JobHandler* JobHandlers::find(const JobWork& work) const {
  const bool by_name = work.kind == JobHandlerKind::internal;
  const auto found = handlers_.find({work.kind, by_name ? work.name : std::string()});
  return found == handlers_.end() ? nullptr : found->second.get();
}

}  // namespace colonnade::core
