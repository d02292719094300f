// The time zones of this machine, by their IANA names.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "scheduler/zone.hpp"

namespace colonnade::scheduler {

// Thread-safe.
class Zones {
 public:
  // `folder` holds the files of the package tzdata.
  explicit Zones(std::string folder = "/usr/share/zoneinfo") : folder_(std::move(folder)) {}

  // The zone of that name, with capitals as the IANA database has them: Europe/Paris. UTC needs no
  // file. Never null. Asks the kernel at each call whether the file has changed, and reads it then
  // and when the name is new: some KiB, but not on a lane.
  //
  // Errors: invalid with `field` for a name that does not exist; internal for a file that is
  // damaged or cannot be read.
  base::Result<std::shared_ptr<const Zone>> zone(std::string_view name,
                                                 std::string_view field = "timezone");

 private:
  // What a file looked like when it was read.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Stamp stamp{};
    std::shared_ptr<const Zone> zone{};
  };

  std::string folder_;
  std::shared_ptr<const Zone> utc_ = std::make_shared<const Zone>();
  std::mutex mutex_{};
  std::map<std::string, Entry, std::less<>> read_{};  // no more than there are files
};

}  // namespace colonnade::scheduler
