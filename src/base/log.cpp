#include "base/log.hpp"

#include <fcntl.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/secret_text.hpp"

namespace colonnade::base::log {
namespace {

// Each place costs about 400 bytes from the start on.
constexpr std::size_t queue_lines_max = 1024;

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

// Callers log no secrets; but an error's words may come from elsewhere, with a URL or a key in
// them.
struct Write {
  JsonWriter& json;

  void operator()(std::string_view text) const { json.value(hide_secrets(text)); }
  void operator()(const auto& value) const { json.value(value); }
};

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
    std::visit(Write{json}, field.value);
  }
  json.end_object();
  return line;
}

// Makes the file when it is missing; what others may read of an old one is taken from them. A pipe
// or a device is left as it is, and a file that cannot be opened is the sink's to report.
void keep_from_others(const std::string& path) {
  constexpr mode_t owner_only = 0600;
  const int file =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, owner_only);
  if (file < 0) return;
  struct stat about{};
  const bool is_file = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  if (is_file && (about.st_mode & 0177) != 0) (void)::fchmod(file, about.st_mode & owner_only);
  ::close(file);
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
    keep_from_others(path);
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
