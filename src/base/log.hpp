// Structured logs: one JSON object a line, on standard error.
//
// A line is an event name in snake_case and a few fields. Secrets never go in: callers log ids,
// never tokens, keys, headers or bodies, and what base::hide_secrets() finds in a text is left out.
// Calls are cheap when the level is off, never block on the
// sink for long (a full queue drops the oldest lines and counts them), and may come from any
// thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.hpp"

namespace colonnade::base::log {

enum class Level { debug, info, warn, error, off };

using Value = std::variant<std::string_view, std::int64_t, double, bool>;

struct Field {
  std::string_view name;
  Value value;

  template <class T>
  Field(std::string_view name_in, const T& value_in) : name(name_in), value(convert(value_in)) {}

 private:
  template <class T>
  static Value convert(const T& v) {
    if constexpr (std::is_same_v<T, bool>) {
      return v;
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<std::int64_t>(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(v);
    } else {
      return std::string_view(v);
    }
  }
};

using Fields = std::initializer_list<Field>;

// Default: info.
void set_level(Level level);
bool enabled(Level level);
// Where lines go: standard error, or a file (appended, reopened on SIGHUP by the app), which only
// its owner may read. A file that cannot be opened is ErrorKind::invalid; lines then go where they
// went before.
Result<void> write_to_file(std::string_view path);
// Blocks until everything logged so far is written.
void flush();

void write(Level level, std::string_view event, Fields fields = {});
inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace colonnade::base::log
