// Puts packs in and takes them out, step by step: each step is stored with what it makes, so that
// what a process left half done is found and undone at the next start.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/agents/agents.hpp"
#include "core/events/event_feed.hpp"
#include "core/packs/pack_files.hpp"
#include "core/packs/pack_reader.hpp"
#include "core/packs/pack_store.hpp"
#include "core/routines/routines.hpp"
#include "core/threads/erasure.hpp"

namespace colonnade::core {

struct PackInstallationPorts {
  PackStore& store;
  PackFiles& files;
  EventFeed& feed;
  Agents& agents;
  Routines& routines;
  Erasure& erasure;
  base::Clock& clock;
};

// Thread-safe. Of one name and version of a scope, one call at a time gets past its first step.
class PackInstallation {
 public:
  explicit PackInstallation(PackInstallationPorts ports) : ports_(ports) {}

  // Everything of it is there when this returns, or nothing. Linked to `keyed_request_id` in the
  // last transaction, unless that is "". Errors: conflict when that name and version is there;
  // too_large beyond limits::packs_per_scope and pack_bytes_per_scope; those of
  // PackFiles::unpack(), Agents::create() and Routines::create().
  base::Task<Result<Pack>> put_in(Principal who, ReadPack read, std::string keyed_request_id,
                                  std::stop_token stop);
  // Agents with their threads, routines, files, and what is known of it. One that is left half
  // done can be taken out again. Errors: conflict (somebody else does it); the store's.
  base::Task<Result<Pack>> take_out(Principal who, Pack pack);
  // Takes out what was being put in or taken out when the process before ended; once, at the
  // start.
  base::Task<void> recover();

 private:
  base::Task<Result<void>> store(Principal who, Pack* pack, std::vector<Change> also);
  base::Task<Result<void>> make_agents(Principal who, Pack* pack, std::vector<PackAgent> agents);
  base::Task<Result<void>> make_routines(Principal who, Pack* pack,
                                         std::vector<PackRoutine> routines);
  base::Task<Result<void>> make_all(Principal who, Pack* pack, ReadPack read, std::stop_token stop);
  base::Task<Result<void>> remove_made(Principal who, Pack* pack);
  base::Task<Result<void>> remove_routine(Principal who, Pack* pack);
  base::Task<Result<void>> remove_agent(Principal who, Pack* pack);
  base::Task<Result<void>> finish_removal(Principal who, Pack pack);
  Change audited(const Principal& who, const Pack& pack, std::string_view what) const;

  PackInstallationPorts ports_;
};

}  // namespace colonnade::core
