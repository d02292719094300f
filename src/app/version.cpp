#include "app/version.hpp"

namespace colonnade::app {

const char* version() { return COLONNADE_PROGRAM_VERSION; }

const char* build_type() { return COLONNADE_BUILD_TYPE; }

const char* compiler() { return COLONNADE_COMPILER; }

}  // namespace colonnade::app
