// Answers to reads, kept as the bytes they were sent as while what they show is unchanged.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "core/events/revisions.hpp"

namespace colonnade::dialects {

// One object per lane, used there only. Two generations: when the young one holds
// limits::encoded_reads_bytes_max / 2 it becomes the old one, and what was old is forgotten.
class EncodedReads {
 public:
  explicit EncodedReads(const core::Revisions& revisions) : revisions_(revisions) {}

  // What `read` returned for this key before, or what it returns now. `key` says all that the
  // answer depends on, who asks included; `place` says where a change of it shows. Errors of `read`
  // pass through and are not kept.
  template <class Read>
  base::Result<std::string> get(std::string key, core::Revisions::Place place, const Read& read) {
    if (const std::string* known = find(key)) return *known;
    const auto stamp = revisions_.stamp(place);
    base::Result<std::string> body = read();
    if (body && stamp) keep(std::move(key), {.place = place, .stamp = *stamp, .body = *body});
    return body;
  }

 private:
  struct CacheEntry {
    core::Revisions::Place place = 0;
    core::Revisions::Stamp stamp = 0;
    std::string body{};
  };
  using Generation = std::unordered_map<std::string, CacheEntry>;

  const std::string* find(const std::string& key);
  void keep(std::string key, CacheEntry kept);

  const core::Revisions& revisions_;
  Generation young_;
  Generation old_;
  std::size_t young_bytes_ = 0;
};

}  // namespace colonnade::dialects
