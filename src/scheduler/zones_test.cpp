#include "scheduler/zones.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace colonnade::scheduler {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year;

// A folder of zone files that a test may change.
class ZonesFolder : public ::testing::Test {
 protected:
  ZonesFolder() {
    std::string name = (fs::temp_directory_path() / "zones-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ZonesFolder() override { fs::remove_all(path_); }

  void write(const std::string& name, const std::string& bytes) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  // As a package manager does.
  void replace(const std::string& name, const std::string& bytes) {
    write(name + "-new", bytes);
    fs::rename(path_ / (name + "-new"), path_ / name);
  }

  fs::path path_;
};

// The smallest file there is: one offset, and a rule.
std::string zone_bytes(int offset_hours) {
  const int offset = offset_hours * 3600;
  const std::string counts("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4", 24);
  std::string block = "TZif2" + std::string(15, '\0') + counts;
  for (int shift = 24; shift >= 0; shift -= 8) block += static_cast<char>(offset >> shift);
  block += std::string("\0\0XYZ\0", 6);
  return block + block + "\nXYZ" + std::to_string(-offset_hours) + "\n";
}

TEST(Zones, KnowTheMachinesZones) {
  Zones zones;
  const auto paris = zones.zone("Europe/Paris");
  ASSERT_TRUE(paris.has_value()) << paris.error().message;
  EXPECT_EQ((*paris)->name(), "Europe/Paris");
  EXPECT_EQ((*paris)->span_at(sys_days(year(2026) / 7 / 1)).offset, hours(2));
  EXPECT_EQ(zones.zone("Europe/Paris").value(), *paris);  // the same one
  EXPECT_TRUE(zones.zone("America/Argentina/ComodRivadavia").has_value());
  EXPECT_TRUE(zones.zone("Etc/GMT+12").has_value());
}

TEST_F(ZonesFolder, UtcNeedsNoFile) {
  Zones zones(path_.string());
  EXPECT_EQ(zones.zone("UTC").value()->name(), "UTC");
  EXPECT_EQ(zones.zone("Etc/UTC").value()->name(), "UTC");
}

TEST_F(ZonesFolder, RefusesWhatIsNoZoneAndNamesTheField) {
  write("Some/Where", zone_bytes(1));
  write("tzdata.zi", "# version 2025b");
  write("leapseconds", "# no zone");
  write("posixrules", zone_bytes(1));
  write("right/Some/Where", zone_bytes(1));
  write("outside/Where", zone_bytes(1));
  fs::create_directories(path_ / "folder");
  Zones zones((path_ / ".").string());
  EXPECT_TRUE(zones.zone("Some/Where").has_value());
  for (const std::string name :
       {"Some/Nowhere", "some/where", "Some", "folder", "tzdata.zi", "leapseconds", "posixrules",
        "right/Some/Where", "", "/Some/Where", "Some/../outside/Where", "../etc/passwd",
        "Some//Where", "Some/Where/", ".", "Some/Where\n", "Some/Wh\xC3\xA9re", "+01:00"}) {
    const auto zone = zones.zone(name, "scheduleTimezone");
    ASSERT_FALSE(zone.has_value()) << name;
    EXPECT_EQ(zone.error().kind, base::ErrorKind::invalid) << name;
    EXPECT_EQ(zone.error().field, "scheduleTimezone") << name;
  }
  EXPECT_FALSE(zones.zone(std::string(65, 'a')).has_value());
  EXPECT_EQ(zones.zone("Some/Nowhere").error().message,
            "there is no time zone Some/Nowhere; write a name of the IANA database, such as "
            "Europe/Paris or UTC");
  EXPECT_EQ(zones.zone("../etc/passwd").error().message,
            "this is no name of a time zone; write a name of the IANA database, such as "
            "Europe/Paris or UTC");
}

TEST_F(ZonesFolder, ReadsAFileThatWasReplacedAnew) {
  write("Some/Where", zone_bytes(1));
  Zones zones(path_.string());
  const auto before = zones.zone("Some/Where").value();
  replace("Some/Where", zone_bytes(2));
  const auto after = zones.zone("Some/Where").value();
  EXPECT_EQ(before->span_at({}).offset, hours(1));
  EXPECT_EQ(after->span_at({}).offset, hours(2));
}

TEST_F(ZonesFolder, SaysThatAFileIsDamaged) {
  write("Some/Where", "TZif2");
  write("Some/Large", "TZif2" + std::string(300'000, '\0'));
  Zones zones(path_.string());
  const auto damaged = zones.zone("Some/Where");
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().kind, base::ErrorKind::internal);
  EXPECT_EQ(zones.zone("Some/Large").error().kind, base::ErrorKind::internal);
}

// Every zone of this machine, over all of its changes and a few centuries of its rule.
TEST(Zones, AreSoundAndMonotonous) {
  const fs::path folder = "/usr/share/zoneinfo";
  Zones zones;
  std::set<std::uintmax_t> seen;  // many names are links to one file
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    const auto zone = zones.zone(fs::relative(file.path(), folder).string());
    struct ::stat status{};
    if (!zone || ::stat(file.path().c_str(), &status) != 0) continue;
    if (!seen.insert(status.st_ino).second) continue;
    const auto end = std::chrono::sys_seconds(sys_days(year(2060) / 1 / 1));
    auto span = (*zone)->span_at(sys_days(year(1800) / 1 / 1));
    while (span.end < end) {
      const auto next = (*zone)->span_at(span.end);
      ASSERT_EQ(next.begin, span.end) << (*zone)->name();
      // Around the change, later local times mean later moments.
      const std::chrono::local_seconds change(span.end.time_since_epoch() + span.offset);
      auto last = std::chrono::sys_seconds::min();
      for (auto local = change - hours(2); local < change + hours(2);
           local += std::chrono::minutes(15)) {
        const auto moment = (*zone)->first_moment(local);
        if (!moment) {
          ASSERT_GT((*zone)->end_of_gap(local), local);
          ASSERT_TRUE((*zone)->first_moment((*zone)->end_of_gap(local)).has_value());
          continue;
        }
        ASSERT_GT(*moment, last) << (*zone)->name();
        ASSERT_EQ((*zone)->to_local(*moment), local) << (*zone)->name();
        last = *moment;
      }
      span = next;
    }
  }
  EXPECT_GT(seen.size(), 200u);
}

}  // namespace
}  // namespace colonnade::scheduler
