#include "tools/builtin/patch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/builtin/limits.hpp"

namespace colonnade::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Change = PatchedFile::Change;

// The text after the only section of a patch; the error's message when it does not fit.
std::string patched(const std::string& patch, const std::string& text) {
  const auto files = parse_patch(patch);
  if (!files) return "unread: " + files.error().message;
  if (files->size() != 1) return "not one file";
  const auto out = patched_text(files->front(), text);
  return out ? *out : "unfit: " + out.error().message;
}

std::string section(const std::string& body) {
  return "*** Begin Patch\n*** Update File: a.txt\n" + body + "*** End Patch\n";
}
std::string unified(const std::string& body) { return "--- a/a.txt\n+++ b/a.txt\n" + body; }

TEST(Patch, SectionsSayWhatBecomesOfFiles) {
  const auto files = parse_patch(
      "*** Begin Patch\n"
      "*** Add File: new.txt\n+one\n+\n+two\n"
      "*** Delete File: old.txt\n"
      "\n"
      "*** Update File: src/a.cpp\n*** Move to: src/b.cpp\n@@ int main() {\n-  a();\n+  b();\n"
      "*** End Patch\n");
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ(files->at(0).change, Change::add);
  EXPECT_EQ(*patched_text(files->at(0), ""), "one\n\ntwo\n");
  EXPECT_EQ(files->at(1).change, Change::remove);
  EXPECT_EQ(files->at(2).change, Change::update);
  EXPECT_EQ(files->at(2).new_path, "src/b.cpp");
  EXPECT_THAT(patch_paths(*files), ElementsAre("new.txt", "old.txt", "src/a.cpp", "src/b.cpp"));
}

TEST(Patch, UnifiedDiffsSayWhatBecomesOfFiles) {
  const auto files = parse_patch(
      "From: somebody\n\n"
      "diff --git a/new.txt b/new.txt\nnew file mode 100644\nindex 000..111\n--- /dev/null\n"
      "+++ b/new.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n"
      "diff --git a/old.txt b/old.txt\ndeleted file mode 100644\n--- a/old.txt\n+++ /dev/null\n"
      "@@ -1 +0,0 @@\n-gone\n"
      "diff --git a/x y.txt b/z.txt\nsimilarity index 100%\nrename from x y.txt\nrename to z.txt\n"
      "diff --git a/empty b/empty\nnew file mode 100644\nindex 000..e69\n"
      "diff --git a/m.txt b/n.txt\nrename from m.txt\nrename to n.txt\n--- a/m.txt\n+++ b/n.txt\n"
      "@@ -1 +1 @@\n-a\n+b\n");
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 5U);
  EXPECT_EQ(files->at(0).change, Change::add);
  EXPECT_EQ(*patched_text(files->at(0), ""), "one\ntwo");
  EXPECT_EQ(files->at(1).change, Change::remove);
  EXPECT_EQ(*patched_text(files->at(1), "gone\n"), "");
  EXPECT_EQ(files->at(2).path, "x y.txt");
  EXPECT_EQ(files->at(2).new_path, "z.txt");
  EXPECT_EQ(files->at(3).change, Change::add);
  EXPECT_EQ(files->at(3).path, "empty");
  EXPECT_EQ(*patched_text(files->at(3), ""), "");
  EXPECT_EQ(files->at(4).new_path, "n.txt");
}

TEST(Patch, PathsWithoutGitsPrefixesAreTakenAsTheyAre) {
  const auto files =
      parse_patch("--- src/a.txt\t2024-01-01\n+++ src/a.txt\t2024-01-02\n@@ -1 +1 @@\n-a\n+b\n");
  ASSERT_TRUE(files);
  EXPECT_EQ(files->front().path, "src/a.txt");
  EXPECT_EQ(files->front().new_path, "");
}

