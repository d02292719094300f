// The store suite on SQLite.
#include "storage/sqlite/store.hpp"

#include <stdexcept>

#include "storage/sqlite/test_folder.hpp"
#include "tests/conformance/store_suite.hpp"

namespace colonnade::conformance {
namespace {

class SqliteBackend final : public StoreBackend {
 public:
  explicit SqliteBackend(storage::sqlite::Durability durability)
      : options_{.durability = durability} {
    reopen();
  }
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

StoreFactory with(std::string name, storage::sqlite::Durability durability) {
  return {std::move(name), [durability] { return std::make_unique<SqliteBackend>(durability); }};
}

const auto backends = testing::Values(with("full", storage::sqlite::Durability::full),
                                      with("normal", storage::sqlite::Durability::normal));

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSearch, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreJournal, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreActions, backends);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreErasure, backends);

}  // namespace
}  // namespace colonnade::conformance
