// Memory as something that people and programs keep by hand: tiers, what a request may do in them,
// texts without secrets, and a record of what was done (tandem §4.12).
//
// It is the default agent's memory of an account (core/memory/memories.hpp), and what everybody in
// the scope lets the others see. What is private is seen by nobody else, operators included.
#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/documents/document_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/events/notices.hpp"
#include "core/memory/memories.hpp"

namespace colonnade::core {

// A text as it may be kept.
struct ScrubbedText {
  std::string text{};
  int redactions = 0;          // secrets that "[REDACTED]" stands for
  std::string block_reason{};  // not "": it must not be kept at all
};
// Blocked are private keys and AWS's secret keys by their names.
ScrubbedText scrub_memory_text(std::string_view text);

struct KeptMemory {
  MemoryItem item;
  bool deduped = false;  // it was there already, and nothing was stored
  int redactions = 0;
  std::string record_id{};
};

struct FoundMemories {
  std::vector<RankedMemory> memories{};  // best first
  std::string record_id{};
};

// Memories that come together.
struct MemoryImport {
  std::vector<NewMemory> memories{};  // free ones, without keys
  // The file that each comes from, relative to `source`; empty where they come from none.
  std::vector<std::string> files{};
  std::string source{};      // the path that they come from; "" for none
  bool remove_gone = false;  // what earlier imports of `source` left, and this one does not have
};

struct ImportedMemories {
  std::vector<std::string> ids{};  // of all that are kept now, in their order, each once
  std::size_t stored = 0;
  std::size_t known = 0;    // were there already
  std::size_t blocked = 0;  // must not be kept; see scrub_memory_text()
  std::size_t removed = 0;
  std::size_t files = 0;       // of which something is kept
  std::size_t files_gone = 0;  // of which nothing is left
  int redactions = 0;
  std::string record_id{};
};

struct PromotedMemory {
  std::string id{};  // of what everybody sees now; "" when it is blocked
  MemoryTier tier = MemoryTier::project;
  int redactions = 0;
  std::string block_reason{};
  std::string record_id{};
};

// What was done once.
struct MemoryRecord {
  std::string id{};
  // memory_put, memory_import, memory_search, memory_promote, memory_demote, memory_delete
  std::string action{};
  std::string run_id{};
  std::string memory_id{};
  std::string tier{};       // "" where it says nothing
  std::string partition{};  // the caller's own name of where the memory belongs
  std::string status{};     // ok, deduped, blocked
  std::string actor{};
  base::Time at{};
};

// Who asks, and what its record says besides.
struct MemoryCaller {
  Principal who;
  std::string run_id{};
  std::string partition{};
};

struct TieredMemoryPorts {
  Memories& memories;
  DocumentStore& store;
  EventFeed& feed;
  Notices& notices;
  base::Clock& clock;
};

// Thread-safe.
class TieredMemories {
 public:
  explicit TieredMemories(TieredMemoryPorts ports) : ports_(ports) {}

  // A text without its secrets; one that is there already stays as it is. Errors: invalid with the
  // field "text" for one that is blocked, those of Memories::put().
  base::Task<Result<KeptMemory>> put(base::Lane* lane, MemoryCaller caller, NewMemory input,
                                     std::stop_token stop);
  // put() for many, with one record and one notice for all. What was stored before an error stays;
  // the same import again goes on from there. Errors: those of Memories::put() for one that does
  // not fit; cancelled after a stop.
  base::Task<Result<ImportedMemories>> import(base::Lane* lane, MemoryCaller caller,
                                              MemoryImport input, std::stop_token stop);
  // One's own and everybody's, of these tiers, about `subject` or nobody in particular.
  base::Task<Result<FoundMemories>> search(base::Lane* lane, MemoryCaller caller,
                                           MemorySearch search, std::set<MemoryTier> tiers,
                                           std::optional<std::string> subject,
                                           std::stop_token stop);
  // Newest first. `filter` says the page.
  base::Task<Result<std::vector<MemoryItem>>> list(Principal who, MemoryFilter filter);
  // Lets everybody in the scope see it, in that tier. A text that is blocked stays where it is.
  // not_found unless it is one's own.
  base::Task<Result<PromotedMemory>> promote(base::Lane* lane, MemoryCaller caller, std::string id,
                                             MemoryTier tier, std::stop_token stop);
  // Private again, and found by no search; the id of its record. not_found unless it is one's own,
  // or was let be seen by oneself; an operator may do so with everybody's.
  base::Task<Result<std::string>> demote(base::Lane* lane, MemoryCaller caller, std::string id,
                                         std::stop_token stop);
  // The same, for removing it.
  base::Task<Result<std::string>> remove(MemoryCaller caller, std::string id);

  // What `who` has done, newest first; of one run, or ("") of all. `limit` is
  // limits::memory_records_listed_max at most.
  base::Task<Result<std::vector<MemoryRecord>>> records(Principal who, std::string run_id,
                                                        std::size_t limit) const;

 private:
  base::Task<Result<MemoryItem>> find(Principal who, std::string id);
  base::Task<Result<void>> remove_gone(Principal who, const MemoryImport* input,
                                       ImportedMemories* out);
  base::Task<Result<std::string>> record(MemoryCaller caller, std::string_view action,
                                         std::string memory_id, std::string_view tier,
                                         std::string_view status);
  void tell(const MemoryCaller& caller, NoticeKind kind, const MemoryItem& item,
            base::Json details);

  TieredMemoryPorts ports_;
};

}  // namespace colonnade::core
