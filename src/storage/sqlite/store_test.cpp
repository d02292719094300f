// The store suite on SQLite.
#include "storage/sqlite/store.hpp"

#include <stdexcept>

#include "storage/sqlite/test_folder.hpp"
#include "tests/conformance/store_suite.hpp"

namespace colonnade::conformance {
namespace {

class SqliteBackend final : public StoreBackend {
 public:
  explicit SqliteBackend(storage::sqlite::StoreOptions options) : options_(options) { reopen(); }
  core::Stores stores() override { return store_->stores(); }
  void close() override { store_->close(); }
  void reopen() override {
    store_.reset();
    auto opened = storage::sqlite::Store::open(folder_.file("data.db"), options_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

 private:
  storage::sqlite::TestFolder folder_;
  storage::sqlite::StoreOptions options_;
  std::unique_ptr<storage::sqlite::Store> store_;
};

// Vectors are read from the file by every search.
StoreFactory without_room_for_vectors() {
  return {"without_room_for_vectors", [] {
            return std::make_unique<SqliteBackend>(storage::sqlite::StoreOptions{
                .durability = storage::sqlite::Durability::normal, .memory_vectors_bytes = 0});
          }};
}

StoreFactory with(std::string name, storage::sqlite::Durability durability) {
  return {std::move(name), [durability] {
            return std::make_unique<SqliteBackend>(
                storage::sqlite::StoreOptions{.durability = durability});
          }};
}

const auto backends = testing::Values(with("full", storage::sqlite::Durability::full),
                                      with("normal", storage::sqlite::Durability::normal));

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSearch, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSpans, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreJournal, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreActions, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreMemory, backends);
INSTANTIATE_TEST_SUITE_P(SqliteVectors, StoreMemory, testing::Values(without_room_for_vectors()));
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreErasure, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreArtifacts, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreJobs, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreBudgets, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreRoutines, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StorePacks, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreFlows, backends);

}  // namespace
}  // namespace colonnade::conformance
