// A cron expression in words, for people who read lists of schedules.
#pragma once

#include <string>

#include "scheduler/cron.hpp"

namespace colonnade::scheduler {

// English, times of 24 hours: "At 06:00, Monday through Friday".
std::string describe(const Cron& cron);

}  // namespace colonnade::scheduler
