// What core tells of memories, tool servers and resources, in the words of Tandem's streams (tandem
// §3.5, §3.6).
#pragma once

#include <vector>

#include "core/events/notices.hpp"
#include "dialects/tandem/event_text.hpp"

namespace colonnade::dialects::tandem {

// In their order. Of a memory's session and run where it has them; of nothing else.
std::vector<EventText> events_of(const core::Notice& notice);

}  // namespace colonnade::dialects::tandem
