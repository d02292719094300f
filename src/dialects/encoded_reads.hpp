// Answers to reads, kept as the bytes they were sent as while what they show is unchanged.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/events/revisions.hpp"

namespace colonnade::dialects {

// One object per lane, used there only. Two generations: when the young one holds
// limits::encoded_reads_bytes_max / 2 it becomes the old one, and what was old is forgotten.
class EncodedReads {
 public:
  // One buffer for all who are sent it.
  using Body = std::shared_ptr<const std::string>;

  explicit EncodedReads(const core::Revisions& revisions) : revisions_(revisions) {}

  // A read of the store that is about to happen. `key` says all that the answer depends on, who
  // asks included; `place` says where a change of it shows. Begun before the store is asked.
  struct Reading {
    std::string key{};
    core::Revisions::Place place = 0;
    std::optional<core::Revisions::Stamp> stamp{};
  };
  Reading begin(std::string key, core::Revisions::Place place) const {
    return {.key = std::move(key), .place = place, .stamp = revisions_.stamp(place)};
  }
  // What was kept for this key and is still so; nullptr when there is nothing.
  Body find(const Reading& reading) { return find(reading.key); }
  // What came of it, for all who are sent it; kept, unless a change was under way. Errors are not
  // kept.
  Body keep(Reading reading, std::string encoded) {
    auto body = std::make_shared<const std::string>(std::move(encoded));
    if (reading.stamp) {
      keep(std::move(reading.key),
           CacheEntry{.place = reading.place, .stamp = *reading.stamp, .body = body});
    }
    return body;
  }

 private:
  struct CacheEntry {
    core::Revisions::Place place = 0;
    core::Revisions::Stamp stamp = 0;
    Body body{};
  };
  using Generation = std::unordered_map<std::string, CacheEntry>;

  Body find(const std::string& key);
  void keep(std::string key, CacheEntry kept);

  const core::Revisions& revisions_;
  Generation young_;
  Generation old_;
  std::size_t young_bytes_ = 0;
};

}  // namespace colonnade::dialects
