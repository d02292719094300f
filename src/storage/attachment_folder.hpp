// The bytes of attachments, each a file of its own in a folder beside the database.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/attachments/attachment_store.hpp"

namespace colonnade::storage {

// The system calls that may fail; a test puts its own in their place. As the calls of those names:
// -1 and errno.
struct FileCalls {
  std::function<long(int file, const char* bytes, std::size_t count)> write{};
  std::function<int(int file)> sync{};
  std::function<int(const char* from, const char* to)> rename{};
};
FileCalls system_file_calls();

class AttachmentFolder final : public core::AttachmentFiles {
 public:
  // The folder is made with the first file, for its owner only (0700); files are 0600.
  explicit AttachmentFolder(std::string folder, FileCalls calls = system_file_calls());

  // Written beside its place, synced and renamed, and the folder synced.
  base::Result<void> write(const std::string& id, std::string_view bytes) override;
  base::Result<std::string> read(const std::string& id) override;
  base::Result<void> remove(const std::string& id) override;
  // Also removes what writes that did not end have left.
  base::Result<std::vector<std::string>> ids() override;

 private:
  base::Result<std::string> path_of(const std::string& id) const;
  base::Result<void> sync_folder() const;

  std::string folder_;
  FileCalls calls_;
};

// Copies every file that is there, durably, into the folder `target`, which must not exist. A file
// that goes meanwhile is left out. Errors: conflict when it exists, unavailable when the disk
// refuses; then nothing is left of it.
base::Result<std::size_t> copy_attachments(const std::string& folder, const std::string& target);

}  // namespace colonnade::storage
