// A POST that starts a run and is answered with its stream, and may carry an idempotency key: the
// half of it that is the same on every wire.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/runs/runs.hpp"
#include "dialects/answer_once.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// Thread-safe; must outlive the server.
class KeyedStreams {
 public:
  // How the wire says it.
  struct Wire {
    // The stream that a repeated request gets: a run's end, without what came before it.
    net::Response (*ended)(const core::FinishedRun&);
    net::Response (*error)(const base::Error&);
  };
  // Starts the run and links it to the submission, "" without a key. Else: what is answered, and
  // what becomes of the key.
  using Start = std::move_only_function<base::Task<std::expected<core::Run, Attempted>>(
      std::string keyed_request_id)>;

  KeyedStreams(core::Runs& runs, AnswerOnce& answer_once, Wire wire)
      : runs_(runs), answer_once_(answer_once), wire_(wire) {}

  // The run whose stream is the answer; or the answer, when the key was used before or no run
  // began. With a key, the run's end becomes the key's answer, whether or not the client stays.
  base::Task<std::expected<core::Run, net::Response>> begin(core::Principal who,
                                                            std::optional<RequestKey> key,
                                                            base::Lane* lane, Start start);

 private:
  base::Task<Attempted> end_of(core::Principal who, std::string run_id);
  base::Task<net::Response> answer_orphan(core::Principal who, Attempt attempt);
  base::Task<void> settle_later(core::Principal who, std::string run_id,
                                std::string keyed_request_id);

  core::Runs& runs_;
  AnswerOnce& answer_once_;
  Wire wire_;
};

}  // namespace colonnade::dialects
