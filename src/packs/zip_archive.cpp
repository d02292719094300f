#include "packs/zip_archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "packs/entry_name.hpp"

namespace colonnade::packs {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t piece_bytes = 64UL * 1024;

zip_t* zip_of(const std::unique_ptr<void, FreeArchive>& archive) {
  return static_cast<zip_t*>(archive.get());
}

class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<std::string> read(std::uint64_t offset, std::size_t count) const override {
    return std::string(bytes_.substr(static_cast<std::size_t>(offset), count));
  }

 private:
  std::string_view bytes_;
};

struct CloseEntry {
  void operator()(zip_file_t* file) const { ::zip_fclose(file); }
};

std::unexpected<base::Error> broken_archive(zip_error_t& error) {
  auto out = refused_archive("is broken: " + std::string(::zip_error_strerror(&error)));
  ::zip_error_fini(&error);
  return out;
}

Result<void*> open_source(zip_source_t* source, zip_error_t& error) {
  // CHECKCONS: each file's own head must say what the table of contents says.
  zip_t* opened = ::zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (opened == nullptr) {
    ::zip_source_free(source);
    return broken_archive(error);
  }
  ::zip_error_fini(&error);
  return static_cast<void*>(opened);
}

Result<std::vector<ZipEntry>> checked_entries(const ByteSource& source) {
  auto entries = read_zip_directory(source);
  if (!entries) return entries;
  if (auto safe = check_zip_entries(*entries, source.size()); !safe) {
    return fail(std::move(safe.error()));
  }
  return entries;
}

}  // namespace

Result<FileBytes> FileBytes::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status{};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (descriptor >= 0) ::close(descriptor);
    return fail(ErrorKind::unavailable, "the archive cannot be read");
  }
  return FileBytes(descriptor, static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0)));
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

FileBytes::~FileBytes() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::string> FileBytes::read(std::uint64_t offset, std::size_t count) const {
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(descriptor_, out.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::unavailable, "the archive cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return out;
}

void FreeArchive::operator()(void* archive) const {
  if (archive != nullptr) ::zip_discard(static_cast<zip_t*>(archive));
}

Result<ZipArchive> ZipArchive::open(const std::string& path) {
  const auto bytes = FileBytes::open(path);
  if (!bytes) return fail(bytes.error());
  const auto entries = checked_entries(*bytes);
  if (!entries) return fail(entries.error());
  zip_error_t error;
  ::zip_error_init(&error);
  zip_source_t* source = ::zip_source_file_create(path.c_str(), 0, -1, &error);
  if (source == nullptr) return broken_archive(error);
  const auto opened = open_source(source, error);
  if (!opened) return fail(opened.error());
  ZipArchive out;
  out.archive_.reset(*opened);
  if (auto same = out.match(*entries); !same) return fail(std::move(same.error()));
  return out;
}

Result<ZipArchive> ZipArchive::open_bytes(std::string_view bytes) {
  const auto entries = checked_entries(MemoryBytes(bytes));
  if (!entries) return fail(entries.error());
  zip_error_t error;
  ::zip_error_init(&error);
  zip_source_t* source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return broken_archive(error);
  const auto opened = open_source(source, error);
  if (!opened) return fail(opened.error());
  ZipArchive out;
  out.archive_.reset(*opened);
  if (auto same = out.match(*entries); !same) return fail(std::move(same.error()));
  return out;
}

// What was judged must be what is unpacked.
Result<void> ZipArchive::match(const std::vector<ZipEntry>& entries) {
  zip_t* archive = zip_of(archive_);
  const zip_int64_t count = ::zip_get_num_entries(archive, 0);
  if (std::cmp_not_equal(count, entries.size())) {
    return refused_archive("has two tables of contents");
  }
  for (zip_uint64_t i = 0; i < entries.size(); ++i) {
    const ZipEntry& entry = entries[static_cast<std::size_t>(i)];
    zip_stat_t seen;
    ::zip_stat_init(&seen);
    const bool is_seen = ::zip_stat_index(archive, i, ZIP_FL_ENC_RAW, &seen) == 0;
    constexpr zip_uint64_t needed =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
    const bool is_same = is_seen && (seen.valid & needed) == needed && entry.name == seen.name &&
                         seen.size == entry.bytes && seen.comp_size == entry.packed_bytes &&
                         seen.encryption_method == ZIP_EM_NONE;
    if (!is_same) return refused_entry(entry.name, "is described in two ways");
    if (entry.is_folder()) continue;
    files_.push_back({.path = entry.name, .bytes = entry.bytes, .number = i});
  }
  std::ranges::sort(files_, {}, &File::path);
  return {};
}

const ZipArchive::File* ZipArchive::find(std::string_view path) const {
  const auto at = std::ranges::lower_bound(files_, path, {}, &File::path);
  return at != files_.end() && at->path == path ? &*at : nullptr;
}

Result<void> ZipArchive::read(const File& file, const Take& take,
                              const std::stop_token& stop) const {
  const std::unique_ptr<zip_file_t, CloseEntry> opened(
      ::zip_fopen_index(zip_of(archive_), file.number, 0));
  if (!opened) return refused_entry(file.path, "cannot be unpacked");
  std::array<char, piece_bytes> piece;
  std::uint64_t left = file.bytes;
  for (;;) {
    if (stop.stop_requested()) {
      return fail(ErrorKind::cancelled, "the archive was not needed any more");
    }
    const zip_int64_t got = ::zip_fread(opened.get(), piece.data(), piece.size());
    if (got < 0) return refused_entry(file.path, "is broken: its bytes do not fit its checksum");
    if (got == 0) break;
    if (std::cmp_greater(got, left)) {
      return refused_entry(file.path, "unpacks to more bytes than it says");
    }
    left -= static_cast<std::uint64_t>(got);
    auto taken = take(std::string_view(piece.data(), static_cast<std::size_t>(got)));
    if (!taken) return taken;
  }
  if (left != 0) return refused_entry(file.path, "unpacks to fewer bytes than it says");
  return {};
}

Result<std::string> ZipArchive::text(const File& file, std::size_t bytes_max,
                                     const std::stop_token& stop) const {
  if (file.bytes > bytes_max) {
    return fail(ErrorKind::too_large,
                "\"" + file.path + "\" has " + std::to_string(file.bytes) + " bytes, more than " +
                    std::to_string(bytes_max),
                "archive");
  }
  std::string out;
  out.reserve(static_cast<std::size_t>(file.bytes));
  const Take take = [&out](std::string_view piece) -> Result<void> {
    out += piece;
    return {};
  };
  if (auto done = read(file, take, stop); !done) return fail(std::move(done.error()));
  return out;
}

}  // namespace colonnade::packs
