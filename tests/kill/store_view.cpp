#include "store_view.hpp"

#include <sqlite3.h>

#include <memory>
#include <stdexcept>

namespace colonnade::kill {
namespace {

constexpr int busy_ms = 10'000;  // a server that starts holds the log for a moment

}  // namespace

StoreView::StoreView(const std::string& file) {
  if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
    const std::string why = sqlite3_errmsg(db_);
    sqlite3_close(db_);
    throw std::runtime_error("cannot open " + file + ": " + why);
  }
  sqlite3_busy_timeout(db_, busy_ms);
}

StoreView::~StoreView() { sqlite3_close(db_); }

void StoreView::hold_still() {
  if (sqlite3_exec(db_, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) fail("BEGIN");
}

void StoreView::each(const std::string& sql, const std::vector<std::string>& values,
                     const std::function<void(const Row&)>& take) const {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) fail(sql);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sqlite3_bind_text(raw, static_cast<int>(i + 1), values[i].c_str(), -1, SQLITE_TRANSIENT);
  }
  int state = sqlite3_step(raw);
  for (; state == SQLITE_ROW; state = sqlite3_step(raw)) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, i));
      row.emplace_back(text == nullptr ? "" : text);
    }
    take(row);
  }
  if (state != SQLITE_DONE) fail(sql);
}

std::size_t StoreView::count(const std::string& sql) const {
  std::size_t out = 0;
  each(sql, {}, [&](const Row& row) { out = std::stoull(row.at(0)); });
  return out;
}

void StoreView::none(const std::string& rule, const std::string& sql) const {
  std::string evidence;
  each(sql, {}, [&](const Row& row) {
    if (evidence.size() > 500) return;
    evidence += "\n ";
    for (const std::string& cell : row) evidence += " " + cell;
  });
  if (!evidence.empty()) throw std::logic_error("the store breaks \"" + rule + "\":" + evidence);
}

void StoreView::fail(const std::string& sql) const {
  throw std::runtime_error(sql + ": " + sqlite3_errmsg(db_));
}

}  // namespace colonnade::kill
