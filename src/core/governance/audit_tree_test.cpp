#include "core/governance/audit_tree.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace colonnade::core {
namespace {

std::string record_hash(std::int64_t seq) { return base::sha256_hex(std::to_string(seq)); }

AuditTree tree_of(std::int64_t size) {
  AuditTree out;
  for (std::int64_t seq = 1; seq <= size; ++seq) out.add(record_hash(seq));
  return out;
}

std::vector<std::string> path_of(std::int64_t seq, std::int64_t size) {
  AuditPath out(seq);
  for (std::int64_t i = 1; i <= size; ++i) out.add(record_hash(i));
  return out.siblings();
}

// The standard's own words: the root of D[n] is the hash of those of D[0:k] and D[k:n].
TEST(AuditTree, TheRootIsTheStandards) {
  EXPECT_EQ(AuditTree().root(), base::sha256_hex(""));
  const std::string one = base::sha256_hex(std::string(1, '\0') + std::string(32, '\xab'));
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += "ab";
  AuditTree tree;
  tree.add(hex);
  EXPECT_EQ(tree.root(), one);
}

TEST(AuditTree, EveryRecordHasAPathToTheRoot) {
  for (std::int64_t size = 1; size <= 40; ++size) {
    const std::string root = tree_of(size).root();
    for (std::int64_t seq = 1; seq <= size; ++seq) {
      const auto path = path_of(seq, size);
      EXPECT_EQ(root_of_path(record_hash(seq), seq, size, path), root) << seq << " of " << size;
      EXPECT_NE(root_of_path(record_hash(seq + 1), seq, size, path), root) << "another record";
      if (size == 1) continue;
      const std::int64_t elsewhere = seq == size ? 1 : seq + 1;
      EXPECT_NE(root_of_path(record_hash(seq), elsewhere, size, path), root) << "another place";
      auto shorter = path;
      shorter.pop_back();
      EXPECT_NE(root_of_path(record_hash(seq), seq, size, shorter), root) << "a step is missing";
    }
  }
}

TEST(AuditTree, GoesOnFromItsPeaks) {
  for (std::int64_t size = 0; size <= 20; ++size) {
    const AuditTree tree = tree_of(size);
    auto again = AuditTree::from_peaks(size, tree.peaks());
    ASSERT_TRUE(again) << size;
    EXPECT_EQ(again->root(), tree.root());
    for (std::int64_t seq = size + 1; seq <= 33; ++seq) again->add(record_hash(seq));
    EXPECT_EQ(again->root(), tree_of(33).root());
  }
  EXPECT_FALSE(AuditTree::from_peaks(3, tree_of(4).peaks())) << "a tree of three has two";
  EXPECT_FALSE(AuditTree::from_peaks(1, {"no hash"}));
  EXPECT_FALSE(AuditTree::from_peaks(-1, {}));
}

}  // namespace
}  // namespace colonnade::core
