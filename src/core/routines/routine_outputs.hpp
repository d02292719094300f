// What a run of a routine leaves: a place for each output target, and the files that it wrote in
// its workspace.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/artifacts/artifacts.hpp"
#include "core/routines/routine.hpp"
#include "core/routines/routine_files.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

struct RoutineOutputPorts {
  Threads& threads;
  Artifacts& artifacts;
  RoutineFiles& files;
  WrittenFileSource& written_files;
  base::Clock& clock;
};

// Thread-safe. What could not be kept, the run's notes say. `run` must outlive the calls.
class RoutineOutputs {
 public:
  explicit RoutineOutputs(RoutineOutputPorts ports) : ports_(ports) {}

  // Adds to the artifacts of the notes, which are yet to be stored, what the agent's run has left
  // and they do not have. The bytes of files are on the disk then. What Platos' clients can show is
  // made an artifact of the session, too.
  base::Task<void> keep(Principal who, RoutineRun* run, RunDetail detail);
  // The store takes none of the files that were added behind the first `known` artifacts: takes
  // them out again, and off the disk.
  base::Task<void> leave_out(Principal who, RoutineRun* run, std::size_t known, std::string why);

 private:
  base::Task<void> keep_written(Principal who, RoutineRun* run, RunDetail detail);
  base::Task<void> keep_file(Principal who, RoutineRun* run, WrittenFile file);
  base::Task<void> make_artifact(Principal who, RoutineRun* run, RunDetail detail,
                                 WrittenFile file);

  RoutineOutputPorts ports_;
};

}  // namespace colonnade::core
