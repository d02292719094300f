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

class BudgetReads;
class JobReads;
class FlowReads;
class PackReads;
class RoutineReads;
class MemoryVectors;
class SpanReads;
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
                    public core::EntityStore,
                    public core::AccessKeyStore,
                    public core::KeyedRequestStore,
                    public core::ActionStore,
                    public core::PermissionStore,
                    public core::AuditStore,
                    public core::MemoryStore,
                    public core::ArtifactStore,
                    public core::AttachmentStore,
                    public core::DocumentStore,
                    public core::Journal {
 public:
  // Makes the file (0600) and its folder (0700) when missing. ErrorKind::conflict when another
  // store has it open or its schema is newer than this program (both versions are named), invalid
  // when it is not a database of ours, unavailable when it cannot be opened.
  static core::Result<std::unique_ptr<Store>> open(const std::string& path,
                                                   StoreOptions options = {});
  // Commits what was submitted, then closes.
  ~Store() override;

  core::Stores stores() override;
  // Commits what was submitted; later submits complete with unavailable. Reads go on.
  void close() override;

  base::Task<core::Result<std::optional<core::Agent>>> agent(core::Scope scope,
                                                             std::string id) override;
  base::Task<core::Result<std::vector<core::Agent>>> agents(core::Scope scope,
                                                            core::AgentFilter filter) override;
  base::Task<core::Result<std::size_t>> count_agents(core::Scope scope,
                                                     core::AgentFilter filter) override;
  base::Task<core::Result<std::vector<core::AgentVersion>>> agent_versions(
      core::Scope scope, std::string agent_id, core::AgentVersionPage page) override;
  base::Task<core::Result<std::optional<core::AgentVersion>>> agent_version(
      core::Scope scope, std::string agent_id, std::string version_id) override;
  base::Task<core::Result<std::optional<core::Agent>>> agent_open_to_guests(
      std::string id) override;

  base::Task<core::Result<std::optional<core::ToolServer>>> tool_server(core::Scope scope,
                                                                        std::string id) override;
  base::Task<core::Result<std::vector<core::ToolServer>>> tool_servers(core::Scope scope) override;
  base::Task<core::Result<std::vector<core::ToolServer>>> all_tool_servers() override;
  base::Task<core::Result<std::string>> tool_pins(core::Scope scope,
                                                  std::string server_id) override;

  base::Task<core::Result<std::optional<core::Thread>>> thread(core::Scope scope,
                                                               std::string id) override;
  base::Task<core::Result<std::vector<core::Thread>>> threads(core::Scope scope,
                                                              std::optional<std::string> owner,
                                                              core::ThreadPage page) override;
  base::Task<core::Result<std::size_t>> count_threads(core::Scope scope,
                                                      std::optional<std::string> owner,
                                                      core::ThreadPage page) override;
  base::Task<core::Result<std::size_t>> count_messages(core::Scope scope, std::string thread_id,
                                                       core::MessagePage page) override;
  base::Task<core::Result<std::map<std::string, int>>> reply_counts(core::Scope scope,
                                                                    std::string thread_id) override;
  base::Task<core::Result<std::vector<core::Thread>>> erased_threads(
      core::EveryScopePage page) override;
  base::Task<core::Result<std::vector<core::Message>>> messages(core::Scope scope,
                                                                std::string thread_id,
                                                                core::MessagePage page) override;
  base::Task<core::Result<std::optional<core::ThreadDetail>>> thread_detail(
      core::Scope scope, std::string id, std::size_t messages) override;
  base::Task<core::Result<std::optional<core::Message>>> message(core::Scope scope,
                                                                 std::string id) override;
  base::Task<core::Result<core::ThreadUsage>> usage(core::Scope scope,
                                                    std::string thread_id) override;
  base::Task<core::Result<std::map<std::string, core::ThreadSummary>>> newest_summaries(
      core::Scope scope, std::vector<std::string> thread_ids) override;
  base::Task<core::Result<std::optional<core::ThreadSummary>>> newest_summary(
      core::Scope scope, std::string thread_id) override;
  core::Result<std::vector<core::SearchHit>> search(const core::Scope& scope,
                                                    const std::optional<std::string>& owner,
                                                    std::string_view query, std::size_t limit,
                                                    std::stop_token stop) override;

  base::Task<core::Result<std::optional<core::Run>>> run(core::Scope scope,
                                                         std::string id) override;
  base::Task<core::Result<std::optional<core::Run>>> active_run(core::Scope scope,
                                                                std::string thread_id) override;
  base::Task<core::Result<std::vector<core::RunStep>>> steps(core::Scope scope,
                                                             std::string run_id) override;
  base::Task<core::Result<std::vector<core::ToolCall>>> tool_calls(core::Scope scope,
                                                                   std::string run_id) override;
  base::Task<core::Result<std::optional<core::Message>>> reply_of(core::Scope scope,
                                                                  std::string run_id) override;
  base::Task<core::Result<std::optional<core::RunOpening>>> opening(core::Scope scope,
                                                                    std::string thread_id) override;
  base::Task<core::Result<std::optional<core::RunDetail>>> run_detail(core::Scope scope,
                                                                      std::string id) override;
  base::Task<core::Result<std::optional<core::RunOrigin>>> newest_run(
      core::Scope scope, std::string thread_id) override;
  base::Task<core::Result<std::vector<core::Run>>> unfinished_runs() override;

  base::Task<core::Result<std::vector<core::Event>>> events(core::Scope scope,
                                                            std::string thread_id,
                                                            std::int64_t after,
                                                            std::size_t limit) override;
  base::Task<core::Result<core::EventPage>> event_page(core::EventTopic topic, std::int64_t after,
                                                       std::size_t limit) override;
  base::Task<core::Result<std::int64_t>> last_cursor() override;

  base::Task<core::Result<std::optional<core::Action>>> action(core::Scope scope,
                                                               std::string id) override;
  base::Task<core::Result<std::vector<core::Action>>> actions(core::Scope scope,
                                                              core::ActionFilter filter) override;
  base::Task<core::Result<std::vector<core::Action>>> actions_of_run(core::Scope scope,
                                                                     std::string run_id) override;
  base::Task<core::Result<std::vector<core::Action>>> expired_actions(
      base::Time now, core::EveryScopePage page) override;
  base::Task<core::Result<std::vector<core::Action>>> executing_actions(
      core::EveryScopePage page) override;
  base::Task<core::Result<std::vector<core::Permission>>> permissions(
      core::Scope scope, std::optional<std::string> owner) override;
  base::Task<core::Result<std::vector<core::AuditRecord>>> audit(std::int64_t after,
                                                                 std::size_t limit) override;
  base::Task<core::Result<std::vector<core::AuditRecord>>> audit_of(core::Scope scope,
                                                                    std::string subject) override;
  base::Task<core::Result<std::optional<core::AuditRecord>>> newest_audit_of(
      core::Scope scope, std::string subject) override;
  base::Task<core::Result<std::int64_t>> last_audit_seq() override;

  base::Task<core::Result<std::optional<core::Credential>>> credential_by_token(
      std::string token_sha256) override;
  base::Task<core::Result<std::vector<core::Credential>>> credentials(
      core::Scope scope, std::optional<std::string> user_id, core::CredentialKind kind) override;
  base::Task<core::Result<std::optional<core::Credential>>> credential(core::Scope scope,
                                                                       std::string id) override;
  base::Task<core::Result<bool>> any_server_operator() override;
  base::Task<core::Result<std::vector<core::Entity>>> entities(core::EveryScopePage page) override;
  base::Task<core::Result<std::vector<core::AccessKey>>> access_keys(
      core::EveryScopePage page) override;

  base::Task<core::Result<std::optional<core::KeyedRequest>>> keyed_request(
      core::Scope scope, std::string user_id, std::string key) override;

  base::Task<core::Result<std::optional<core::MemoryItem>>> memory(core::Scope scope,
                                                                   core::MemoryHolder holder,
                                                                   std::string id,
                                                                   base::Time now) override;
  base::Task<core::Result<std::optional<core::MemoryItem>>> memory_by_key(core::Scope scope,
                                                                          core::MemoryHolder holder,
                                                                          std::string key,
                                                                          base::Time now) override;
  base::Task<core::Result<std::optional<core::MemoryItem>>> memory_by_digest(
      core::Scope scope, core::MemoryHolder holder, std::string digest, base::Time now) override;
  base::Task<core::Result<std::vector<core::MemoryItem>>> memories(core::Scope scope,
                                                                   core::MemoryHolder holder,
                                                                   core::MemoryFilter filter,
                                                                   base::Time now) override;
  core::Result<std::vector<core::MemoryMatch>> matching_memories(const core::Scope& scope,
                                                                 const core::MemoryHolder& holder,
                                                                 const core::MemoryQuery& query,
                                                                 base::Time now) override;
  core::Result<std::vector<core::UnplacedMemory>> unplaced_memories(std::string_view model,
                                                                    std::size_t limit,
                                                                    std::stop_token stop) override;
  base::Task<core::Result<bool>> memories_to_sweep(base::Time now) override;

  base::Task<core::Result<std::vector<core::Artifact>>> artifacts(core::Scope scope,
                                                                  std::string thread_id,
                                                                  core::ArtifactPage page) override;
  base::Task<core::Result<std::optional<core::Artifact>>> artifact_by_key(core::Scope scope,
                                                                          std::string thread_id,
                                                                          std::string key) override;
  base::Task<core::Result<std::optional<core::Artifact>>> artifact(core::Scope scope,
                                                                   std::string id) override;

  base::Task<core::Result<std::optional<core::Attachment>>> attachment(core::Scope scope,
                                                                       std::string id) override;
  base::Task<core::Result<std::vector<core::FilePlace>>> files_to_remove(
      base::Time now, core::EveryScopePage page) override;
  base::Task<core::Result<bool>> any_attachment(std::string id) override;

  base::Task<core::Result<std::optional<core::Document>>> document(core::DocumentPlace place,
                                                                   std::string key) override;
  base::Task<core::Result<std::vector<core::Document>>> documents(core::DocumentPlace place,
                                                                  core::DocumentPage page) override;
  base::Task<core::Result<std::vector<core::Document>>> documents_of_every_scope(
      std::string collection, std::size_t limit) override;

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
  std::unique_ptr<JobReads> jobs_;
  std::unique_ptr<SpanReads> spans_;
  std::unique_ptr<BudgetReads> budgets_;
  std::unique_ptr<RoutineReads> routines_;
  std::unique_ptr<PackReads> packs_;
  std::unique_ptr<FlowReads> flows_;
};

}  // namespace colonnade::storage::sqlite
