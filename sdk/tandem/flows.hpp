// The methods that are more than one call. Written once; the blocking client runs the task, the
// async client awaits it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/tandem/calls.hpp"
#include "sdk/tandem/session.hpp"

namespace colonnade::inline v1::tandem::flows {

using SessionPtr = std::shared_ptr<const detail::Session>;

// At a real engine, which picks no model, with the one that its configuration names.
Task<std::string> create_session(SessionPtr session, const CreateSession& request,
                                 Calling calling = Calling::background);

// A real engine answers with an endless stream, which is refused before it is read.
Task<std::vector<Event>> run_events(SessionPtr session, std::string_view run_id,
                                    const RunEventsQuery& query,
                                    Calling calling = Calling::background);

// Asks until the run has ended, or the time is up.
Task<RoutineRun> wait_for_routine_run(SessionPtr session, Family family, std::string_view run_id,
                                      const WaitOptions& options,
                                      Calling calling = Calling::background);
Task<AutomationV2Run> wait_for_automation_v2_run(SessionPtr session, std::string_view run_id,
                                                 const WaitOptions& options,
                                                 Calling calling = Calling::background);

}  // namespace colonnade::inline v1::tandem::flows
