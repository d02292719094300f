// What a turn asks of its agent beside its message, in core's words (platos §1.6, §2.2, §5.2).
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "core/attachments/attachments.hpp"
#include "core/runs/run_start.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/turn_request.hpp"

namespace colonnade::dialects::platos {

// Thread-safe; what it is given must outlive it.
class TurnOptionsOf {
 public:
  TurnOptionsOf(core::Attachments& attachments, base::Clock& clock)
      : attachments_(attachments), clock_(clock) {}

  // The message with its options, its files and the configuration of this turn. Errors: invalid,
  // naming the member; those of core::Attachments::parts.
  base::Task<base::Result<core::NewMessage>> apply(Caller caller, TurnRequest request,
                                                   core::NewMessage message);

 private:
  core::Attachments& attachments_;
  base::Clock& clock_;
};

}  // namespace colonnade::dialects::platos
