#include "scheduler/zone.hpp"

#include <algorithm>
#include <cstdint>

namespace colonnade::scheduler {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

constexpr std::size_t header_bytes = 44;
constexpr std::size_t type_bytes = 6;

// The six counts of a header, in the order of the file.
struct TzifCounts {
  std::size_t utc_marks = 0;
  std::size_t standard_marks = 0;
  std::size_t leap_seconds = 0;
  std::size_t changes = 0;
  std::size_t types = 0;
  std::size_t name_bytes = 0;
};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  const auto unused = static_cast<int>(64 - 8 * bytes.size());
  return static_cast<std::int64_t>(value << unused) >> unused;  // keeps the sign
}

}  // namespace

// One of the blocks of a file.
struct Zone::Reader {
  std::string_view rest;
  char version = 0;
  TzifCounts counts{};

  bool read_header() {
    if (rest.size() < header_bytes || !rest.starts_with("TZif")) return false;
    version = rest[4];
    constexpr std::size_t first_count = 20;
    const auto count = [&](std::size_t index) {
      return static_cast<std::size_t>(
          static_cast<std::uint32_t>(big_endian(rest.substr(first_count + 4 * index, 4))));
    };
    counts = {count(0), count(1), count(2), count(3), count(4), count(5)};
    rest.remove_prefix(header_bytes);
    return true;
  }

  std::size_t body_bytes(std::size_t time_bytes) const {
    return counts.changes * (time_bytes + 1) + counts.types * type_bytes + counts.name_bytes +
           counts.leap_seconds * (time_bytes + 4) + counts.standard_marks + counts.utc_marks;
  }

  // Reads changes and offsets, and leaves what follows the block. False when it makes no sense.
  bool read_body(std::size_t time_bytes, Zone& out) {
    if (rest.size() < body_bytes(time_bytes) || counts.types == 0) return false;
    if (counts.leap_seconds != 0) return false;  // its times are not POSIX's
    const auto times = rest.substr(0, counts.changes * time_bytes);
    const auto indexes = rest.substr(times.size(), counts.changes);
    const auto types = rest.substr(times.size() + indexes.size(), counts.types * type_bytes);
    const auto offset_of = [&](std::size_t type) {
      return static_cast<std::int32_t>(big_endian(types.substr(type * type_bytes, 4)));
    };
    for (std::size_t type = 0; type < counts.types; ++type) {
      const seconds offset(offset_of(type));
      if (offset < zone_offset_min || offset > zone_offset_max) return false;
    }
    out.offsets_ = {offset_of(0)};
    for (std::size_t i = 0; i < counts.changes; ++i) {
      const std::int64_t at = big_endian(times.substr(i * time_bytes, time_bytes));
      const auto type = static_cast<unsigned char>(indexes[i]);
      if (type >= counts.types || sys_seconds(seconds(at)) <= zone_time_min ||
          sys_seconds(seconds(at)) >= zone_time_max) {
        return false;
      }
      if (!out.changes_.empty() && at <= out.changes_.back()) return false;
      out.changes_.push_back(at);
      out.offsets_.push_back(offset_of(type));
    }
    rest.remove_prefix(body_bytes(time_bytes));
    return true;
  }
};

base::Result<Zone> Zone::parse(std::string name, std::string_view bytes) {
  const auto broken = [&](std::string_view part) {
    return base::fail(base::ErrorKind::invalid, "the time zone file of " + name +
                                                    " is damaged: " + std::string(part) +
                                                    "; install the package tzdata anew");
  };
  constexpr std::size_t short_time = 4;
  constexpr std::size_t long_time = 8;
  Reader reader{bytes};
  Zone out;
  out.name_ = name;
  if (!reader.read_header()) return broken("it has no header");
  if (reader.version == 0) {
    if (!reader.read_body(short_time, out)) return broken("its table makes no sense");
    return out;
  }
  // The first block is for readers that know version 1 only.
  if (reader.body_bytes(short_time) > reader.rest.size()) return broken("it is too short");
  reader.rest.remove_prefix(reader.body_bytes(short_time));
  if (!reader.read_header()) return broken("it has no second header");
  if (!reader.read_body(long_time, out)) return broken("its table makes no sense");
  const auto end = reader.rest.starts_with('\n') ? reader.rest.find('\n', 1) : std::string::npos;
  if (end == std::string::npos) return broken("it does not end with a rule");
  if (const auto rule = reader.rest.substr(1, end - 1); !rule.empty()) {
    out.rule_ = PosixRule::parse(rule);
    if (!out.rule_) return broken("its rule makes no sense");
  }
  return out;
}

ZoneSpan Zone::span_at(sys_seconds time) const {
  const auto next = std::ranges::upper_bound(changes_, time.time_since_epoch().count());
  const auto index = static_cast<std::size_t>(next - changes_.begin());
  ZoneSpan out{zone_time_min, zone_time_max, seconds(offsets_[index])};
  if (index > 0) out.begin = sys_seconds(seconds(changes_[index - 1]));
  if (next != changes_.end()) {
    out.end = sys_seconds(seconds(*next));
  } else if (rule_) {
    const ZoneSpan by_rule = rule_->span_at(time);
    out = {std::max(out.begin, by_rule.begin), by_rule.end, by_rule.offset};
  }
  return out;
}

local_seconds Zone::to_local(sys_seconds time) const {
  return local_seconds(time.time_since_epoch() + span_at(time).offset);
}

std::optional<sys_seconds> Zone::first_moment(local_seconds local) const {
  const sys_seconds last = sys_seconds(local.time_since_epoch() - zone_offset_min);
  auto span = span_at(sys_seconds(local.time_since_epoch() - zone_offset_max));
  for (;;) {
    const sys_seconds moment(local.time_since_epoch() - span.offset);
    if (moment >= span.begin && moment < span.end) return moment;
    if (span.end > last) return std::nullopt;
    span = span_at(span.end);
  }
}

local_seconds Zone::end_of_gap(local_seconds local) const {
  const sys_seconds last = sys_seconds(local.time_since_epoch() - zone_offset_min);
  auto span = span_at(sys_seconds(local.time_since_epoch() - zone_offset_max));
  for (;;) {
    const local_seconds begins(span.begin.time_since_epoch() + span.offset);
    if (begins > local) return begins;
    if (span.end > last) return local + seconds(1);
    span = span_at(span.end);
  }
}

}  // namespace colonnade::scheduler
