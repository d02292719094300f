// The turns of a thread that ended without an answer, as the model is shown them: what a failed or
// cancelled run did stays known, calls with their results, so that it is not done again. The
// message that tells of it is made for the model's input alone; it is never stored and no client
// sees it.
#pragma once

#include <string>
#include <vector>

#include "base/task.hpp"
#include "core/runs/run.hpp"
#include "core/runs/run_store.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

// The turn of `user_message`, whose run ended as `run` without an answer: an assistant's message
// with the parts of its steps, the results of its calls, and a note that says how it ended. It has
// the id and the time of the user's message.
Message unanswered_turn(const Message& user_message, const Run& run,
                        const std::vector<RunStep>& steps, const std::vector<ToolCall>& calls);

// `history`, oldest first, with such a message behind each user's message that has no answer, but
// for that of the run `open_run_id`. Reads nothing when there is none. Errors of the store.
base::Task<Result<std::vector<Message>>> with_unanswered_turns(RunStore* runs, Scope scope,
                                                               std::vector<Message> history,
                                                               std::string open_run_id);

}  // namespace colonnade::core
