#include "app/log_output.hpp"

#include "base/log.hpp"

namespace colonnade::app {
bool open_log(const Settings& settings) {
  base::log::set_level(settings.log.level);
  return settings.log.file.empty() || base::log::write_to_file(settings.log.file).has_value();
}

}  // namespace colonnade::app
