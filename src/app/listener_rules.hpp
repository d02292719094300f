// What each listen address means for who is believed to be on this machine.
#pragma once

#include "app/settings.hpp"
#include "dialects/request_origin.hpp"

namespace colonnade::app {

// Whether nothing but programs on this machine connects there, as far as the settings say: a
// loopback address, and nothing speaks of a proxy in front (the setting proxy).
bool is_local_listener(const ListenAddress& address, const Settings& settings);

// What the head of every request there is held against.
dialects::HeadRules head_rules(const ListenAddress& address, const Settings& settings);

}  // namespace colonnade::app
