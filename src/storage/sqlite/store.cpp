#include "storage/sqlite/store.hpp"

#include <utility>

#include "base/log.hpp"
#include "core/events/limits.hpp"
#include "storage/sqlite/budget_reads.hpp"
#include "storage/sqlite/data_file.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/flow_reads.hpp"
#include "storage/sqlite/health.hpp"
#include "storage/sqlite/job_reads.hpp"
#include "storage/sqlite/memory_vectors.hpp"
#include "storage/sqlite/pack_reads.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/sqlite/routine_reads.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/span_reads.hpp"
#include "storage/sqlite/writer.hpp"

namespace colonnade::storage::sqlite {
namespace {

constexpr std::int64_t log_bytes_kept = 64 * 1024 * 1024;  // a longer one is cut after a checkpoint

// What every connection needs. SQLite takes no parameters in a PRAGMA; all of these are numbers.
std::string common_pragmas(const StoreOptions& options, std::int64_t cache_bytes) {
  return "PRAGMA busy_timeout = " + std::to_string(options.busy_time.count()) +
         "; PRAGMA cache_size = -" + std::to_string(cache_bytes / 1024) +
         // A mapping is made anew whenever the file has grown, which costs more than it saves.
         "; PRAGMA mmap_size = 0"
         "; PRAGMA temp_store = memory;";
}

Result<std::unique_ptr<Database>> open_for_writing(const std::string& path,
                                                   const StoreOptions& options) {
  auto database = Database::open(path, Access::read_write, options.vfs);
  if (!database) return database;
  // A file that is not ours is left as it is.
  if (auto ours = schema_of(**database); !ours) return fail(ours.error());
  std::string pragmas = common_pragmas(options, options.writer_cache_bytes);
  pragmas += "PRAGMA journal_mode = wal; PRAGMA synchronous = ";
  pragmas += options.durability == Durability::full ? "full" : "normal";
  // Rows that the writer refers to were looked up by itself, so foreign keys are left to the
  // integrity check. What is deleted is overwritten: erased means erased. The writer copies the log
  // itself: SQLite would drop the errors of that.
  pragmas +=
      "; PRAGMA secure_delete = on; PRAGMA foreign_keys = off; PRAGMA wal_autocheckpoint = 0"
      "; PRAGMA journal_size_limit = " +
      std::to_string(log_bytes_kept) + ";";
  if (auto set = (*database)->execute(pragmas.c_str()); !set) return fail(set.error());
  return database;
}

Result<std::unique_ptr<Database>> open_for_reading(const std::string& path,
                                                   const StoreOptions& options, Health& health) {
  auto database = Database::open(path, Access::read_write, options.vfs);
  if (!database) {
    // Clients see it: the path is for the log.
    base::log::error("database_not_opened", {{"error", database.error().message}});
    return fail({.kind = ErrorKind::unavailable,
                 .message = "the database cannot be opened for reading just now",
                 .retry_after = limits::store_retry_after,
                 .retryable = true});
  }
  (*database)->tell(health, Database::Tell::damage);
  const std::string pragmas =
      common_pragmas(options, options.reader_cache_bytes) + "PRAGMA query_only = on;";
  if (auto set = (*database)->execute(pragmas.c_str()); !set) return fail(set.error());
  return database;
}

}  // namespace

Store::Store(std::unique_ptr<DataLock> lock, std::unique_ptr<Health> health,
             std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers,
             std::size_t memory_vectors_bytes)
    : lock_(std::move(lock)),
      health_(std::move(health)),
      writer_(std::move(writer)),
      readers_(std::move(readers)),
      memory_vectors_(std::make_unique<MemoryVectors>(memory_vectors_bytes)),
      jobs_(std::make_unique<JobReads>(*readers_)),
      spans_(std::make_unique<SpanReads>(*readers_)),
      budgets_(std::make_unique<BudgetReads>(*readers_)),
      routines_(std::make_unique<RoutineReads>(*readers_)),
      packs_(std::make_unique<PackReads>(*readers_)),
      flows_(std::make_unique<FlowReads>(*readers_)) {}

core::Result<std::unique_ptr<Store>> Store::open(const std::string& path, StoreOptions options) {
  if (auto ready = prepare_folder(path); !ready) return fail(ready.error());
  auto lock = DataLock::take(path);
  if (!lock) return fail(lock.error());
  if (auto ready = prepare_data_file(path); !ready) return fail(ready.error());
  auto database = open_for_writing(path, options);
  if (!database) return fail(database.error());
  const auto schema =
      options.migrate ? apply_migrations(**database) : require_newest_schema(**database);
  if (!schema) return fail(schema.error());
  auto health = std::make_unique<Health>();
  auto writer = Writer::start(std::move(*database), *health,
                              {.gather = options.commit_window,
                               .syncs_commits = options.durability == Durability::full,
                               .busy_time = options.busy_time});
  if (!writer) return fail(writer.error());
  auto readers = std::make_unique<ReaderPool>(
      [path, options, &told = *health] { return open_for_reading(path, options, told); },
      options.read_connections);
  return std::unique_ptr<Store>(new Store(std::make_unique<DataLock>(std::move(*lock)),
                                          std::move(health), std::move(*writer), std::move(readers),
                                          options.memory_vectors_bytes));
}

Store::~Store() {
  close();
  packs_.reset();
  flows_.reset();
  routines_.reset();
  jobs_.reset();
  spans_.reset();
  budgets_.reset();
  readers_.reset();
  writer_.reset();
}

core::Stores Store::stores() {
  return {*this,  *this,   *this,     *this,      *this,   *this,   *this, *this,
          *this,  *this,   *this,     *this,      *this,   *this,   *this, *this,
          *jobs_, *spans_, *budgets_, *routines_, *packs_, *flows_, *this};
}

void Store::close() { writer_->close(); }

void Store::append(core::Unit unit, Completion completion) {
  writer_->append(std::move(unit), std::move(completion));
}

void Store::observe(core::CommitObserver& observer) { writer_->observe(observer); }

core::StoreHealth Store::health() const { return health_->now(); }

base::Task<core::Result<std::int64_t>> Store::last_cursor() { co_return writer_->last_cursor(); }

}  // namespace colonnade::storage::sqlite
