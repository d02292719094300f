// Submitting once, as a POST handler uses it (architecture §2.6): an `Idempotency-Key` header, or a
// key of the client's own, makes a request have its effect once and always get the same answer.
//
// Answers that hold a secret (a new token, a pairing code) must not be stored: such routes take no
// key.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/task.hpp"
#include "core/access/submissions.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

struct SubmissionKey {
  std::string key{};
  std::string fingerprint{};  // what the key stands for: see fingerprint_of()
};

// SHA-256 over method, path and body.
std::string fingerprint_of(const net::Request& request);

// From the Idempotency-Key header; nullopt without one. An empty header is a key too, one that
// Submissions refuses.
std::optional<SubmissionKey> submission_key(const net::Request& request);

// What a handler is told about its attempt. Both are "" without a key.
struct Attempt {
  std::string submission_id{};  // link what is made to this
  // What an earlier attempt made before its answer was lost: answer from it, make nothing.
  std::string object_id{};
};

// What becomes of the key after an attempt.
enum class Settlement {
  answer,  // the response is stored and given to every later request with the key
  drop,    // nothing happened: the key is free again
  leave,   // it goes on without us (the server stops): the next attempt finds what was made
};

struct Attempted {
  net::Response response{};
  Settlement settlement = Settlement::answer;
};

// The rule for `status`. A response that reports an effect is always the answer. Without an effect,
// a refusal that may be different next time leaves the key free: 401, 408, 409, 429 and every 5xx.
Settlement settlement_of(int status, bool had_effect);

// The end of an attempt that had no effect.
Attempted refused(net::Response response);

class SubmitOnce {
 public:
  // Must be a plain function object that calls a coroutine, never a coroutine lambda.
  using Work = std::move_only_function<base::Task<Attempted>(Attempt)>;

  explicit SubmitOnce(core::Submissions& submissions) : submissions_(submissions) {}

  // Without a key: just does `work`. With one: does it if it is the first of its key, else waits
  // for the one under way, or returns the stored answer. Errors are those of Submissions::begin
  // (conflict for a key that stood for another request, invalid for a bad key).
  base::Task<base::Result<net::Response>> run(core::Principal who, std::optional<SubmissionKey> key,
                                              Work work);

  // The two halves of run(), for a handler that answers with a stream. Every attempt that begin()
  // gave must be settled, with its submission_id.
  struct Begun {
    std::optional<net::Response> answer{};  // was done before
    Attempt attempt{};                      // otherwise: to be done
  };
  base::Task<base::Result<Begun>> begin(core::Principal who, SubmissionKey key);
  // Does nothing for an empty `submission_id`.
  base::Task<void> settle(core::Principal who, std::string submission_id, Attempted attempted);

 private:
  core::Submissions& submissions_;
};

}  // namespace colonnade::dialects
