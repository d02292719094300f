// What a turn's request asks of its agent beside the message, in core's words (platos §1.6, §2.2,
// §5.2).
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/runs/run_start.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/turn_request.hpp"

namespace colonnade::dialects::platos {

// The message with the turn's options: agent, route, prompt, schema, blocks, reply, and the user
// that placeholders stand for. The thread is pinned to a version by it. What the message of a user
// shows of its turn goes into its metadata.
core::NewMessage with_turn_options(const Caller& caller, const TurnRequest& request,
                                   core::NewMessage message, base::Time now);

// Lays the header X-Platos-Config over the turn: model, maxSteps, contextLimit, historyMode; for
// the routes of one agent alone. "" changes nothing. Errors: invalid, naming the header and its
// member.
base::Result<void> apply_turn_config(std::string_view header, core::NewMessage& message);

}  // namespace colonnade::dialects::platos
