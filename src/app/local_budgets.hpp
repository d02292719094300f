// What `colonnade budgets` does: the budgets of the data folder's store. While a server runs on it
// that goes through the server's routes, with the operator's token; otherwise the store is opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/settings.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// Answers are those of the operator's routes (dialects/operator/budget_wire.hpp). Errors are in
// words for the operator.
class LocalBudgets {
 public:
  virtual ~LocalBudgets() = default;
  // "" finds the scope that the first operator looks at, in all of these.
  virtual base::Result<base::Json> list(const std::string& scope) = 0;
  // `user` is whose window is shown of a budget for every user.
  virtual base::Result<base::Json> show(const std::string& scope, const std::string& id,
                                        const std::string& user) = 0;
  // `body` is JSON, as POST /api/v1/operator/budgets takes it.
  virtual base::Result<base::Json> set(const std::string& scope, const std::string& body) = 0;
  virtual base::Result<void> remove(const std::string& scope, const std::string& id) = 0;
  virtual base::Result<base::Json> lift(const std::string& scope, const std::string& id,
                                        std::int64_t minutes) = 0;
};

// Errors: unavailable, conflict, not_found, as open_local_access() has them.
base::Result<std::unique_ptr<LocalBudgets>> open_local_budgets(const Settings& settings);

}  // namespace colonnade::app
