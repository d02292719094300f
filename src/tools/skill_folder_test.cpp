#include "tools/skill_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/builtin/skill.hpp"
#include "tools/limits.hpp"

#include <sys/stat.h>

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Skill, SaysItsNameAndDescriptionInFront) {
  struct Case {
    const char* text;
    const char* name;
    const char* description;
    const char* content;
  };
  const Case cases[] = {
      {"---\nname: pdf\ndescription: Reads PDFs.\n---\n# Text\n", "pdf", "Reads PDFs.", "# Text\n"},
      {"---\r\nname: \"pdf\"\r\ndescription: 'It: reads'\r\n---\r\nx", "pdf", "It: reads", "x"},
      {"---\ndescription: >\n  two\n  lines\nlicense: MIT\nname: a.b_c-1\n---\nx", "a.b_c-1",
       "two lines", "x"},
      {"---\ndescription: one\n  and more\n---\n", "folder", "one and more", ""},
      // No front matter, or none that ends: all of it is the text.
      {"# Text\n", "folder", "", "# Text\n"},
      {"---\nname: pdf\n", "folder", "", "---\nname: pdf\n"},
      {"", "folder", "", ""},
      // A name that cannot be one is not taken.
      {"---\nname: ../pdf\n---\nx", "folder", "", "x"},
  };
  for (const Case& one : cases) {
    const core::Skill skill = parse_skill("folder", one.text);
    EXPECT_EQ(skill.name, one.name) << one.text;
    EXPECT_EQ(skill.description, one.description) << one.text;
    EXPECT_EQ(skill.content, one.content) << one.text;
  }
}

const core::SkillReader alice(core::Scope::main(), "alice");

class SkillFolderTest : public ::testing::Test {
 protected:
  SkillFolderTest() {
    folder_ = ::testing::TempDir() + "colonnade-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    skills_ = std::make_unique<SkillFolder>(workers_, folder_);
  }
  ~SkillFolderTest() override {
    fs::remove_all(folder_);
    workers_.end();
  }
  void file(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path, std::ios::binary) << text;
  }
  std::vector<std::string> names(base::Result<std::vector<core::Skill>> skills) {
    EXPECT_TRUE(skills);
    std::vector<std::string> out;
    for (const core::Skill& one : *skills) {
      out.push_back(one.name);
      EXPECT_EQ(one.content, "") << "lists have no texts";
    }
    return out;
  }
  base::Result<core::Skill> get(const std::string& name) {
    return base::run_on(lanes_[0], skills_->get(alice, name, {}));
  }
  core::ToolOutcome call(base::Json arguments) {
    const auto tool = skill_tool(*skills_);
    ToolContext context{.lane = &lanes_[0], .scope = core::Scope::main()};
    return base::run_on(lanes_[0], tool->run(std::move(context), std::move(arguments), {}));
  }

  std::string folder_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
  std::unique_ptr<SkillFolder> skills_;
};

TEST_F(SkillFolderTest, ListsWhatIsThereAndGivesItByName) {
  file("pdf/SKILL.md", "---\nname: pdf\ndescription: Reads PDFs.\n---\nUse pdftotext.\n");
  file("deploy/SKILL.md", "Push to main.\n");
  file("renamed/SKILL.md", "---\nname: other\n---\nother text\n");
  file("no-skill/README.md", "");
  file(".hidden/SKILL.md", "");
  file("templates/report/SKILL.md", "---\ndescription: A report.\n---\n");
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->list(alice, {}))),
              ElementsAre("deploy", "pdf", "other"));
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->templates(alice, {}))), ElementsAre("report"));
  EXPECT_EQ(get("pdf")->content, "Use pdftotext.\n");
  EXPECT_EQ(get("other")->content, "other text\n");
  for (const char* name : {"renamed", "none", "../pdf", "templates", "report", "", "."}) {
    const auto missing = get(name);
    ASSERT_FALSE(missing) << name;
    EXPECT_EQ(missing.error().kind, base::ErrorKind::not_found) << name;
  }
}

