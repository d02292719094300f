// A small file whose content matters, read again only when it may have changed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace colonnade::gate {

class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // The path without folders.
  std::string name() const;

  // The whole content. not_found when there is no file; invalid when it cannot be read or is larger
  // than limits::policy_file_bytes_max.
  base::Result<std::string> read();

  // Whether read() would say something else than last time. Asks the kernel for the file's times,
  // and compares the content itself while those are too fresh to tell two changes apart.
  bool has_changed();

 private:
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: no file
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;
  base::Result<std::string> content() const;

  std::string path_;
  Stamp seen_;
  bool settled_ = false;       // no change can hide behind an equal stamp
  std::string fingerprint_{};  // of what read() said
};

}  // namespace colonnade::gate
