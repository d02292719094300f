// Makes signed trails anew as a whole, with all hashes right, and sees to it that no one gets by
// who has the public key; and that one record can be shown to belong to a trail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "app/audit_proof.hpp"
#include "app/audit_verify.hpp"
#include "tamper.hpp"

namespace colonnade::tests {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t seed_of_rewrites = 20261130;
constexpr std::size_t records_of_rewrites = 200;
constexpr int rewrites_each = 20;  // of each kind: 100 in all

class Signed {
 public:
  explicit Signed(std::size_t count = records_of_rewrites)
      : records(signed_records(count, seed_of_rewrites, ours)) {}

  app::AuditExpectation expected() const {
    return {.key = std::make_shared<base::VerifyingKey>(ours.verifying_key())};
  }

  const base::SigningKey ours = base::SigningKey::make();
  const base::SigningKey forgers = base::SigningKey::make();
  const std::vector<core::AuditRecord> records;
};

std::string name_of(Forged how) {
  constexpr std::array names = {"kept", "dropped", "resigned", "claimed", "adapted"};
  return names.at(static_cast<std::size_t>(how));
}

class AuditRewriting : public testing::TestWithParam<Forged> {};

TEST_P(AuditRewriting, NoneGetsByWhoHasThePublicKey) {
  const Signed trail;
  ASSERT_FALSE(app::verify_audit(exported(trail.records), trail.expected()));
  Random random(seed_of_rewrites + static_cast<std::uint64_t>(GetParam()));
  for (int i = 0; i < rewrites_each; ++i) {
    const Lines anew = exported(made_anew(trail.records, GetParam(), trail.forgers, random));
    ASSERT_NE(anew, exported(trail.records));
    const auto fault = app::verify_audit(anew, trail.expected());
    EXPECT_TRUE(fault) << "number " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, AuditRewriting, testing::ValuesIn(every_forged),
                         [](const auto& tested) { return name_of(tested.param); });

// The chain alone does not show it: that is what signatures are for.
TEST(AuditSigned, AChainThatWasMadeAnewIsWholeByItself) {
  const Signed trail;
  Random random(1);
  for (const Forged how : {Forged::dropped, Forged::resigned}) {
    const Lines anew = exported(made_anew(trail.records, how, trail.forgers, random));
    EXPECT_FALSE(app::verify_audit(anew));
  }
}

TEST(AuditSigned, SaysUpToWhichRecordItIsSigned) {
  const Signed trail(90);
  app::AuditVerifier verifier(trail.expected());
  // Two records behind the last signature but one, and none of the last.
  constexpr std::size_t taken = 2 * signed_every + 2 + 2;
  for (std::size_t i = 0; i < taken; ++i) {
    ASSERT_FALSE(verifier.take(core::audit_line(trail.records[i])));
  }
  EXPECT_EQ(verifier.signature().head.seq, 2 * signed_every + 1);
  EXPECT_EQ(verifier.signature().key, trail.ours.verifying_key().hex());
  EXPECT_EQ(verifier.count(), static_cast<std::int64_t>(taken));
}

TEST(AuditSigned, AnEmptyTrailNeedsNoSignature) {
  const Signed trail(1);
  EXPECT_FALSE(app::verify_audit(exported({}), trail.expected()));
  const auto unsigned_trail = exported(varied_records(3, 1));
  const auto fault = app::verify_audit(unsigned_trail, trail.expected());
  ASSERT_TRUE(fault);
  EXPECT_THAT(fault->message, HasSubstr("nothing is signed with the key"));
}

// --- proofs of one record ------------------------------------------------------------------------

base::Result<app::AuditProof> prove(const Lines& lines, std::string_view id) {
  return app::prove_audit_record(
      [&](const std::function<bool(const std::string&)>& take) -> base::Result<void> {
        for (const std::string& line : lines) {
          if (core::looks_like_audit_end(line) || !take(line)) break;
        }
        return {};
      },
      id);
}

class AuditProofs : public testing::Test {
 protected:
  AuditProofs() {
    std::string name = testing::TempDir() + "audit_proof_XXXXXX";
    folder_ = ::mkdtemp(name.data());
    write("ours.pub", trail_.ours.verifying_key().to_pem());
    write("other.pub", trail_.forgers.verifying_key().to_pem());
  }
  ~AuditProofs() override {
    for (const char* name : {"ours.pub", "other.pub", "proof.json"}) {
      ::unlink((folder_ + "/" + name).c_str());
    }
    ::rmdir(folder_.c_str());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  int script_says(const std::string& proof, const std::string& key) const {
    write("proof.json", proof + "\n");
    const int status =
        std::system(("python3 '" COLONNADE_SOURCE_DIR "/tools/audit_proof.py' '" + folder_ +
                     "/proof.json' --public-key '" + folder_ + "/" + key + "' >/dev/null 2>&1")
                        .c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const Signed trail_{90};
  const Lines lines_ = exported(trail_.records);
  std::string folder_;
};

TEST_F(AuditProofs, EveryRecordThatIsSignedHasOne) {
  for (std::size_t seq = 1; seq < trail_.records.size(); ++seq) {
    const auto proof = prove(lines_, std::to_string(seq));
    ASSERT_TRUE(proof) << seq << ": " << proof.error().message;
    EXPECT_GE(proof->head.seq, static_cast<std::int64_t>(seq));
    EXPECT_LE(proof->path.size(), 7U) << "of some ninety records";
  }
  const auto last = prove(lines_, std::to_string(trail_.records.size()));
  ASSERT_FALSE(last) << "nothing signs the last signature";
  EXPECT_THAT(last.error().message, HasSubstr("not signed yet"));
  EXPECT_EQ(prove(lines_, "1000").error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(prove(lines_, "nobody").error().kind, base::ErrorKind::not_found);
  const auto by_subject = prove(lines_, "subject-7");
  ASSERT_TRUE(by_subject);
  EXPECT_THAT(by_subject->record.text, HasSubstr("subject-7"));
}

TEST_F(AuditProofs, ATrailThatWasChangedProvesNothing) {
  Lines changed = lines_;
  changed[3] = record_line(4, other_text(trail_.records[3], 4), trail_.records[2].hash);
  EXPECT_EQ(prove(changed, "10").error().kind, base::ErrorKind::invalid);
}

TEST_F(AuditProofs, TheScriptAcceptsThemAndNoOthers) {
  if (std::system("python3 -c '' && openssl version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "python3 or openssl is missing; apt-get install python3 openssl";
  }
  for (const char* seq : {"1", "17", "40", "63", "90"}) {
    const auto proof = prove(lines_, seq);
    ASSERT_TRUE(proof) << seq;
    EXPECT_EQ(script_says(encode(*proof), "ours.pub"), 0) << seq;
    EXPECT_EQ(script_says(encode(*proof), "other.pub"), 1) << seq << ": another key";
    app::AuditProof forged = *proof;
    forged.record.text = other_text(trail_.records[static_cast<std::size_t>(forged.record.seq) - 1],
                                    forged.record.seq);
    forged.record.hash = core::audit_hash(forged.record.previous_hash, forged.record.text);
    EXPECT_EQ(script_says(encode(forged), "ours.pub"), 1) << seq << ": another record";
    forged = *proof;
    std::swap(forged.path.front(), forged.path.back());
    EXPECT_EQ(script_says(encode(forged), "ours.pub"), 1) << seq << ": another path";
    forged = *proof;
    forged.head.seq += 1;
    EXPECT_EQ(script_says(encode(forged), "ours.pub"), 1) << seq << ": another head";
  }
  EXPECT_EQ(script_says("{}", "ours.pub"), 1);
  EXPECT_EQ(script_says("{}", "missing.pub"), 2);
}

}  // namespace
}  // namespace colonnade::tests
