// Tells the service supervisor how the start goes: one datagram to $NOTIFY_SOCKET (sd_notify(3)).
#pragma once

#include <string_view>

#include "app/environment.hpp"

namespace colonnade::app {

// `state` is "READY=1", "STOPPING=1" … False when nobody asked or the datagram could not be sent;
// a service runs on either way.
bool notify_service(const Environment& environment, std::string_view state);

}  // namespace colonnade::app
