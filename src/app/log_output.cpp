#include "app/log_output.hpp"

#include <string>

#include "base/log.hpp"

namespace colonnade::app {
namespace {

namespace log = base::log;

log::Level level_from(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  if (name == "error") return log::Level::error;
  if (name == "off") return log::Level::off;
  return log::Level::info;
}

}  // namespace

bool open_log(const Settings& settings) {
  log::set_level(level_from(settings.log_level));
  return settings.log_file.empty() || log::write_to_file(settings.log_file).has_value();
}

}  // namespace colonnade::app
