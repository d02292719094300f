// Erasing: what is erased is gone at once for everybody, and its content soon after from the disk.
// That is messages, runs, tool calls, summaries, what was remembered in the thread, the permissions
// and stored answers that belong to it, and the files of its workspace. What was decided about tool
// calls stays in the audit trail.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/agents/agents.hpp"
#include "core/events/event_feed.hpp"
#include "core/memory/memory_store.hpp"
#include "core/runs/run_store.hpp"
#include "core/runs/runs.hpp"
#include "core/threads/thread_files.hpp"
#include "core/threads/thread_store.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {

struct ErasureDependencies {
  ThreadStore& store;
  RunStore& run_store;
  EventFeed& feed;
  Agents& agents;
  Threads& threads;
  Runs& runs;
  base::Clock& clock;
  // Whether the store takes what is written now: an error says why not. Empty: always.
  std::function<Result<void>()> readiness{};
  MemoryStore& memories;
  ThreadFiles* files = nullptr;  // none: threads have no files
};

class Erasure {
 public:
  explicit Erasure(ErasureDependencies deps) : deps_(std::move(deps)) {}

  // Cancels a run that is active in it and waits for its end, but not while the store cannot take
  // that: the thread is gone for everybody, and the next start erases its content. not_found, also
  // when it is another user's; a thread that was only deleted can be erased too.
  base::Task<Result<void>> erase_thread(Principal who, std::string id);
  // With its threads and its memory. not_found; conflict for the default agent.
  base::Task<Result<void>> erase_agent(Principal who, std::string id);
  // Ends what a stop of the server interrupted; once, after the runs were recovered.
  base::Task<void> recover();

 private:
  base::Task<void> purge(Scope scope, std::string id);
  base::Task<bool> ended(Principal starter, std::string run_id) const;
  base::Task<void> sweep_memories();
  void add(Unit& unit, const Thread& thread) const;

  ErasureDependencies deps_;
};

}  // namespace colonnade::core
