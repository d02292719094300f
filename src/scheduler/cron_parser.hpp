// The text of a cron expression as sets of numbers.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "scheduler/cron.hpp"
#include "scheduler/cron_fields.hpp"

namespace colonnade::scheduler {

// As Cron::parse; `text` without white space around it.
base::Result<CronFields> parse_cron_fields(std::string_view text, CronFlavor flavor,
                                           std::string_view field);

}  // namespace colonnade::scheduler
