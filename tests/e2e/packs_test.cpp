// Packs with the real program: its commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../packs/zip_maker.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;

class PacksOfTheProgram : public testing::Test {
 protected:
  void SetUp() override {
    archive_ = folder_.write(
        "release.zip",
        tests::zip_of({{"tandempack.yaml",
                        "name: release\nversion: 1.0.0\ntype: workflow\ncontents:\n"
                        "  agents: [{id: reviewer, path: reviewer.yaml}]\n"
                        "  routines: [{id: daily, path: daily.yaml}]\n"},
                       {"reviewer.yaml", "name: Reviewer\nsystem_prompt: Review.\n"},
                       {"daily.yaml",
                        "name: Daily\nschedule: {type: manual}\nentrypoint: Look around\n"
                        "allowed_tools: [read]\n"}}));
    server_ = std::make_unique<ServerProcess>(folder_);
    ASSERT_TRUE(server_->ready().is_object());
  }
  Process::Ended packs(Arguments arguments) {
    arguments.insert(arguments.begin(), "packs");
    return run(arguments, folder_);
  }

  Folder folder_;
  std::string archive_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(PacksOfTheProgram, AreLookedAtInstalledListedAndUninstalled) {
  EXPECT_THAT(packs({"list"}).out, HasSubstr("No pack is installed."));
  const auto looked = packs({"inspect", archive_});
  EXPECT_EQ(looked.code, 0) << looked.err;
  EXPECT_THAT(looked.out, HasSubstr("release 1.0.0"));
  EXPECT_THAT(looked.out, HasSubstr("agent reviewer: Reviewer; tools: all"));
  EXPECT_THAT(looked.out, HasSubstr("may use read unasked"));
  const auto asked = packs({"install", archive_});
  EXPECT_EQ(asked.code, 1);
  EXPECT_THAT(asked.out, HasSubstr("Add --yes"));
  EXPECT_THAT(packs({"list"}).out, HasSubstr("No pack is installed."));
  EXPECT_EQ(packs({"install", archive_, "--yes"}).code, 0);
  EXPECT_THAT(packs({"list"}).out, HasSubstr("release@1.0.0"));
  EXPECT_THAT(packs({"show", "release"}).out, HasSubstr("unsigned"));
  EXPECT_EQ(packs({"export", "release", "--output", folder_ / "out.zip"}).code, 0);
  EXPECT_EQ(read_file(folder_ / "out.zip"), read_file(archive_));
  const auto removed = packs({"uninstall", "release"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_THAT(packs({"list"}).out, HasSubstr("No pack is installed."));
  EXPECT_EQ(packs({"uninstall", "release"}).code, 1);
  const std::string no_zip = folder_.write("no.zip", "text");
  const auto refused = packs({"inspect", no_zip});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the archive is refused"));
}

}  // namespace
}  // namespace colonnade::e2e
