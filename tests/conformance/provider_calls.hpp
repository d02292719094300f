// Whole model calls, as coroutines for base::run_on.
#pragma once

#include <future>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/lane.hpp"
#include "conformance/provider_fixtures.hpp"
#include "core/models/model_provider.hpp"

namespace colonnade::conformance {

// Asks and takes everything until the reply or an error. Counts calls of next() that gave nothing.
struct Asked {
  Outcome outcome{};
  int empty_answers = 0;
};

inline base::Task<Asked> ask_to_the_end(base::Lane* lane, core::ModelProvider* provider,
                                        core::ModelRequest request, std::stop_token stop) {
  Asked out;
  auto stream = provider->ask(*lane, std::move(request), stop);
  while (out.outcome.replies.empty() && out.outcome.errors.empty()) {
    auto events = co_await stream->next();
    if (!events) {
      out.outcome.errors.push_back(events.error());
      break;
    }
    if (events->empty()) ++out.empty_answers;
    collect(*events, out.outcome);
  }
  co_return out;
}

// As before, and tells when the first events are there, so that the test can stop the call then.
inline base::Task<Asked> ask_and_tell(base::Lane* lane, core::ModelProvider* provider,
                                      core::ModelRequest request, std::stop_token stop,
                                      std::shared_ptr<std::promise<void>> first) {
  Asked out;
  auto stream = provider->ask(*lane, std::move(request), stop);
  while (out.outcome.replies.empty() && out.outcome.errors.empty()) {
    auto events = co_await stream->next();
    if (!events) {
      out.outcome.errors.push_back(events.error());
      break;
    }
    collect(*events, out.outcome);
    if (first) first->set_value();
    first.reset();
  }
  co_return out;
}

// Takes the first events and lets the stream go.
inline base::Task<Outcome> ask_and_leave(base::Lane* lane, core::ModelProvider* provider,
                                         core::ModelRequest request) {
  Outcome out;
  auto stream = provider->ask(*lane, std::move(request), std::stop_token());
  auto events = co_await stream->next();
  if (events) collect(*events, out);
  stream.reset();
  co_return out;
}

}  // namespace colonnade::conformance
