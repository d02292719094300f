#include "base/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/url_secrets.hpp"

namespace colonnade::base::log {
namespace {

constexpr std::size_t queue_lines_max = 8192;

std::atomic<Level> current_level{Level::info};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
    case Level::off: return "off";
  }
  return "info";
}

std::string line_of(Level level, std::string_view event, Fields fields) {
  static SystemClock clock;
  std::string line;
  line.reserve(160);
  JsonWriter json(line);
  json.object();
  json.field("time", to_rfc3339(clock.now()));
  json.field("level", name_of(level));
  json.field("event", event);
  for (const Field& field : fields) {
    json.key(field.name);
    std::visit([&](const auto& value) { json.value(value); }, field.value);
  }
  json.end_object();
  return line.find("://") == std::string::npos ? line : without_url_secrets(line);
}

// The sink, its queue and its thread; made at the first line, so that a program that logs nothing
// starts no thread.
class Sink {
 public:
  static Sink& get() {
    static Sink sink;
    return sink;
  }

  void write(Level level, std::string line) {
    // Shared with other writers; only a flush or a change of sink keeps them out.
    const std::shared_lock lock(mutex_);
    logger_->log(level >= Level::warn ? spdlog::level::warn : spdlog::level::info, line);
  }

  void open_file(const std::string& path) {
    replace(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  }

  // Joins the queue's thread, which writes out what is queued, then starts afresh.
  void flush() {
    const std::lock_guard lock(mutex_);
    drain();
    start();
  }

 private:
  Sink() : sink_(std::make_shared<spdlog::sinks::stderr_sink_mt>()) { start(); }

  void start() {
    pool_ = std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1);
    logger_ = std::make_shared<spdlog::async_logger>("colonnade", sink_, pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);
    logger_->flush_on(spdlog::level::warn);
  }

  void replace(spdlog::sink_ptr sink) {
    const std::lock_guard lock(mutex_);
    drain();
    sink_ = std::move(sink);
    start();
  }

  // No writer is inside: the pool's last owner is here, and its end is the end of the queue.
  void drain() {
    const std::size_t dropped = pool_->overrun_counter();
    // The queue's thread first: its lines hold the logger, and its end is waited for.
    pool_.reset();
    logger_.reset();
    if (dropped > 0) {
      const std::string text = line_of(Level::warn, "log_lines_dropped", {{"count", dropped}});
      sink_->log(spdlog::details::log_msg("colonnade", spdlog::level::warn, text));
    }
    sink_->flush();
  }

  std::shared_mutex mutex_;
  spdlog::sink_ptr sink_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;  // last: ends before what its lines hold
};

}  // namespace

void set_level(Level level) { current_level.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level >= current_level.load(std::memory_order_relaxed); }

Result<void> write_to_file(std::string_view path) {
  try {
    Sink::get().open_file(std::string(path));
  } catch (const spdlog::spdlog_ex& e) {
    return fail(ErrorKind::invalid,
                "cannot open the log file " + std::string(path) + ": " + e.what(), "log_file");
  }
  return {};
}

void flush() { Sink::get().flush(); }

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  Sink::get().write(level, line_of(level, event, fields));
}

}  // namespace colonnade::base::log
