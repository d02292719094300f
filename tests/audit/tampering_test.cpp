// Spoils an exported trail at random and sees to it that nothing gets by.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "app/audit_verify.hpp"
#include "tamper.hpp"

namespace colonnade::tests {
namespace {

constexpr std::uint64_t seed = 20260524;
constexpr std::size_t record_count = 200;
constexpr int found_each = 112;   // of each kind: 1008 in all
constexpr int scripted_each = 4;  // of them, seen by the script, too

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

class AuditTampering : public testing::TestWithParam<Tampering> {
 protected:
  // The next spoilt trail; what came out the same by chance does not count.
  Lines next() {
    for (int i = 0; i < 100; ++i) {
      Lines spoilt = tampered(lines_, records_, GetParam(), random_);
      if (spoilt != lines_) return spoilt;
    }
    throw std::runtime_error("tampering changes nothing");
  }

  const std::vector<core::AuditRecord> records_ = varied_records(record_count, seed);
  const Lines lines_ = exported(records_);
  Random random_{seed + static_cast<std::uint64_t>(GetParam())};
};

TEST_P(AuditTampering, NoneGetsBy) {
  ASSERT_FALSE(app::verify_audit(lines_));
  for (int i = 0; i < found_each; ++i) EXPECT_TRUE(app::verify_audit(next())) << "number " << i;
}

TEST_P(AuditTampering, TheScriptAgrees) {
  if (!has_python()) GTEST_SKIP() << "python3 is missing; apt-get install python3";
  ASSERT_EQ(script_says(lines_), 0);
  for (int i = 0; i < scripted_each; ++i) {
    const Lines spoilt = next();
    EXPECT_TRUE(app::verify_audit(spoilt)) << "number " << i;
    EXPECT_EQ(script_says(spoilt), 1) << "number " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, AuditTampering, testing::ValuesIn(every_tampering),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST(AuditScript, AnEmptyTrailIsWhole) {
  if (!has_python()) GTEST_SKIP() << "python3 is missing; apt-get install python3";
  EXPECT_EQ(script_says(exported({})), 0);
  EXPECT_EQ(script_says({}), 1);
}

}  // namespace
}  // namespace colonnade::tests
