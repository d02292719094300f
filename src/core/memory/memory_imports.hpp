// Bringing memories into an account's memory in bulk: records that a list once gave, and the texts
// of a folder of this machine.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/memory/memories.hpp"
#include "core/memory/memory_item.hpp"
#include "core/memory/tiered_memories.hpp"
#include "core/threads/directories.hpp"

namespace colonnade::core {

// The pieces that a text is remembered in, in its order: paragraphs that belong together, as far as
// they fit into limits::memory_chunk_bytes; longer ones are cut at the ends of lines, else between
// characters. None is empty.
std::vector<std::string> memory_chunks(std::string_view text);

// What to take from a folder, and how to keep it.
struct FolderImport {
  std::string path{};  // absolute; a folder, or one file
  bool markdown_only = false;
  // Removes what earlier imports of this path have left and this one does not find any more.
  bool remove_gone = false;
  NewMemory like{};  // of each piece: all but its text
};

struct ImportedFolder {
  std::size_t files_found = 0;
  std::size_t files_read = 0;     // those that are text
  std::size_t files_indexed = 0;  // of which something is remembered now
  std::size_t files_gone = 0;     // whose pieces were removed
  ImportedMemories memories{};
};

// Thread-safe.
class MemoryImports {
 public:
  // All must outlive it.
  MemoryImports(TieredMemories& memories, const Directories& directories, base::Workers& workers)
      : memories_(memories), directories_(directories), workers_(workers) {}

  // Errors: too_large beyond limits::import_memories_max; those of TieredMemories::import().
  base::Task<Result<ImportedMemories>> records(base::Lane* lane, MemoryCaller caller,
                                               std::vector<NewMemory> records,
                                               std::stop_token stop);
  // The texts of the folder, each in pieces. It may be whatever the account's threads may be bound
  // to. Hidden files, links, and files that are no text or longer than
  // limits::import_file_bytes_max are passed over. Errors with the field "path": invalid,
  // forbidden, not_found as Directories says, too_large beyond the limits of an import; those of
  // records().
  base::Task<Result<ImportedFolder>> folder(base::Lane* lane, MemoryCaller caller,
                                            FolderImport input, std::stop_token stop);

 private:
  base::Task<Result<FolderTexts>> read(Principal who, Directory directory, bool markdown_only,
                                       std::stop_token stop);

  TieredMemories& memories_;
  const Directories& directories_;
  base::Workers& workers_;
};

}  // namespace colonnade::core
