// Every time zone of this machine against Python's zoneinfo, which reads the same files on its own.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "program_lines.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::peers {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(ZonePeers, SayWhatPythonSays) {
  if (std::system("python3 -c 'import zoneinfo' 2> /dev/null") != 0) {
    GTEST_SKIP() << "no python3 with zoneinfo here";
  }
  const auto script = std::filesystem::path(COLONNADE_SOURCE_DIR) / "tests/peers/zone_offsets.py";
  const std::string moments = is_long_form() ? "300" : "4";
  ProgramLines lines("python3 '" + script.string() + "' " + moments + " 7");
  scheduler::Zones zones;
  std::size_t zones_compared = 0;
  std::size_t moments_compared = 0;
  while (const auto line = lines.next()) {
    const auto words = split(*line, ' ');
    const auto zone = zones.zone(words[0]);
    ASSERT_TRUE(zone.has_value()) << zone.error().message;
    ++zones_compared;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto parts = split(words[i], ':');
      ASSERT_EQ(parts.size(), 3u) << words[i];
      const sys_seconds moment(seconds(std::stoll(parts[0])));
      const auto local = (*zone)->to_local(moment);
      const bool is_first = (*zone)->first_moment(local) == moment;
      ASSERT_EQ((*zone)->span_at(moment).offset, seconds(std::stoll(parts[1])))
          << words[0] << " at " << parts[0];
      ASSERT_EQ(is_first ? "first" : "second", parts[2]) << words[0] << " at " << parts[0];
      ++moments_compared;
    }
  }
  std::printf("%8zu zones, %zu moments: the same\n", zones_compared, moments_compared);
  EXPECT_GT(zones_compared, 400u);
  EXPECT_GT(moments_compared, 4 * zones_compared);
}

}  // namespace
}  // namespace colonnade::peers
