// Whatever lies in a time zone's file: it is refused, or local time is sound at any moment.
#include <chrono>
#include <cstdint>
#include <string_view>

#include "scheduler/zone.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using colonnade::fuzz::require;
using colonnade::scheduler::Zone;
using std::chrono::seconds;
using std::chrono::sys_seconds;

void check_at(const Zone& zone, sys_seconds time) {
  const auto span = zone.span_at(time);
  require(span.begin <= time && time < span.end);
  require(span.offset >= colonnade::scheduler::zone_offset_min &&
          span.offset <= colonnade::scheduler::zone_offset_max);
  const auto local = zone.to_local(time);
  const auto first = zone.first_moment(local);
  require(first && *first <= time && zone.to_local(*first) == local);
  if (!zone.first_moment(local + seconds(1))) {
    require(zone.end_of_gap(local + seconds(1)) > local + seconds(1));
  }
  if (span.end == colonnade::scheduler::zone_time_max) return;
  require(zone.span_at(span.end).begin == span.end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto zone =
      Zone::parse("Fuzz/Zone", std::string_view(reinterpret_cast<const char*>(data), size));
  if (!zone) {
    require(!zone.error().message.empty());
    return 0;
  }
  constexpr std::int64_t begin = -60'000'000'000;  // the year 68
  constexpr std::int64_t end = 250'000'000'000;    // the year 9892
  constexpr std::int64_t step = 2'467'890'123;
  for (std::int64_t time = begin; time < end; time += step) {
    check_at(*zone, sys_seconds(seconds(time)));
  }
  auto change = zone->span_at(sys_seconds(seconds(begin))).end;
  for (int i = 0; i < 8 && change < sys_seconds(seconds(end)); ++i) {
    check_at(*zone, change);
    check_at(*zone, change - seconds(1));
    change = zone->span_at(change).end;
  }
  return 0;
}
