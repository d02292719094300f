// All store ports on one SQLite file.
//
// Writes are grouped by one thread; reads run on the caller's, each on a connection of its own from
// a bounded set. The data folder belongs to one open Store at a time, in any process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/stores.hpp"
#include "storage/limits.hpp"
#include "storage/store.hpp"

namespace colonnade::storage::sqlite {

class MemoryVectors;
class ReaderPool;
class Writer;
class Health;
class DataLock;

using storage::Durability;

struct StoreOptions {
  Durability durability = Durability::full;
  bool migrate = true;  // bring an older schema up to date; otherwise refuse it
  std::chrono::milliseconds busy_time = limits::database_busy_time_max;
  // How long a busy writer may gather units, never more than a quarter of what its last transaction
  // took; none while it is idle. At most limits::commit_window_max.
  std::chrono::microseconds commit_window = limits::commit_window_max;
  std::int64_t writer_cache_bytes = 32 * 1024 * 1024;
  std::int64_t reader_cache_bytes = 4 * 1024 * 1024;  // each connection
  std::size_t read_connections = limits::read_connections_max;
  std::size_t memory_vectors_bytes = limits::memory_vectors_bytes_max;  // kept for searches
  std::string vfs{};  // what SQLite reads and writes files with; "" for the system's own
};

class Store final : public storage::Store,
                    public core::AgentStore,
                    public core::ToolServerStore,
                    public core::ThreadStore,
                    public core::RunStore,
                    public core::EventStore,
                    public core::CredentialStore,
                    public core::KeyedRequestStore,
                    public core::ActionStore,
                    public core::PermissionStore,
                    public core::AuditStore,
                    public core::MemoryStore,
                    public core::Journal {
 public:
  // Makes the file (0600) and its folder (0700) when missing. ErrorKind::conflict when another
  // store has it open or its schema is newer than this program (both versions are named), invalid
  // when it is not a database of ours, unavailable when it cannot be opened.
  static core::Result<std::unique_ptr<Store>> open(const std::string& path,
                                                   StoreOptions options = {});
  // Commits what was submitted, then closes.
  ~Store() override;

  core::Stores stores() override {
    return {*this, *this, *this, *this, *this, *this, *this, *this, *this, *this, *this, *this};
  }
  // Commits what was submitted; later submits complete with unavailable. Reads go on.
  void close() override;

  core::Result<std::optional<core::Agent>> agent(const core::Scope& scope,
                                                 std::string_view id) override;
  core::Result<std::vector<core::Agent>> agents(const core::Scope& scope,
                                                const core::AgentFilter& filter) override;

  core::Result<std::optional<core::ToolServer>> tool_server(const core::Scope& scope,
                                                            std::string_view id) override;
  core::Result<std::vector<core::ToolServer>> tool_servers(const core::Scope& scope) override;
  core::Result<std::vector<core::ToolServer>> all_tool_servers() override;
  core::Result<std::string> tool_pins(const core::Scope& scope,
                                      std::string_view server_id) override;

  core::Result<std::optional<core::Thread>> thread(const core::Scope& scope,
                                                   std::string_view id) override;
  core::Result<std::vector<core::Thread>> threads(const core::Scope& scope, std::string_view owner,
                                                  const core::ThreadPage& page) override;
  core::Result<std::vector<core::Thread>> erased_threads(const core::EveryScopePage& page) override;
  core::Result<std::vector<core::Message>> messages(const core::Scope& scope,
                                                    std::string_view thread_id,
                                                    const core::MessagePage& page) override;
  core::Result<std::optional<core::Message>> message(const core::Scope& scope,
                                                     std::string_view id) override;
  core::Result<core::ThreadUsage> usage(const core::Scope& scope,
                                        std::string_view thread_id) override;
  core::Result<std::optional<core::ThreadSummary>> newest_summary(
      const core::Scope& scope, std::string_view thread_id) override;
  core::Result<std::vector<core::SearchHit>> search(const core::Scope& scope,
                                                    std::string_view owner, std::string_view query,
                                                    std::size_t limit,
                                                    std::stop_token stop) override;

  core::Result<std::optional<core::Run>> run(const core::Scope& scope,
                                             std::string_view id) override;
  core::Result<std::optional<core::Run>> active_run(const core::Scope& scope,
                                                    std::string_view thread_id) override;
  core::Result<std::vector<core::RunStep>> steps(const core::Scope& scope,
                                                 std::string_view run_id) override;
  core::Result<std::vector<core::ToolCall>> tool_calls(const core::Scope& scope,
                                                       std::string_view run_id) override;
  core::Result<std::optional<core::Message>> reply_of(const core::Scope& scope,
                                                      std::string_view run_id) override;
  core::Result<std::vector<core::Run>> unfinished_runs() override;

  core::Result<std::vector<core::Event>> events(const core::Scope& scope,
                                                std::string_view thread_id, std::int64_t after,
                                                std::size_t limit) override;
  base::Task<core::Result<core::EventPage>> event_page(core::EventTopic topic, std::int64_t after,
                                                       std::size_t limit) override;
  core::Result<std::int64_t> last_cursor() override;

  core::Result<std::optional<core::Action>> action(const core::Scope& scope,
                                                   std::string_view id) override;
  core::Result<std::vector<core::Action>> actions(const core::Scope& scope,
                                                  const core::ActionFilter& filter) override;
  core::Result<std::vector<core::Action>> actions_of_run(const core::Scope& scope,
                                                         std::string_view run_id) override;
  core::Result<std::vector<core::Action>> expired_actions(
      base::Time now, const core::EveryScopePage& page) override;
  core::Result<std::vector<core::Action>> executing_actions(
      const core::EveryScopePage& page) override;
  core::Result<std::vector<core::Permission>> permissions(const core::Scope& scope,
                                                          std::string_view owner) override;
  core::Result<std::vector<core::AuditRecord>> audit(std::int64_t after,
                                                     std::size_t limit) override;
  core::Result<std::vector<core::AuditRecord>> audit_of(const core::Scope& scope,
                                                        std::string_view subject) override;
  core::Result<std::int64_t> last_audit_seq() override;

  core::Result<std::optional<core::Credential>> credential_by_token(
      std::string_view token_sha256) override;
  core::Result<std::vector<core::Credential>> credentials(const core::Scope& scope,
                                                          std::string_view user_id,
                                                          core::CredentialKind kind) override;
  core::Result<std::optional<core::Credential>> credential(const core::Scope& scope,
                                                           std::string_view id) override;
  core::Result<bool> any_credential() override;

  core::Result<std::optional<core::KeyedRequest>> keyed_request(const core::Scope& scope,
                                                                std::string_view user_id,
                                                                std::string_view key) override;

  core::Result<std::optional<core::MemoryItem>> memory(const core::Scope& scope,
                                                       const core::MemoryHolder& holder,
                                                       std::string_view id,
                                                       base::Time now) override;
  core::Result<std::optional<core::MemoryItem>> memory_by_key(const core::Scope& scope,
                                                              const core::MemoryHolder& holder,
                                                              std::string_view key,
                                                              base::Time now) override;
  core::Result<std::optional<core::MemoryItem>> memory_by_digest(const core::Scope& scope,
                                                                 const core::MemoryHolder& holder,
                                                                 std::string_view digest,
                                                                 base::Time now) override;
  core::Result<std::vector<core::MemoryItem>> memories(const core::Scope& scope,
                                                       const core::MemoryHolder& holder,
                                                       const core::MemoryFilter& filter,
                                                       base::Time now) override;
  core::Result<std::vector<core::MemoryMatch>> matching_memories(const core::Scope& scope,
                                                                 const core::MemoryHolder& holder,
                                                                 const core::MemoryQuery& query,
                                                                 base::Time now) override;
  core::Result<std::vector<core::UnplacedMemory>> unplaced_memories(std::string_view model,
                                                                    std::size_t limit) override;
  core::Result<bool> memories_to_sweep(base::Time now) override;

  void append(core::Unit unit, Completion completion) override;
  void observe(core::CommitObserver& observer) override;
  core::StoreHealth health() const override;

 private:
  Store(std::unique_ptr<DataLock> lock, std::unique_ptr<Health> health,
        std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers,
        std::size_t memory_vectors_bytes);

  std::unique_ptr<DataLock> lock_;  // released last
  std::unique_ptr<Health> health_;  // told by the connections
  std::unique_ptr<Writer> writer_;  // closes last of the connections, so that it empties the WAL
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<MemoryVectors> memory_vectors_;
};

}  // namespace colonnade::storage::sqlite
