// What was built.
#pragma once

#include <string>

namespace colonnade::app {

const char* version();     // "0.1.0"
const char* build_type();  // "Debug", "RelWithDebInfo" …
const char* compiler();    // "clang 19.1.7"

}  // namespace colonnade::app
