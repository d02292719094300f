// Rung by commits that workers have to know of, so that nobody has to look at the store from time
// to time. Within this process; what another one commits is announced by ring().
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/events/feed_listener.hpp"
#include "core/jobs/job_store.hpp"

namespace colonnade::core {

// Thread-safe. Listens to the event feed (EventFeed::listen), which it must outlive.
class JobBell final : public FeedListener {
 public:
  // On the thread of whoever rings: must not block, and must not attach or detach.
  class Listener {
   public:
    virtual ~Listener() = default;
    // There may be a job to claim, or one whose time comes earlier.
    virtual void jobs_may_be_due() = 0;
    // There may be a schedule that is due earlier.
    virtual void schedules_may_be_due() = 0;
    // Somebody ended it, or holds it: whoever runs it has lost it.
    virtual void job_stopped(const std::string& id) = 0;
  };

  void attach(Listener& listener);
  // Nothing of the listener is called any more when this returns.
  void detach(Listener& listener);
  // Another process has committed something, or the clock was set.
  void ring();

  void jobs_changed(const JobChange& change) override;

 private:
  std::mutex mutex_;
  std::vector<Listener*> listeners_;
};

}  // namespace colonnade::core
