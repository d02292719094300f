// A look into a store's file that changes nothing: of a server that has ended, or of one that runs.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

struct sqlite3;

namespace colonnade::kill {

// Errors of SQLite are thrown as std::runtime_error.
class StoreView {
 public:
  explicit StoreView(const std::string& file);
  ~StoreView();
  StoreView(const StoreView&) = delete;
  StoreView& operator=(const StoreView&) = delete;

  // What is read from here on is of one moment, also while a server runs.
  void hold_still();

  using Row = std::vector<std::string>;  // NULL is ""

  void each(const std::string& sql, const std::vector<std::string>& values,
            const std::function<void(const Row&)>& take) const;
  // The first cell of the only row.
  std::size_t count(const std::string& sql) const;
  // Rows of `sql` are violations of `rule`: throws std::logic_error with the first of them.
  void none(const std::string& rule, const std::string& sql) const;

 private:
  [[noreturn]] void fail(const std::string& sql) const;

  sqlite3* db_ = nullptr;
};

}  // namespace colonnade::kill
