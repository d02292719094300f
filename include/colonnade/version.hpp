// Version of this SDK, and the one macro that marks what it exports.
#pragma once

#define COLONNADE_VERSION_MAJOR 0
#define COLONNADE_VERSION_MINOR 1
#define COLONNADE_VERSION_PATCH 0
#define COLONNADE_VERSION "0.1.0"

#if defined(__GNUC__)
#define COLONNADE_API __attribute__((visibility("default")))
#else
#define COLONNADE_API
#endif
