#include "core/governance/audit_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/lane.hpp"
#include "core/access/operators.hpp"

namespace colonnade::core {
namespace {

// Records 1 to `count`, each with a text of that size.
class ManyRecords final : public AuditStore {
 public:
  ManyRecords(std::int64_t count, std::size_t text_bytes) : count_(count), text_(text_bytes, 'x') {}

  base::Task<Result<std::vector<AuditRecord>>> audit(std::int64_t after,
                                                     std::size_t limit) override {
    std::vector<AuditRecord> out;
    while (after < count_ && out.size() < limit) {
      AuditRecord record{.scope = Scope::main()};
      record.seq = ++after;
      record.text = text_;
      out.push_back(std::move(record));
    }
    read_at_once_ = std::max(read_at_once_, out.size());
    co_return out;
  }
  base::Task<Result<std::vector<AuditRecord>>> audit_of(Scope, std::string) override {
    co_return std::vector<AuditRecord>();
  }
  base::Task<Result<std::optional<AuditRecord>>> newest_audit_of(Scope, std::string) override {
    co_return std::nullopt;
  }
  base::Task<Result<std::int64_t>> last_audit_seq() override { co_return count_; }
  std::size_t read_at_once() const { return read_at_once_; }

 private:
  std::int64_t count_;
  std::string text_;
  std::size_t read_at_once_ = 0;
};

constexpr std::size_t records_max = 1000;
constexpr std::size_t bytes_max = 1024 * 1024;

Result<AuditPage> page_of(AuditStore& store, AuditPageRequest request,
                          const Principal& who = system_operator()) {
  base::Lanes lanes(1);
  AuditReader reader(store);
  return base::run_on(lanes[0], reader.page(who, request));
}

TEST(AuditReader, APageEndsAtTheLimitOfRecords) {
  ManyRecords store(2000, 10);
  const auto page = page_of(store, {.records_max = records_max, .bytes_max = bytes_max});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), records_max);
  EXPECT_EQ(page->newest, 2000);
  const auto three = page_of(store, {.after = 7, .records_max = 3, .bytes_max = bytes_max});
  ASSERT_TRUE(three);
  ASSERT_EQ(three->records.size(), 3U);
  EXPECT_EQ(three->records.front().seq, 8);
  const auto none = page_of(store, {.after = 2000, .records_max = 5, .bytes_max = bytes_max});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->records.empty());
}

// Large records must not make a page of any size, nor be read all at once.
TEST(AuditReader, APageEndsWhenItsBytesAreMany) {
  ManyRecords store(2000, 100'000);
  const auto page = page_of(store, {.records_max = records_max, .bytes_max = bytes_max});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), store.read_at_once());
  EXPECT_LE(store.read_at_once(), 50U);
}

TEST(AuditReader, ARecordLargerThanAPageStillComes) {
  ManyRecords store(1, 2 * bytes_max);
  const auto page = page_of(store, {.records_max = records_max, .bytes_max = bytes_max});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), 1U);
}

TEST(AuditReader, RefusesWhoeverIsNoOperatorOfEveryScope) {
  ManyRecords store(1, 10);
  const Principal of_one_scope(Scope::main(), "root", UserRole::operator_role);
  Principal member(Scope::main(), "ann", UserRole::member);
  member.every_scope = true;
  for (const Principal& who : {of_one_scope, member}) {
    const auto page = page_of(store, {.records_max = 1, .bytes_max = bytes_max}, who);
    ASSERT_FALSE(page) << who.user_id;
    EXPECT_EQ(page.error().kind, base::ErrorKind::forbidden) << who.user_id;
  }
  EXPECT_EQ(store.read_at_once(), 0U);
}

}  // namespace
}  // namespace colonnade::core
