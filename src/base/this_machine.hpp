// Whether an address or a host can only be this machine.
#pragma once

#include <string_view>

namespace colonnade::base {

// Whether the text is a loopback address in digits: 127.0.0.0/8, also in its IPv6-mapped form, or
// ::1.
bool is_loopback(std::string_view address);

// Whether a host, with or without its port and the brackets of an IPv6 address, can only be this
// machine: "localhost", or a loopback address in digits. A name like 127.example.org is somebody
// else's, wherever it points.
bool is_this_machine(std::string_view host);

// "[::1]:80" and "[::1]" → "::1"; "10.0.0.1:80" → "10.0.0.1"; anything else as it is.
std::string_view without_port(std::string_view host);

}  // namespace colonnade::base