TEST(Patch, HunksFitWhereTheirLinesAre) {
  const std::string text = "a\nb\nc\nd\nb\nc\n";
  struct Case {
    const char* what;
    std::string patch;
    std::string text;
    std::string after;
  };
  const Case cases[] = {
      {"the first place", section("@@\n-b\n+B\n"), text, "a\nB\nc\nd\nb\nc\n"},
      {"without a head", section("-b\n+B\n"), text, "a\nB\nc\nd\nb\nc\n"},
      {"behind its anchor", section("@@ d\n-b\n+B\n"), text, "a\nb\nc\nd\nB\nc\n"},
      {"behind two anchors", section("@@ c\n@@ b\n-c\n+C\n"), text, "a\nb\nc\nd\nb\nC\n"},
      {"hunks in turn", section("@@\n-b\n+1\n@@\n-b\n+2\n"), text, "a\n1\nc\nd\n2\nc\n"},
      {"at the end", section("@@\n-c\n+C\n*** End of File\n"), text, "a\nb\nc\nd\nb\nC\n"},
      {"added behind an anchor", section("@@ a\n+new\n"), text, "a\nnew\nb\nc\nd\nb\nc\n"},
      {"added at the end", section("@@\n+new\n"), text, text + "new\n"},
      {"blanks at line ends do not count", section("@@\n-b\n+B\n"), "a\nb  \nc\n", "a\nB\nc\n"},
      {"nor does indentation", section("@@\n b\n-c\n+  C\n"), "  b\n  c\n", "  b\n  C\n"},
      {"an empty line that lost its blank", section("@@\n a\n\n-b\n+B\n"), "a\n\nb\n", "a\n\nB\n"},
      {"no newline at the end stays so", section("@@\n-b\n+B\n"), "a\nb", "a\nB"},
      {"carriage returns stay", section("@@\n a\n-b\n+B\n"), "a\r\nb\r\n", "a\r\nB\r\n"},
      {"unified", unified("@@ -1,3 +1,3 @@ x\n a\n-b\n+B\n c\n"), text, "a\nB\nc\nd\nb\nc\n"},
      {"unified, by its line", unified("@@ -5,2 +5,2 @@\n-b\n+B\n c\n"), text,
       "a\nb\nc\nd\nB\nc\n"},
      {"unified, moved", unified("@@ -1,2 +1,2 @@\n-d\n+D\n b\n"), text, "a\nb\nc\nD\nb\nc\n"},
      {"unified, only adds", unified("@@ -2,0 +3,1 @@\n+new\n"), text, "a\nb\nnew\nc\nd\nb\nc\n"},
      {"unified, adds in front", unified("@@ -0,0 +1 @@\n+new\n"), text, "new\n" + text},
      {"unified, newline added", unified("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
       "a", "a\n"},
      {"unified, newline removed", unified("@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"),
       "a\n", "a"},
      {"unified, no newline kept",
       unified("@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n"), "a\nb", "A\nb"},
  };
  for (const Case& one : cases) EXPECT_EQ(patched(one.patch, one.text), one.after) << one.what;
}

TEST(Patch, AHunkThatDoesNotFitIsNamed) {
  const std::string text = "a\nb\nc\n";
  EXPECT_THAT(patched(section("@@\n-a\n+A\n@@\n-x\n+X\n"), text),
              HasSubstr("hunk 2 of 2 for 'a.txt' (@@) does not fit: the line 'x' is not there"));
  EXPECT_THAT(patched(section("@@ nowhere\n-a\n+A\n"), text),
              HasSubstr("hunk 1 of 1 for 'a.txt' (@@ nowhere) does not fit: the line 'nowhere'"));
  EXPECT_THAT(patched(section("@@\n-c\n+C\n@@\n-a\n+A\n"), text), HasSubstr("hunk 2 of 2"));
  EXPECT_THAT(patched(section("@@\n a\n-c\n"), text), HasSubstr("do not follow each other"));
  EXPECT_THAT(patched(unified("@@ -1,2 +1,1 @@\n a\n-z\n"), text),
              HasSubstr("(@@ -1,2 +1,1 @@) does not fit: the line 'z' is not there"));
  EXPECT_THAT(patched(unified("@@ -9,0 +9,1 @@\n+z\n"), text), HasSubstr("there is no line 9"));
}

TEST(Patch, WhatIsNoPatchIsRefusedWithItsLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty"},
      {"hello\n", "neither '*** Begin Patch' nor"},
      {"*** Begin Patch\n", "'*** End Patch' is missing"},
      {"*** Begin Patch\n*** End Patch\n", "changes no file"},
      {"*** Begin Patch\nhello\n*** End Patch\n", "line 2 of the patch: expected '*** Add File"},
      {"*** Begin Patch\n*** Add File: a\nhello\n*** End Patch\n", "begins with '+'"},
      {"*** Begin Patch\n*** Update File: a\n*** End Patch\n", "without a hunk"},
      {"*** Begin Patch\n*** Update File: a\n@@\nhello\n*** End Patch\n", "line 4 of the patch"},
      {"*** Begin Patch\n*** Add File: \n+x\n*** End Patch\n", "expected '*** Add File"},
      {"*** Begin Patch\n*** Delete File: a\n*** End Patch\nmore\n", "there is more behind"},
      {"--- a\n@@ -1 +1 @@\n", "'+++ ' must follow"},
      {"--- a/\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n", "the path is missing"},
      {"--- a\n+++ a\n", "has no hunk"},
      {"--- a\n+++ a\n@@ what @@\n-a\n+b\n", "expected '@@ -LINE,COUNT"},
      {"--- a\n+++ a\n@@ -1,2 +1 @@\n-a\n", "ends too early"},
      {"--- a\n+++ a\n@@ -1 +1 @@\n-a\n-b\n+c\n", "more lines than its head says"},
      {"--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n", "neither side"},
      {"diff --git \nnew file mode 100644\n", "neither '*** Begin Patch'"},
      {"diff --git a/x b/x\nBinary files a/x and b/x differ\n", "binary files cannot be patched"},
  };
  for (const auto& [patch, why] : cases) {
    const auto files = parse_patch(patch);
    ASSERT_FALSE(files) << patch;
    EXPECT_THAT(files.error().message, HasSubstr(why)) << patch;
    EXPECT_EQ(files.error().field, "patchText") << patch;
  }
}

TEST(Patch, HasALimitOfFiles) {
  std::string patch = "*** Begin Patch\n";
  for (std::size_t i = 0; i <= limits::patch_files_max; ++i) {
    patch += "*** Delete File: " + std::to_string(i) + "\n";
  }
  const auto files = parse_patch(patch + "*** End Patch\n");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().kind, base::ErrorKind::too_large);
}

}  // namespace
}  // namespace colonnade::tools
