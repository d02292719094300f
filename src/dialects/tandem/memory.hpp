// Memory (tandem §2.13, §4.12, §6).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/memory/tiered_memories.hpp"
#include "dialects/tandem/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// Where a memory belongs, in its writer's words.
struct MemoryPartition {
  std::string organization{"local"};
  std::string workspace{"default"};
  std::string project{"default"};
  core::MemoryTier tier = core::MemoryTier::session;
  std::string key() const;  // "local/default/default/session"
};

// What of a memory core has no member for lies in its metadata, under these names. The writer's own
// metadata is one of them.
namespace memory_member {
constexpr const char* partition = "partition";
constexpr const char* metadata = "metadata";
constexpr const char* tags = "tags";
constexpr const char* source = "source";
constexpr const char* artifacts = "artifact_refs";
}  // namespace memory_member

// What a request may do in which tiers: a capability token, or what holds without one.
struct MemoryCapability {
  bool sent = false;  // false: the defaults that hold without one
  std::string run_id{};
  std::string subject{};  // "" for nobody in particular
  std::string organization{};
  std::string workspace{};
  std::string project{};
  std::set<core::MemoryTier> read{core::MemoryTier::session, core::MemoryTier::project};
  std::set<core::MemoryTier> write{core::MemoryTier::session};
  std::set<core::MemoryTier> promote{};
  std::optional<base::Time> expires_at{};
};

// The member "capability": an object, or a text that holds one. Any other text says nothing, and
// the defaults hold. Errors: invalid with the field "capability".
base::Result<MemoryCapability> read_capability(const base::Json& body);
// Whether it counts for this partition and this run, now. Errors: unauthorized once it has expired,
// forbidden for another context.
base::Result<void> check_capability(const MemoryCapability& capability,
                                    const MemoryPartition& partition, std::string_view run_id,
                                    base::Time now);
// The member "partition"; what is missing is `fallback`'s. Errors: invalid with the field.
base::Result<MemoryPartition> read_partition(const base::Json& body, MemoryPartition fallback);

// The member "run_id"; "" without one. Errors: invalid.
base::Result<std::string> read_run_id(const base::Json& body);
// That the capability does not cover what a request wants with a tier: forbidden.
base::Error tier_refusal(std::string_view what, core::MemoryTier tier);

// The body of POST /memory/put.
struct MemoryPut {
  core::NewMemory memory{};
  MemoryPartition partition{};
  std::string run_id{};
};
// `client`: the header x-tandem-client-id, whose memory it is where no capability says. Errors:
// invalid with the field; forbidden and unauthorized as a capability says.
base::Result<MemoryPut> read_memory_put(const base::Json& body, std::string_view client,
                                        base::Time now);

// One memory as requests and lists write it, whatever its tier; what its partition lacks is
// `fallback`'s. Errors as above, but for the tier.
base::Result<MemoryPut> read_memory_record(const base::Json& record, std::string_view client,
                                           const MemoryCapability& capability,
                                           MemoryPartition fallback, base::Time now);

// The body of POST /memory/search.
struct MemoryQuery {
  core::MemorySearch search{};
  std::set<core::MemoryTier> used{};
  std::vector<std::string> blocked{};  // tiers that were asked for and may not be read
  std::optional<std::string> subject{};
  std::vector<std::string> tags{};
  std::size_t shown_max = 0;
  std::string run_id{};
  std::string partition{};
};
// Errors as above.
base::Result<MemoryQuery> read_memory_query(const base::Json& body, base::Time now);

// §6: a status of its own for an expired capability and for one that is another's; every other
// error as error_response() says it.
net::Response refused_memory(const base::Error& error);

// /memory…
class MemoryResource {
 public:
  MemoryResource(core::TieredMemories& memories, base::Clock& clock)
      : memories_(memories), clock_(clock) {}

  std::vector<net::Route> routes(const Callers& in);

 private:
  base::Task<net::Reply> put(core::Principal who, RequestPtr request);
  base::Task<net::Reply> search(core::Principal who, RequestPtr request);
  base::Task<net::Reply> list(core::Principal who, RequestPtr request);
  base::Task<net::Reply> promote(core::Principal who, RequestPtr request);
  base::Task<net::Reply> demote(core::Principal who, RequestPtr request);
  base::Task<net::Reply> remove(core::Principal who, RequestPtr request);
  base::Task<net::Reply> audit(core::Principal who, RequestPtr request);

  core::TieredMemories& memories_;
  base::Clock& clock_;
};

}  // namespace colonnade::dialects::tandem
