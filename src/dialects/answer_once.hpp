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
#include "core/access/keyed_requests.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

struct RequestKey {
  std::string key{};
  std::string fingerprint{};  // what the key stands for: see fingerprint_of()
};

// SHA-256 over method, path and body.
std::string fingerprint_of(const net::Request& request);

// From the Idempotency-Key header; nullopt without one. An empty header is a key too, one that
// KeyedRequests refuses.
std::optional<RequestKey> request_key(const net::Request& request);

// What a handler is told about its attempt. Both are "" without a key.
struct Attempt {
  std::string keyed_request_id{};  // link what is made to this
  // What an earlier attempt made before its answer was lost: answer from it, make nothing.
  std::string object_id{};
};

// What becomes of the key after an attempt.
enum class KeyOutcome {
  answer,  // the response is stored and given to every later request with the key
  drop,    // nothing happened: the key is free again
  leave,   // it goes on without us (the server stops): the next attempt finds what was made
};

struct Attempted {
  net::Response response{};
  KeyOutcome settlement = KeyOutcome::answer;
  // The thread that the answer tells of, where nothing that was made is linked to the key: what is
  // stored goes when the thread is erased. "" for none.
  std::string thread_id{};
};

// The rule for `status`. A response that reports an effect is always the answer. Without an effect,
// a refusal that may be different next time leaves the key free: 401, 402, 408, 409, 429 and every
// 5xx.
KeyOutcome settlement_of(int status, bool had_effect);

// The end of an attempt that had no effect.
Attempted refused(net::Response response);

class AnswerOnce {
 public:
  // Must be a plain function object that calls a coroutine, never a coroutine lambda.
  using Work = std::move_only_function<base::Task<Attempted>(Attempt)>;

  explicit AnswerOnce(core::KeyedRequests& keyed_requests) : keyed_requests_(keyed_requests) {}

  // Without a key: just does `work`. With one: does it if it is the first of its key, else waits
  // for the one under way, or returns the stored answer. Errors are those of KeyedRequests::begin
  // (conflict for a key that stood for another request, invalid for a bad key).
  base::Task<base::Result<net::Response>> run(core::Principal who, std::optional<RequestKey> key,
                                              Work work);

  // The two halves of run(), for a handler that answers with a stream. Every attempt that begin()
  // gave must be settled, with its keyed_request_id.
  struct Begun {
    std::optional<net::Response> answer{};  // was done before
    Attempt attempt{};                      // otherwise: to be done
  };
  base::Task<base::Result<Begun>> begin(core::Principal who, RequestKey key);
  // Does nothing for an empty `keyed_request_id`.
  base::Task<void> settle(core::Principal who, std::string keyed_request_id, Attempted attempted);

 private:
  core::KeyedRequests& keyed_requests_;
};

}  // namespace colonnade::dialects
