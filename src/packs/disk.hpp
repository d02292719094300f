// Files and folders of packs: made for their owner only, and on the disk before anybody is told.
//
// Everything here blocks: for worker threads.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"

using EVP_MD_CTX = struct evp_md_ctx_st;  // OpenSSL's

namespace colonnade::packs {

// What the disk refused may be tried again.
std::unexpected<base::Error> disk_refused(const std::string& what, int error);

// SHA-256 of what comes piece by piece.
class Digest {
 public:
  Digest();
  void take(std::string_view piece);
  // 64 hexadecimal digits; the last call.
  std::string hex();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// A file that is written. Removed again unless it was finished.
class NewFile {
 public:
  // It must not exist, not even as a link. Errors: conflict when it does, unavailable.
  static base::Result<NewFile> create(std::string path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  base::Result<void> write(std::string_view bytes);
  // It stays. `synced`: it is on the disk when this returns.
  base::Result<void> finish(bool synced);

 private:
  NewFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;
  bool is_finished_ = false;
};

// With those above it, each for its owner only.
base::Result<void> make_folders(const std::string& path);
// Everything that was written to the file system that `folder` is on is on the disk.
base::Result<void> sync_all(const std::string& folder);
base::Result<void> rename_file(const std::string& from, const std::string& to);
// With all that is in it; links are removed, not followed. Nothing when it is not there.
base::Result<void> remove_tree(const std::string& path);

// What was copied.
struct Copied {
  std::uint64_t bytes = 0;
  std::string sha256{};
};
// Of a regular file. Errors: not_found, forbidden, invalid (no regular file), too_large, each with
// the field "path"; cancelled after a stop; those of NewFile.
base::Result<Copied> copy_file(const std::string& from, const std::string& to,
                               std::uint64_t bytes_max, const std::stop_token& stop);

}  // namespace colonnade::packs
