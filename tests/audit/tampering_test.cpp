// Spoils an exported trail at random and sees to it that nothing gets by.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "app/audit_verify.hpp"
#include "tamper.hpp"

namespace colonnade::tests {
namespace {

constexpr std::uint64_t seed = 20260524;
constexpr std::size_t record_count = 200;
constexpr int tampering_count = 1000;
constexpr int scripted_each = 4;  // of each kind that the script sees, too

// Runs the script on these lines: its exit code.
int script_says(const Lines& lines) {
  const std::string path =
      testing::TempDir() + "audit_" + std::to_string(::getpid()) + "_export.jsonl";
  {
    std::ofstream file(path, std::ios::binary);
    for (const std::string& line : lines) file << line << '\n';
  }
  const std::string command =
      "python3 '" COLONNADE_SOURCE_DIR "/tools/audit_verify.py' '" + path + "' >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  ::unlink(path.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool has_python() { return std::system("python3 -c '' >/dev/null 2>&1") == 0; }

TEST(AuditTampering, NoneOfAThousandGetsBy) {
  const auto records = varied_records(record_count, seed);
  const Lines lines = exported(records);
  ASSERT_FALSE(app::verify_audit(lines));
  Random random(seed);
  std::map<Tampering, int> seen;
  int count = 0;
  for (int i = 0; count < tampering_count; ++i) {
    ASSERT_LT(i, 2 * tampering_count) << "most came out the same";
    const auto kind = static_cast<Tampering>(i % tamperings);
    const Lines spoilt = tampered(lines, records, kind, random);
    if (spoilt == lines) continue;
    ++count;
    ++seen[kind];
    EXPECT_TRUE(app::verify_audit(spoilt)) << to_string(kind) << ", number " << i;
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(tamperings));
  for (const auto& [kind, times] : seen) EXPECT_GE(times, 80) << to_string(kind);
}

TEST(AuditTampering, TheScriptAgrees) {
  if (!has_python()) GTEST_SKIP() << "python3 is missing; apt-get install python3";
  const auto records = varied_records(record_count, seed);
  const Lines lines = exported(records);
  ASSERT_EQ(script_says(lines), 0);
  ASSERT_EQ(script_says(exported({})), 0);
  Random random(seed + 1);
  for (int i = 0; i < tamperings * scripted_each; ++i) {
    const auto kind = static_cast<Tampering>(i % tamperings);
    const Lines spoilt = tampered(lines, records, kind, random);
    if (spoilt == lines) continue;
    EXPECT_EQ(script_says(spoilt), 1) << to_string(kind);
    EXPECT_TRUE(app::verify_audit(spoilt)) << to_string(kind);
  }
}

}  // namespace
}  // namespace colonnade::tests
