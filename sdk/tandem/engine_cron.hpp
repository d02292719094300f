// Cron as people write it, in the words of a real engine.
#pragma once

#include <string>
#include <string_view>

#include "colonnade/error.hpp"

namespace colonnade::inline v1::tandem::wire {

// Five fields with seconds before them, which an engine of 0.4 wants (tandem §2.5). There 1 is
// Sunday, so numbers of weekdays become names. Where both a day of the month and a weekday are
// given, an engine runs on those that are both and not on either: a usage failure. Any other number
// of fields is given back as it is.
Result<std::string> engine_cron(std::string_view cron);

}  // namespace colonnade::inline v1::tandem::wire
