// What bodies of routines and of automations of both versions say of time. For .cpp files of
// sdk/tandem/ only; the bodies are in wire_routines.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sdk/tandem/members.hpp"

namespace colonnade::inline v1::tandem {

// Milliseconds; nothing for null and for none.
struct OptionalMoment {
  std::optional<Timestamp>& at;
};
void read(Element value, OptionalMoment& out);

// All forms that servers write (tandem §2.5).
void read(Element value, Schedule& out);

// A word, or an object with it.
struct Misfires {
  MisfirePolicy& policy;
  std::optional<std::int64_t>& catch_up_max;
};
void read(Element value, Misfires& out);

namespace wire {

// As the server takes it: a real engine's cron has more fields. Fails for what cannot be sent.
Result<Schedule> schedule_for(bool real_engine, const Schedule& schedule);
std::string_view misfire_name(MisfirePolicy policy);

}  // namespace wire
}  // namespace colonnade::inline v1::tandem
