#include "packs/disk.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace colonnade::packs {

using base::ErrorKind;
using base::fail;
using base::Result;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t copied_piece_bytes = 256UL * 1024;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<base::Error> no_archive(ErrorKind kind, const std::string& path,
                                        const std::string& why) {
  return fail(kind, path + " " + why, "path");
}

}  // namespace

std::unexpected<base::Error> disk_refused(const std::string& what, int error) {
  base::Error failure{.kind = ErrorKind::unavailable,
                      .message = what + ": " + std::generic_category().message(error)};
  failure.retryable = true;
  return std::unexpected(std::move(failure));
}

void Digest::Free::operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }

Digest::Digest() : context_(::EVP_MD_CTX_new()) {
  if (!context_ || ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

void Digest::take(std::string_view piece) {
  ::EVP_DigestUpdate(context_.get(), piece.data(), piece.size());
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  ::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size && i < bytes.size(); ++i) {
    out += digits[bytes[i] >> 4U];
    out += digits[bytes[i] & 0x0FU];
  }
  return out;
}

Result<NewFile> NewFile::create(std::string path) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0 && errno == EEXIST) {
    return fail(ErrorKind::conflict, path + " exists already");
  }
  if (descriptor < 0) return disk_refused("cannot create " + path, errno);
  return NewFile(std::move(path), descriptor);
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      is_finished_(std::exchange(other.is_finished_, true)) {}

NewFile::~NewFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!is_finished_) ::unlink(path_.c_str());
}

Result<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return disk_refused("cannot write a file of a pack", written < 0 ? errno : EIO);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> NewFile::finish(bool synced) {
  if (synced && ::fsync(descriptor_) != 0) {
    return disk_refused("cannot sync a file of a pack", errno);
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    return disk_refused("cannot close a file of a pack", errno);
  }
  is_finished_ = true;
  return {};
}

Result<void> make_folders(const std::string& path) {
  if (path.empty() || path == "/" || path == ".") return {};
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == EEXIST) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return {};
    return disk_refused("cannot create the folder " + path, ENOTDIR);
  }
  if (errno != ENOENT) return disk_refused("cannot create the folder " + path, errno);
  if (auto made = make_folders(fs::path(path).parent_path().string()); !made) return made;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return disk_refused("cannot create the folder " + path, errno);
  }
  return {};
}

Result<void> sync_all(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0 || ::syncfs(opened.number()) != 0) {
    return disk_refused("cannot sync the folder of packs", errno);
  }
  return {};
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return disk_refused("cannot rename a file of a pack", errno);
}

Result<void> remove_tree(const std::string& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) return disk_refused("cannot remove " + path, failed.value());
  return {};
}

Result<Copied> copy_file(const std::string& from, const std::string& to, std::uint64_t bytes_max,
                         const std::stop_token& stop) {
  // Without waiting: a pipe would hold the thread.
  const Descriptor opened(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened.number() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return no_archive(ErrorKind::not_found, from, "does not exist");
    }
    return no_archive(ErrorKind::forbidden, from,
                      "cannot be read: " + std::generic_category().message(errno));
  }
  struct stat status{};
  if (::fstat(opened.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return no_archive(ErrorKind::invalid, from, "is no regular file");
  }
  auto file = NewFile::create(to);
  if (!file) return fail(std::move(file.error()));
  Copied out;
  Digest digest;
  std::string piece(copied_piece_bytes, '\0');
  for (;;) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "the archive is not needed");
    const ssize_t got = ::read(opened.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_refused("cannot read " + from, errno);
    if (got == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    out.bytes += bytes.size();
    if (out.bytes > bytes_max) {
      return no_archive(ErrorKind::too_large, from,
                        "has more than " + std::to_string(bytes_max) + " bytes");
    }
    digest.take(bytes);
    if (auto written = file->write(bytes); !written) return fail(std::move(written.error()));
  }
  if (auto kept = file->finish(true); !kept) return fail(std::move(kept.error()));
  out.sha256 = digest.hex();
  return out;
}

}  // namespace colonnade::packs
