// A time zone: what local time is at a moment, and which moment a local time means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "scheduler/posix_rule.hpp"
#include "scheduler/zone_span.hpp"

namespace colonnade::scheduler {

// Immutable. Answers for the years -9999 to 9999; after the last transition of the zone's file its
// rule goes on for ever.
class Zone {
 public:
  // UTC, which needs no file.
  Zone() = default;

  // `bytes` is the whole of a file of the system's time zone folder (RFC 9636, versions 1 to 4).
  // Errors: invalid, with what is wrong with the file.
  static base::Result<Zone> parse(std::string name, std::string_view bytes);

  const std::string& name() const { return name_; }

  // The stretch of one offset that holds `time`.
  ZoneSpan span_at(std::chrono::sys_seconds time) const;
  std::chrono::local_seconds to_local(std::chrono::sys_seconds time) const;

  // The moment that `local` means; the first one where a local time comes twice, nullopt where the
  // clock was set forward past it. A later local time never means an earlier moment.
  std::optional<std::chrono::sys_seconds> first_moment(std::chrono::local_seconds local) const;
  // The first local time after `local` that exists. For a `local` that does not exist itself.
  std::chrono::local_seconds end_of_gap(std::chrono::local_seconds local) const;

 private:
  struct Reader;

  std::string name_ = "UTC";
  std::vector<std::int64_t> changes_{};   // seconds since 1970, ascending
  std::vector<std::int32_t> offsets_{0};  // seconds; one before the first change, one after each
  std::optional<PosixRule> rule_{};       // after the last change
};

}  // namespace colonnade::scheduler