// Whoever hands out a folder of skills does not choose what is read beside it.
TEST_F(SkillFolderTest, LinksThatLeadOutArePassedOver) {
  const fs::path beside(folder_ + "-beside");
  fs::create_directories(beside / "stolen");
  std::ofstream(beside / "stolen/SKILL.md") << "a text of somebody else's";
  std::ofstream(beside / "secret.txt") << "a secret";
  file("pdf/SKILL.md", "Use pdftotext.\n");
  fs::create_directories(folder_ + "/file");
  fs::create_symlink(beside / "secret.txt", folder_ + "/file/SKILL.md");
  fs::create_directory_symlink(beside / "stolen", folder_ + "/folder");
  fs::create_directory_symlink("../" + beside.filename().string() + "/stolen", folder_ + "/up");
  fs::create_directory_symlink("/proc/self/cwd", folder_ + "/kernel");
  fs::create_directory_symlink(beside, folder_ + "/templates");
  fs::create_directory_symlink("pdf", folder_ + "/alias");
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->list(alice, {}))), ElementsAre("alias", "pdf"))
      << "one that stays inside is followed";
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->templates(alice, {}))), IsEmpty());
  for (const char* name : {"file", "folder", "up", "kernel", "stolen"}) {
    EXPECT_EQ(get(name).error().kind, base::ErrorKind::not_found) << name;
  }
  EXPECT_EQ(get("alias")->content, "Use pdftotext.\n");
  // The folder itself may be a link: that is the operator's word.
  const std::string link = folder_ + "-link";
  fs::create_directory_symlink(folder_, link);
  SkillFolder linked(workers_, link);
  EXPECT_EQ(names(base::run_on(lanes_[0], linked.list(alice, {}))).size(), 2U);
  fs::remove(link);
  fs::remove_all(beside);
}

TEST_F(SkillFolderTest, AFileThatIsNoneIsPassedOver) {
  fs::create_directories(folder_ + "/pipe");
  ASSERT_EQ(::mkfifo((folder_ + "/pipe/SKILL.md").c_str(), 0600), 0);
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->list(alice, {}))), IsEmpty());
  EXPECT_EQ(get("pipe").error().kind, base::ErrorKind::not_found);
}

TEST_F(SkillFolderTest, IsEmptyWithoutAFolder) {
  fs::remove_all(folder_);
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->list(alice, {}))), IsEmpty());
  EXPECT_THAT(names(base::run_on(lanes_[0], skills_->templates(alice, {}))), IsEmpty());
  EXPECT_FALSE(get("pdf"));
}

TEST_F(SkillFolderTest, IsBounded) {
  file("large/SKILL.md", std::string(limits::skill_bytes_max + 1, 'x'));
  const auto large = get("large");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, base::ErrorKind::too_large);
  for (std::size_t i = 0; i < limits::skills_max + 5; ++i) {
    file("s" + std::to_string(i) + "/SKILL.md", "x");
  }
  EXPECT_EQ(names(base::run_on(lanes_[0], skills_->list(alice, {}))).size(), limits::skills_max);
}

TEST_F(SkillFolderTest, TheToolLoadsOne) {
  EXPECT_THAT(call(base::Json::object()).content, HasSubstr("skills.folder"));
  file("pdf/SKILL.md", "---\nname: pdf\ndescription: Reads PDFs.\n---\nUse pdftotext.\n");
  EXPECT_EQ(call({{"name", "pdf"}}).content, "Use pdftotext.\n");
  EXPECT_EQ(call(base::Json::object()).content, "- pdf: Reads PDFs.\n");
  const auto missing = call({{"name", "word"}});
  EXPECT_TRUE(missing.is_error);
  EXPECT_THAT(missing.content, HasSubstr("- pdf: Reads PDFs."));
}

}  // namespace
}  // namespace colonnade::tools
