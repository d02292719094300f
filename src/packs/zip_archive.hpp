// An archive that is safe to unpack. The only file that sees libzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "packs/zip_directory.hpp"

namespace colonnade::packs {

// One regular file, which nobody changes meanwhile.
class FileBytes final : public ByteSource {
 public:
  // Errors: unavailable.
  static base::Result<FileBytes> open(const std::string& path);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&&) = delete;
  ~FileBytes() override;

  std::uint64_t size() const override { return size_; }
  base::Result<std::string> read(std::uint64_t offset, std::size_t count) const override;

 private:
  FileBytes(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  int descriptor_;
  std::uint64_t size_;
};

struct FreeArchive {
  void operator()(void* archive) const;
};

// For one thread at a time.
class ZipArchive {
 public:
  struct File {
    std::string path{};
    std::uint64_t bytes = 0;
    std::uint64_t number = 0;  // its place in the table of contents
  };

  // Looks at the table of contents and unpacks nothing yet. Errors: those of read_zip_directory()
  // and check_zip_entries(); invalid with the field "archive" when libzip reads it otherwise.
  static base::Result<ZipArchive> open(const std::string& path);
  // The same of bytes, which must outlive it.
  static base::Result<ZipArchive> open_bytes(std::string_view bytes);

  // Without folders; by path, byte by byte.
  const std::vector<File>& files() const { return files_; }
  // nullptr when there is none.
  const File* find(std::string_view path) const;

  // Hands the file's bytes to `take`, piece by piece; an error of it ends that. Never hands over
  // more than `file.bytes`. Errors: invalid with the field "archive" (broken, or not of the size or
  // the checksum that it says), cancelled after a stop.
  using Take = std::function<base::Result<void>(std::string_view piece)>;
  base::Result<void> read(const File& file, const Take& take, const std::stop_token& stop) const;
  // The whole of one of at most `bytes_max` bytes; too_large.
  base::Result<std::string> text(const File& file, std::size_t bytes_max,
                                 const std::stop_token& stop) const;

 private:
  ZipArchive() = default;
  base::Result<void> match(const std::vector<ZipEntry>& entries);

  std::unique_ptr<void, FreeArchive> archive_;
  std::vector<File> files_;
};

}  // namespace colonnade::packs
