// What core tells of flows and their runs, as events of /automations/v2/events (tandem §3.6).
#pragma once

#include <vector>

#include "core/events/notices.hpp"
#include "dialects/tandem/notices.hpp"

namespace colonnade::dialects::tandem {

// Empty for what is no flow's.
std::vector<Notice> flow_notices_of(const core::Notice& notice);

}  // namespace colonnade::dialects::tandem
