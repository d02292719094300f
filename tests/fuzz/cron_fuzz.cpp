// Whatever is written as a cron expression: it is refused with a reason, or it is due at times that
// match it, in order.
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "scheduler/cron.hpp"
#include "scheduler/cron_text.hpp"
#include "scheduler/zones.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using colonnade::fuzz::require;
using colonnade::scheduler::Cron;
using colonnade::scheduler::CronFlavor;
using colonnade::scheduler::Zone;
using std::chrono::sys_seconds;

// Without tzdata: UTC alone.
const Zone& zone_of(std::uint8_t byte) {
  constexpr std::string_view names[]{"UTC",
                                     "Europe/Berlin",
                                     "America/Santiago",
                                     "Australia/Lord_Howe",
                                     "Africa/Casablanca",
                                     "Pacific/Apia"};
  static colonnade::scheduler::Zones zones;
  static const Zone utc;
  const auto zone = zones.zone(names[byte % std::size(names)]);
  return zone ? **zone : utc;
}

// 1970 to 2106, by the first bytes.
sys_seconds moment_of(std::string_view& bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4 && !bytes.empty(); ++i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
  }
  return sys_seconds(std::chrono::seconds(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const auto choice = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  const auto flavor = choice % 2 == 0 ? CronFlavor::classic : CronFlavor::quartz;
  const Zone& zone = zone_of(choice / 2);
  const sys_seconds from = moment_of(bytes);
  const auto cron = Cron::parse(bytes, flavor, "schedule");
  if (!cron) {
    require(!cron.error().message.empty() && cron.error().field == "schedule");
    return 0;
  }
  require(!describe(*cron).empty());
  const auto again = Cron::parse(cron->text(), flavor);
  require(again && again->fields() == cron->fields());
  sys_seconds last = from;
  for (int i = 0; i < 3; ++i) {
    const auto next = cron->next(zone, last);
    if (!next) break;
    require(*next > last);
    const auto local = zone.to_local(*next);
    require(cron->next_local(local) == local);
    require(zone.first_moment(local) == *next);
    require(cron->next(zone, last + (*next - last) / 2) == *next);
    last = *next;
  }
  return 0;
}
