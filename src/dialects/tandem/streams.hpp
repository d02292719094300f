// /event, /global/event, /run/{id}/events, and those of resources, routines and automations (tandem
// §2.1, §3).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/events/subscriptions.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"
#include "dialects/tandem/caller.hpp"
#include "dialects/tandem/event_stream.hpp"
#include "dialects/tandem/notices.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

class StreamResource {
 public:
  struct Dependencies {
    core::Threads& threads;
    core::Runs& runs;
    core::Subscriptions& subscriptions;
    Notices& notices;
    base::Clock& clock;
    std::chrono::milliseconds keepalive_interval = limits::tandem_keepalive_interval;
  };
  explicit StreamResource(Dependencies deps) : deps_(deps) {}

  // With a runID everything since the run began is told first; Last-Event-ID goes on after that
  // event. 404 for a session or a run that is not the caller's to see.
  base::Task<net::Reply> events(core::Principal who, RequestPtr request);
  // What happens to the caller's own resources from now on, of keys that begin with `prefix`.
  base::Task<net::Reply> resource_events(core::Principal who, RequestPtr request);
  // What happens to routines and their runs from now on, in either dress; of one of them.
  base::Task<net::Reply> routine_events(core::Principal who, RequestPtr request);
  base::Task<net::Reply> automation_events(core::Principal who, RequestPtr request);
  // The same of automations V2 and their runs; of one of them.
  base::Task<net::Reply> flow_events(core::Principal who, RequestPtr request);
  // A JSON array of what there is by now, oldest first: `tail` of the newest, those after
  // `since_seq`. A stream for whoever accepts text/event-stream.
  base::Task<net::Reply> run_events(core::Principal who, RequestPtr request);

  // The stream of one run, from its beginning to just before session.run.finished (prompt_sync).
  base::Task<net::Reply> answer_stream(core::Principal who, std::string run_id);

 private:
  net::Reply follow_run(core::Principal who, StreamKind kind, const core::RunOrigin& origin,
                        std::int64_t sent_to = 0);
  net::Reply stream(core::Principal who, Follow follow);

  Dependencies deps_;
};

std::vector<net::Route> stream_routes(const Callers& in, StreamResource& streams);

}  // namespace colonnade::dialects::tandem
