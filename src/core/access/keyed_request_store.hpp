// The store port for requests with an idempotency key, as core/events/journal.hpp says of all.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/keyed_request.hpp"
#include "core/access/scope.hpp"

namespace colonnade::core {

using base::Result;
using base::Time;

class KeyedRequestStore {
 public:
  virtual ~KeyedRequestStore() = default;
  virtual base::Task<Result<std::optional<KeyedRequest>>> keyed_request(Scope scope,
                                                                        std::string user_id,
                                                                        std::string key) = 0;
};

struct InsertKeyedRequest {  // conflict when the user has used the key since `expired_before`
  KeyedRequest keyed_request;
  Time expired_before{};  // an older row under the same key is replaced
};
struct LinkKeyedRequest {  // not_found when it is gone
  std::string id{};
  std::string object_id{};
};
struct AnswerKeyedRequest {
  std::string id{};
  StoredAnswer answer{};
};
struct DropKeyedRequest {  // the attempt had no effect: the key is free again
  std::string id{};
};
struct PurgeKeyedRequests {  // all scopes
  Time created_before{};
};

}  // namespace colonnade::core
