#include "core/jobs/job_bell.hpp"

#include <concepts>
#include <variant>

namespace colonnade::core {
namespace {

template <class T, class... Listed>
concept NamedAmong = (std::same_as<T, Listed> || ...);

struct News {
  bool jobs_due = false;
  bool schedules_due = false;
  const std::string* stopped = nullptr;
};

// Names every change: one that is added and forgotten here does not compile.
struct NewsOf {
  News operator()(const NamedAmong<InsertJob, FinishJob, FailJob, ParkJob, GiveBackJob, WakeJob,
                                   WakeJobs, SettleDueJobs, EndLeases> auto& /*change*/) const {
    return {.jobs_due = true};
  }
  News operator()(const NamedAmong<CancelJob, HoldJob> auto& change) const {
    return {.jobs_due = true, .stopped = &change.id};
  }
  News operator()(const NamedAmong<InsertSchedule, UpdateSchedule> auto& /*change*/) const {
    return {.schedules_due = true};
  }
  News operator()(const NamedAmong<InsertBatch, ClaimJobs, RenewJobs, ReportProgress, PurgeJobs,
                                   DeleteSchedule> auto& /*change*/) const {
    return {};
  }
};

}  // namespace

void JobBell::attach(Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(&listener);
}

void JobBell::detach(Listener& listener) {
  const std::lock_guard lock(mutex_);
  std::erase(listeners_, &listener);
}

void JobBell::ring() {
  const std::lock_guard lock(mutex_);
  for (Listener* one : listeners_) {
    one->jobs_may_be_due();
    one->schedules_may_be_due();
  }
}

void JobBell::jobs_changed(const JobChange& change) {
  const News news = std::visit(NewsOf{}, change.what);
  const std::lock_guard lock(mutex_);
  for (Listener* one : listeners_) {
    if (news.stopped != nullptr) one->job_stopped(*news.stopped);
    if (news.jobs_due) one->jobs_may_be_due();
    if (news.schedules_due) one->schedules_may_be_due();
  }
}

}  // namespace colonnade::core
