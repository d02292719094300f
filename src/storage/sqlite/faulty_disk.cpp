#include "storage/sqlite/faulty_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>

namespace colonnade::storage::sqlite {
namespace {

constexpr const char* name = "colonnade-faulty-disk";

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void overwrite(std::string& content, std::int64_t offset, const std::string& bytes) {
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (content.size() < end) content.resize(end);
  content.replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
}

}  // namespace

struct FaultyDisk::Tracked {
  struct Change {
    std::int64_t at = 0;  // or the new size
    std::string bytes{};
    bool truncates = false;
  };
  std::string path{};
  std::string durable{};          // what the disk has
  std::vector<Change> pending{};  // what the next sync confirms

  bool is_log() const { return path.ends_with("-wal"); }
  // What the disk would have if the pending changes reached it.
  std::string with_pending() const {
    std::string out = durable;
    for (const Change& change : pending) {
      if (change.truncates) {
        out.resize(static_cast<std::size_t>(change.at));
      } else {
        overwrite(out, change.at, change.bytes);
      }
    }
    return out;
  }
};

namespace {

FaultyDisk* disk = nullptr;

struct File {
  sqlite3_file base;
  std::shared_ptr<FaultyDisk::Tracked>* tracked;  // nullptr for files that nothing is known of
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* own(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return own(file)->real(); }
sqlite3_vfs* real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int close(sqlite3_file* file) {
  delete own(file)->tracked;
  own(file)->tracked = nullptr;
  return real(file)->pMethods->xClose(real(file));
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), to, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  int to_write = size;
  int code = SQLITE_OK;
  if (own(file)->tracked != nullptr) {
    code = disk->before_write(**own(file)->tracked, from, size, offset, &to_write);
  }
  if (to_write > 0) {
    const int written = real(file)->pMethods->xWrite(real(file), from, to_write, offset);
    if (code == SQLITE_OK) code = written;
  }
  if (code == SQLITE_IOERR_WRITE) errno = EIO;
  return code;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK && own(file)->tracked != nullptr) {
    disk->truncated(**own(file)->tracked, size);
  }
  return code;
}
int sync(sqlite3_file* file, int flags) {
  if (own(file)->tracked != nullptr) {
    if (const int code = disk->before_sync(**own(file)->tracked); code != SQLITE_OK) {
      errno = EIO;
      return code;
    }
  }
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags,
              int* out_flags) {
  auto* opened = own(file);
  opened->base.pMethods = nullptr;
  opened->tracked = nullptr;
  const int code = real(vfs)->xOpen(real(vfs), path, opened->real(), flags, out_flags);
  if (opened->real()->pMethods == nullptr) return code;
  opened->base.pMethods = &methods;
  if (code == SQLITE_OK && path != nullptr &&
      (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
    opened->tracked = new std::shared_ptr<FaultyDisk::Tracked>(disk->track(path));
  }
  return code;
}
int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const int code = real(vfs)->xDelete(real(vfs), path, sync_folder);
  if (code == SQLITE_OK) disk->removed(path);
  return code;
}

sqlite3_vfs* registered() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    sqlite3_vfs out = *system;
    out.szOsFile = static_cast<int>(sizeof(File)) + system->szOsFile;
    out.pNext = nullptr;
    out.zName = name;
    out.pAppData = system;
    out.xOpen = open_file;
    out.xDelete = remove;
    // These take the VFS that they belong to.
    out.xAccess = [](sqlite3_vfs* self, const char* path, int flags, int* result) {
      return real(self)->xAccess(real(self), path, flags, result);
    };
    out.xFullPathname = [](sqlite3_vfs* self, const char* path, int size, char* result) {
      return real(self)->xFullPathname(real(self), path, size, result);
    };
    return out;
  }();
  return &vfs;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  disk = this;
  sqlite3_vfs_register(registered(), 0);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(registered());
  disk = nullptr;
}

std::string FaultyDisk::vfs_name() { return name; }

void FaultyDisk::fail_writes(WriteFault fault, std::size_t after, bool writes_half) {
  const std::lock_guard lock(mutex_);
  fails_writes_ = true;
  write_fault_ = fault;
  writes_left_ = after;
  writes_half_ = writes_half;
}

void FaultyDisk::fail_syncs(std::size_t after) {
  const std::lock_guard lock(mutex_);
  fails_syncs_ = true;
  syncs_left_ = after;
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex_);
  fails_writes_ = false;
  fails_syncs_ = false;
}

std::size_t FaultyDisk::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

std::size_t FaultyDisk::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

std::size_t FaultyDisk::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

int FaultyDisk::before_write(Tracked& file, const void* bytes, int size, std::int64_t offset,
                             int* to_write) {
  const std::lock_guard lock(mutex_);
  ++writes_;
  int code = SQLITE_OK;
  if (fails_writes_) {
    if (writes_left_ > 0) {
      --writes_left_;
    } else {
      ++failures_;
      *to_write = writes_half_ ? size / 2 : 0;
      code = write_fault_ == WriteFault::no_space ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
  }
  if (file.is_log()) history_.push_back("write " + std::to_string(offset));
  if (*to_write > 0) {
    file.pending.push_back({.at = offset,
                            .bytes = std::string(static_cast<const char*>(bytes),
                                                 static_cast<std::size_t>(*to_write))});
  }
  return code;
}

int FaultyDisk::before_sync(Tracked& file) {
  const std::lock_guard lock(mutex_);
  ++syncs_;
  const bool fails = fails_syncs_ && syncs_left_ == 0;
  if (fails_syncs_ && syncs_left_ > 0) --syncs_left_;
  if (file.is_log()) history_.push_back(fails ? "sync failed" : "sync");
  if (fails) {
    ++failures_;
    // Sizes are the file system's and stay; the bytes are lost.
    std::erase_if(file.pending, [](const Tracked::Change& change) { return !change.truncates; });
    return SQLITE_IOERR_FSYNC;
  }
  file.durable = file.with_pending();
  file.pending.clear();
  return SQLITE_OK;
}

void FaultyDisk::truncated(Tracked& file, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  if (file.is_log()) history_.push_back("truncate " + std::to_string(size));
  file.pending.push_back({.at = size, .truncates = true});
}

std::shared_ptr<FaultyDisk::Tracked> FaultyDisk::track(const std::string& path) {
  const std::lock_guard lock(mutex_);
  auto& file = files_[path];
  if (!file) {
    file = std::make_shared<Tracked>();
    file->path = path;
    file->durable = content_of(path);
  }
  return file;
}

void FaultyDisk::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

void FaultyDisk::forget_unsynced_bytes() {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, file] : files_) {
    // In place: connections have it open.
    const std::string content = file->with_pending();
    std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    const auto size = std::filesystem::file_size(path);
    if (size <= content.size()) continue;
    // What only the kernel had, beyond what the disk has: zeros.
    std::fstream rest(path, std::ios::binary | std::ios::in | std::ios::out);
    rest.seekp(static_cast<std::streamoff>(content.size()));
    const std::string zeros(size - content.size(), '\0');
    rest.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  }
}

void FaultyDisk::power_cut(const std::string& path, const std::string& target) const {
  const std::lock_guard lock(mutex_);
  for (const char* suffix : {"", "-wal"}) {
    const auto found = files_.find(path + suffix);
    if (found == files_.end()) continue;
    std::ofstream out(target + suffix, std::ios::binary | std::ios::trunc);
    out.write(found->second->durable.data(),
              static_cast<std::streamsize>(found->second->durable.size()));
  }
}

std::vector<std::string> FaultyDisk::log_history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

}  // namespace colonnade::storage::sqlite
