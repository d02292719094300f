#include "app/audit_routes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/audit_lines.hpp"
#include "app/limits.hpp"
#include "base/lane.hpp"

namespace colonnade::app {
namespace {

// Records 1 to `count`, each with a text of that size.
class ManyRecords final : public core::AuditStore {
 public:
  ManyRecords(std::int64_t count, std::size_t text_bytes) : count_(count), text_(text_bytes, 'x') {}

  base::Task<core::Result<std::vector<core::AuditRecord>>> audit(std::int64_t after,
                                                                 std::size_t limit) override {
    std::vector<core::AuditRecord> out;
    while (after < count_ && out.size() < limit) {
      core::AuditRecord record{.scope = core::Scope::main()};
      record.seq = ++after;
      record.text = text_;
      out.push_back(std::move(record));
    }
    read_at_once_ = std::max(read_at_once_, out.size());
    co_return out;
  }
  base::Task<core::Result<std::vector<core::AuditRecord>>> audit_of(core::Scope,
                                                                    std::string) override {
    co_return std::vector<core::AuditRecord>();
  }
  base::Task<core::Result<std::int64_t>> last_audit_seq() override { co_return count_; }
  std::size_t read_at_once() const { return read_at_once_; }

 private:
  std::int64_t count_;
  std::string text_;
  std::size_t read_at_once_ = 0;
};

core::Result<std::string> page_of(core::AuditStore& store, std::int64_t after, std::size_t limit) {
  base::Lanes lanes(1);
  return base::run_on(lanes[0], audit_page(&store, after, limit));
}

std::size_t lines_in(const std::string& page) {
  return static_cast<std::size_t>(std::ranges::count(page, '\n'));
}

TEST(AuditPage, EndsAtTheLimitOfRecords) {
  ManyRecords store(2000, 10);
  const auto page = page_of(store, 0, limits::audit_page_records_max);
  ASSERT_TRUE(page);
  EXPECT_EQ(lines_in(*page), limits::audit_page_records_max);
  EXPECT_TRUE(page->ends_with("\n"));
  const auto three = page_of(store, 7, 3);
  EXPECT_EQ(lines_in(*three), 3U);
  EXPECT_EQ(decode_audit_line(three->substr(0, three->find('\n')))->seq, 8);
  EXPECT_EQ(*page_of(store, 2000, 5), "");
}

// Large records must not make a page of any size, nor be read all at once.
TEST(AuditPage, EndsWhenItsBytesAreMany) {
  ManyRecords store(2000, 100'000);
  const auto page = page_of(store, 0, limits::audit_page_records_max);
  ASSERT_TRUE(page);
  EXPECT_EQ(lines_in(*page), store.read_at_once());
  EXPECT_LE(store.read_at_once(), 50U);
  EXPECT_GT(page->size(), limits::audit_page_bytes_max);
}

TEST(AuditPage, ARecordLargerThanAPageStillComes) {
  ManyRecords store(1, 2 * limits::audit_page_bytes_max);
  EXPECT_EQ(lines_in(*page_of(store, 0, 1000)), 1U);
}

}  // namespace
}  // namespace colonnade::app
