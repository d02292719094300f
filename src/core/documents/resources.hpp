// Values that programs keep under keys of their own choice, each with a revision (tandem §2.14).
//
// An account sees its own alone. Values are JSON, and keys are paths: "plan/today".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"

namespace colonnade::core {

struct Resource {
  std::string key{};
  base::Json value{};
  std::int64_t revision = 0;  // 1 for a new one, one more with each change
  std::string updated_by{};   // as the writer says; else the user
  base::Time updated_at{};
  std::optional<std::int64_t> lifetime_ms{};  // from the last change on; then it is not there
};

struct ResourceWrite {
  std::string key{};
  base::Json value{};
  std::optional<std::int64_t> revision_before{};  // 0: there must be none
  std::string updated_by{};
  std::optional<std::int64_t> lifetime_ms{};  // 1 or more
};

// Thread-safe.
class Resources {
 public:
  // All must outlive it.
  Resources(DocumentStore& store, EventFeed& feed, Notices& notices, base::Clock& clock)
      : store_(store), feed_(feed), notices_(notices), clock_(clock) {}

  // By key, of those that begin with `prefix`; limits::resources_listed_max at most.
  base::Task<Result<std::vector<Resource>>> list(Principal who, std::string prefix,
                                                 std::size_t limit) const;
  // not_found.
  base::Task<Result<Resource>> get(Principal who, std::string key) const;
  // Errors: invalid and too_large with the field; conflict with the field "revision" when it is not
  // at `revision_before`, saying at which it is; too_large for more than limits::resources_max.
  base::Task<Result<Resource>> write(Principal who, ResourceWrite input);
  // Merges `write.value` into the present value, as RFC 7396 has it. not_found.
  base::Task<Result<Resource>> merge(Principal who, ResourceWrite input);
  // not_found, conflict as above.
  base::Task<Result<void>> remove(Principal who, std::string key,
                                  std::optional<std::int64_t> revision_before);

 private:
  base::Task<Result<Resource>> store(Principal who, ResourceWrite input);

  DocumentStore& store_;
  EventFeed& feed_;
  Notices& notices_;
  base::Clock& clock_;
};

}  // namespace colonnade::core
