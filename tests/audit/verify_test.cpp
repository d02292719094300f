// What the verifier says, and what it cannot know by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/audit_verify.hpp"
#include "core/governance/audit_lines.hpp"
#include "tamper.hpp"

namespace colonnade::tests {
namespace {

using app::AuditFault;
using app::verify_audit;
using testing::HasSubstr;

class AuditVerify : public testing::Test {
 protected:
  // The fault must be there, on this line.
  static std::string fault_on(std::size_t line, const Lines& lines,
                              const app::AuditExpectation& expectation = {}) {
    const std::optional<AuditFault> fault = verify_audit(lines, expectation);
    if (!fault) return "no fault";
    EXPECT_EQ(fault->line, line) << fault->message;
    EXPECT_EQ(fault->seq, static_cast<std::int64_t>(line));
    return fault->message;
  }
  // The trail with everything from record `seq` on made anew.
  Lines remade_from(std::size_t seq) const {
    std::vector<core::AuditRecord> out = records_;
    for (std::size_t i = seq - 1; i < out.size(); ++i) {
      if (i == seq - 1) out[i].text = other_text(out[i], out[i].seq);
      if (i > 0) out[i].previous_hash = out[i - 1].hash;
      out[i].hash = core::audit_hash(out[i].previous_hash, out[i].text);
    }
    return exported(out);
  }

  std::vector<core::AuditRecord> records_ = varied_records(9, 1);
  Lines lines_ = exported(records_);
};

TEST_F(AuditVerify, WholeTrailsAreWhole) {
  EXPECT_FALSE(verify_audit(lines_));
  EXPECT_FALSE(verify_audit(exported({})));
  EXPECT_FALSE(verify_audit(lines_, {.count = 9,
                                     .last_hash = records_.back().hash,
                                     .known = {{.seq = 4, .hash = records_[3].hash}}}));
}

TEST_F(AuditVerify, NamesTheLineAndTheRecord) {
  Lines changed = lines_;
  changed[3].replace(changed[3].find("subject-"), 8, "Subject-");
  EXPECT_THAT(fault_on(4, changed), HasSubstr("hash is not that of its text"));

  Lines removed = lines_;
  removed.erase(removed.begin() + 4);
  EXPECT_THAT(fault_on(5, removed), HasSubstr("record 6 stands where record 5 belongs"));

  Lines replaced = lines_;
  replaced[5] = record_line(6, other_text(records_[5], 6), records_[4].hash);
  EXPECT_THAT(fault_on(7, replaced), HasSubstr("previous_hash is not that of record 6"));

  Lines first = lines_;
  first[0] = record_line(1, records_[0].text, records_[4].hash);
  EXPECT_THAT(fault_on(1, first), HasSubstr("names a previous record, which is missing"));
}

TEST_F(AuditVerify, ATextHasItsOwnNumber) {
  Lines lines = lines_;
  lines[8] = record_line(9, records_[7].text, records_[7].hash);
  EXPECT_THAT(fault_on(9, lines), HasSubstr("its text is that of record 8"));
  lines[8] = record_line(9, R"({"seq":9})", records_[7].hash);
  EXPECT_THAT(fault_on(9, lines), HasSubstr("no \"at\""));
  lines[8] = record_line(9, "no JSON", records_[7].hash);
  EXPECT_THAT(fault_on(9, lines), HasSubstr("not a JSON object"));
}

// A reader that takes the first of two members would see what nobody vouches for.
TEST_F(AuditVerify, AMemberThatStandsTwiceIsAFault) {
  Lines lines = lines_;
  lines[2].insert(1, R"("text":"forged",)");
  EXPECT_THAT(fault_on(3, lines), HasSubstr("not written as"));
  lines = lines_;
  lines[2].insert(1, " ");
  EXPECT_THAT(fault_on(3, lines), HasSubstr("not written as"));
}

TEST_F(AuditVerify, ACutTrailMissesItsEnd) {
  Lines lines = lines_;
  lines.pop_back();
  EXPECT_THAT(fault_on(10, lines), HasSubstr("was cut off"));
  EXPECT_FALSE(verify_audit(lines, {.has_end_line = false}));
  EXPECT_THAT(fault_on(1, {}), HasSubstr("was cut off"));
}

TEST_F(AuditVerify, NothingComesBehindTheEnd) {
  Lines lines = lines_;
  lines.push_back(lines_[0]);
  const auto fault = verify_audit(lines);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->line, 11U);
  EXPECT_THAT(fault->message, HasSubstr("lines after the last line"));
}

TEST_F(AuditVerify, TheEndCountsAndNamesTheLastHash) {
  Lines lines = lines_;
  lines.erase(lines.begin() + 8);
  EXPECT_THAT(fault_on(9, lines), HasSubstr("should have 9 records and has 8"));
  lines = lines_;
  lines[8] = record_line(9, other_text(records_[8], 9), records_[7].hash);
  EXPECT_THAT(fault_on(10, lines), HasSubstr("its last record was replaced"));
}

// The chain vouches for its order, not for its end: that takes a note kept elsewhere.
TEST_F(AuditVerify, ExpectationsFindAForgedEnd) {
  auto fewer = records_;
  fewer.erase(fewer.begin() + 6, fewer.end());
  const Lines cut = exported(fewer);
  EXPECT_FALSE(verify_audit(cut));
  const auto says = [&](const Lines& lines, const app::AuditExpectation& expectation) {
    const auto fault = verify_audit(lines, expectation);
    return fault ? fault->message : "no fault";
  };
  EXPECT_THAT(says(cut, {.count = 9}), HasSubstr("9 records are expected, 6 are there"));
  EXPECT_THAT(says(cut, {.last_hash = records_.back().hash}), HasSubstr("as expected"));
  EXPECT_THAT(says(cut, {.known = {{.seq = 7, .hash = records_[6].hash}}}),
              HasSubstr("record 7 is expected and missing"));
  EXPECT_THAT(says(exported({}), {.last_hash = records_[0].hash}), HasSubstr("is missing"));
}

TEST_F(AuditVerify, ExpectationsFindATrailThatWasMadeAnew) {
  const Lines forged = remade_from(5);
  EXPECT_FALSE(verify_audit(forged));
  EXPECT_TRUE(verify_audit(forged, {.last_hash = records_.back().hash}));
  EXPECT_TRUE(verify_audit(forged, {.known = {{.seq = 7, .hash = records_[6].hash}}}));
  EXPECT_FALSE(verify_audit(forged, {.known = {{.seq = 4, .hash = records_[3].hash}}}));
}

}  // namespace
}  // namespace colonnade::tests
