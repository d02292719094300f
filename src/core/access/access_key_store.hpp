// The store port for access keys, as core/events/journal.hpp says of all.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/access_key.hpp"
#include "core/access/every_scope.hpp"

namespace colonnade::core {

using base::Result;

class AccessKeyStore {
 public:
  virtual ~AccessKeyStore() = default;
  // By scope and id.
  virtual base::Task<Result<std::vector<AccessKey>>> access_keys(EveryScopePage page) = 0;
};

struct InsertAccessKey {  // conflict when its id or its hash is taken
  AccessKey key;
};
struct DeleteAccessKey {  // not_found
  std::string id{};
};

}  // namespace colonnade::core
