#include "app/audit_trail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "core/governance/audit_lines.hpp"

namespace colonnade::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string line(std::int64_t seq) { return encode(core::AuditLine{.seq = seq}); }

// Plays pages, and keeps what was asked for.
class ScriptedTrail final : public AuditTrail {
 public:
  explicit ScriptedTrail(std::deque<Page> pages) : pages_(std::move(pages)) {}
  base::Result<Page> page(std::int64_t after) override {
    asked.push_back(after);
    if (pages_.empty()) return base::fail(base::ErrorKind::upstream, "no more pages");
    Page out = std::move(pages_.front());
    pages_.pop_front();
    return out;
  }
  std::vector<std::int64_t> asked{};

 private:
  std::deque<Page> pages_;
};

struct Read {
  std::vector<std::string> lines{};
  std::string error{};
};

Read read_all(AuditTrail& trail, std::size_t most = 1000) {
  Read out;
  const auto read = read_audit(trail, 0, [&](const std::string& one) {
    out.lines.push_back(one);
    return out.lines.size() < most;
  });
  if (!read) out.error = read.error().message;
  return out;
}

TEST(ReadAudit, GoesOnBehindTheLastRecordOfEachPage) {
  ScriptedTrail trail(
      {{.lines = {line(1), line(2)}, .newest = 3}, {.lines = {line(3)}, .newest = 3}});
  EXPECT_THAT(read_all(trail).lines, ElementsAre(line(1), line(2), line(3)));
  EXPECT_THAT(trail.asked, ElementsAre(0, 2));
}

// A busy server adds records for ever; an export ends.
TEST(ReadAudit, EndsAtTheRecordThatWasNewestAtFirst) {
  ScriptedTrail trail(
      {{.lines = {line(1)}, .newest = 2}, {.lines = {line(2), line(3)}, .newest = 9}});
  EXPECT_THAT(read_all(trail).lines, ElementsAre(line(1), line(2)));
}

TEST(ReadAudit, EndsWhenThereIsNothingOrNobodyWantsMore) {
  ScriptedTrail empty({{.lines = {}, .newest = 0}});
  EXPECT_THAT(read_all(empty).lines, ElementsAre());
  ScriptedTrail shrunk({{.lines = {line(1)}, .newest = 5}, {.lines = {}, .newest = 1}});
  EXPECT_THAT(read_all(shrunk).lines, ElementsAre(line(1)));
  ScriptedTrail two({{.lines = {line(1), line(2)}, .newest = 2}});
  EXPECT_THAT(read_all(two, 1).lines, ElementsAre(line(1)));
}

// A server that gives the same page again and again must not keep the reader for ever.
TEST(ReadAudit, RecordsThatDoNotRiseAreAnError) {
  ScriptedTrail same({{.lines = {line(1)}, .newest = 2}, {.lines = {line(1)}, .newest = 2}});
  EXPECT_THAT(read_all(same).error, HasSubstr("record 1 comes after record 1"));
  ScriptedTrail junk({{.lines = {"<html>"}, .newest = 2}});
  EXPECT_THAT(read_all(junk).error, HasSubstr("not an audit trail"));
  ScriptedTrail broken({{.lines = {line(1)}, .newest = 2}});
  EXPECT_EQ(read_all(broken).error, "no more pages");
}

}  // namespace
}  // namespace colonnade::app
