// What the offline provider answers: a pure function of the request.
//
// Without a command it says that no model is configured, how to configure one, and what it was
// told. Lines of the user's last message that begin with a command make a script, for demos, tests
// and load:
//
//   /say TEXT          says TEXT, nothing else
//   /think TEXT        reasons TEXT first
//   /tokens N          says N words, one delta each (at most limits::offline_tokens_max)
//   /tool NAME {JSON}  calls the tool if it is offered, with {} when there is no JSON; several
//   lines make
//                      parallel calls; once the results are there, it reports them
//   /slow MS           waits MS milliseconds between the words of this reply
//   /refuse            declines
//   /fail [KIND]       fails: upstream, or the ErrorKind named; rate_limited and unavailable may be
//   retried
//
// Other lines of a script are ignored.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::providers::offline {

struct ScriptedReply {
  std::chrono::milliseconds delay{0};      // between deltas; 0: the provider's own
  std::vector<core::ModelEvent> deltas{};  // a word each
  core::ModelReply reply{};
  std::optional<base::Error> failure{};  // in place of the reply, after the deltas
};

ScriptedReply play_script(const core::ModelRequest& request);

}  // namespace colonnade::providers::offline
