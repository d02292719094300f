// What a certificate file says of itself.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace colonnade::net {

// Until when the first certificate of a PEM file counts. ErrorKind::invalid, naming the file, when
// it cannot be read or holds none. Blocks.
base::Result<base::Time> certificate_expiry(const std::string& file);

}  // namespace colonnade::net
