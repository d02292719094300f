// Which URLs lead to this machine.
#pragma once

#include <string>

namespace colonnade::net {

// Whether a request to `url` (http or https) goes to this machine's loopback interface: its host,
// read as libcurl reads it, is in 127.0.0.0/8, is ::1, or is localhost. False for what is no URL,
// for 0.0.0.0, and for names that merely contain localhost or resolve to it.
bool is_loopback_url(const std::string& url);

}  // namespace colonnade::net
