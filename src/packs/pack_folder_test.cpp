#include "packs/pack_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "tests/packs/hostile_archives.hpp"
#include "tests/packs/zip_maker.hpp"

namespace colonnade::packs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PackFolderTest : public ::testing::Test {
 protected:
  PackFolderTest() {
    std::string made = fs::temp_directory_path() / "packs-XXXXXX";
    root_ = ::mkdtemp(made.data());
    folder_ = std::make_unique<PackFolder>(workers_, client_, lanes_[0],
                                           PackFolderOptions{.folder = root_ + "/packs"});
  }
  ~PackFolderTest() override {
    workers_.end();
    lanes_.stop();
    fs::remove_all(root_);
  }
  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes_[0], std::move(task));
  }
  core::StagedPack staged(const std::string& bytes) {
    auto out = run(folder_->stage_bytes("ann", bytes, {}));
    EXPECT_TRUE(out) << out.error().message;
    return out.value_or(core::StagedPack{});
  }
  static core::PackPlace place(std::string version = "1.0.0") {
    return {core::Scope::main(), "tools", std::move(version)};
  }
  // Every file below the root, relative to it, but for what is staged.
  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& one : fs::recursive_directory_iterator(root_)) {
      const std::string path = fs::relative(one.path(), root_);
      if (!one.is_directory() && !path.ends_with(".zip")) out.push_back(path);
    }
    std::ranges::sort(out);
    return out;
  }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string root_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
  net::HttpClient client_{lanes_};
  std::unique_ptr<PackFolder> folder_;
};

TEST_F(PackFolderTest, UnpacksExportsAndRemoves) {
  const std::string bytes =
      tests::zip_of({{"tandempack.yaml", "name: tools\n"}, {"skills/a/SKILL.md", "Do it."}});
  const core::StagedPack pack = staged(bytes);
  EXPECT_EQ(pack.bytes, bytes.size());
  EXPECT_EQ(pack.sha256, base::sha256_hex(bytes));
  const auto listing = run(folder_->look("ann", pack, {}));
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->files.size(), 2U);
  EXPECT_EQ(listing->files.at(0).path, "skills/a/SKILL.md");
  EXPECT_EQ(listing->files.at(0).sha256, base::sha256_hex("Do it."));
  EXPECT_EQ(listing->files.at(0).bytes, 6U);
  const auto done = run(folder_->unpack("ann", pack, place(), {}));
  ASSERT_TRUE(done) << done.error().message;
  const std::string at = folder_->path_of(place());
  EXPECT_EQ(at, root_ + "/packs/main+main+main/tools/1.0.0");
  EXPECT_EQ(content(at + "/skills/a/SKILL.md"), "Do it.");
  struct stat status{};
  ASSERT_EQ(::stat((at + "/tandempack.yaml").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(run(folder_->text("ann", place(), "skills/a/SKILL.md", 100, {})), "Do it.");
  EXPECT_EQ(run(folder_->text("ann", place(), "../../../../x", 100, {})).error().kind,
            base::ErrorKind::invalid);

  const auto exported = run(folder_->write_archive("ann", place(), ""));
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(content(exported->path), bytes);
  EXPECT_EQ(exported->sha256, pack.sha256);
  EXPECT_TRUE(run(folder_->write_archive("ann", place(), ""))) << "an older one is replaced";
  const auto taken = run(folder_->write_archive("ann", place(), at + "/tandempack.yaml"));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(taken.error().field, "output_path");
  EXPECT_EQ(content(at + "/tandempack.yaml"), "name: tools\n");

  ASSERT_TRUE(run(folder_->remove("ann", place())));
  EXPECT_FALSE(fs::exists(at));
  EXPECT_FALSE(fs::exists(root_ + "/packs/main+main+main/tools")) << "it was the last version";
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_TRUE(run(folder_->remove("ann", place()))) << "nothing is there any more";
}

TEST_F(PackFolderTest, ABrokenAttemptIsReplaced) {
  fs::create_directories(folder_->path_of(place()));
  std::ofstream(folder_->path_of(place()) + "/left") << "over";
  const core::StagedPack pack = staged(tests::zip_of({{"tandempack.yaml", "name: tools\n"}}));
  ASSERT_TRUE(run(folder_->unpack("ann", pack, place(), {})));
  EXPECT_THAT(files(), ElementsAre("packs/main+main+main/tools/1.0.0/tandempack.yaml"));
}

TEST_F(PackFolderTest, AStartForgetsWhatWasUnderWay) {
  const core::StagedPack pack = staged(tests::zip_of({{"tandempack.yaml", "name: tools\n"}}));
  EXPECT_TRUE(fs::exists(root_ + "/packs/.incoming/" + pack.id + ".zip"));
  run(folder_->clear());
  EXPECT_FALSE(fs::exists(root_ + "/packs/.incoming"));
}

// Nothing is left of one that is refused, here or anywhere.
TEST_F(PackFolderTest, NoHostileArchiveEscapes) {
  fs::create_directories(root_ + "/packs/.incoming");
  for (const tests::HostileArchive& one : tests::hostile_archives()) {
    const core::StagedPack pack = staged(one.bytes);
    const auto listing = run(folder_->look("ann", pack, {}));
    ASSERT_FALSE(listing) << one.what;
    EXPECT_EQ(listing.error().kind, base::ErrorKind::invalid) << one.what;
    const auto unpacked = run(folder_->unpack("ann", pack, place(), {}));
    EXPECT_FALSE(unpacked) << one.what;
    EXPECT_FALSE(fs::exists(folder_->path_of(place()))) << one.what;
    EXPECT_THAT(files(), IsEmpty()) << one.what;
    run(folder_->drop(pack));
    EXPECT_TRUE(fs::is_empty(root_ + "/packs/.incoming")) << one.what;
  }
}

TEST_F(PackFolderTest, TakesRegularFilesAlone) {
  std::ofstream(root_ + "/a.zip", std::ios::binary) << tests::zip_of({{"a", "b"}});
  EXPECT_TRUE(run(folder_->stage_file("ann", root_ + "/a.zip", {})));
  const auto kind = [&](const std::string& path) {
    const auto out = run(folder_->stage_file("ann", path, {}));
    EXPECT_FALSE(out) << path;
    if (!out) EXPECT_EQ(out.error().field, "path");
    return out ? base::ErrorKind::internal : out.error().kind;
  };
  EXPECT_EQ(kind(root_ + "/none.zip"), base::ErrorKind::not_found);
  EXPECT_EQ(kind(root_), base::ErrorKind::invalid);
  EXPECT_EQ(kind("a.zip"), base::ErrorKind::invalid) << "not absolute";
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(kind(root_ + "/pipe"), base::ErrorKind::invalid) << "and nobody waits for a writer";
  fs::remove(root_ + "/pipe");
}

TEST_F(PackFolderTest, PrivateAddressesAreNotAsked) {
  const auto private_one = run(folder_->stage_url("ann", "http://127.0.0.1:9/a.zip", {}));
  ASSERT_FALSE(private_one);
  EXPECT_EQ(private_one.error().kind, base::ErrorKind::forbidden);
  EXPECT_EQ(private_one.error().field, "url");
  const auto other = run(folder_->stage_url("ann", "file:///etc/passwd", {}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, base::ErrorKind::invalid);
}

TEST_F(PackFolderTest, FindsWhatLooksLikeAKey) {
  const auto found = [&](const std::string& text) {
    const core::StagedPack pack = staged(tests::zip_of({{"a.txt", text}}));
    auto listing = run(folder_->look("ann", pack, {}));
    EXPECT_TRUE(listing) << listing.error().message;
    return listing && !listing->secrets.empty();
  };
  EXPECT_TRUE(found("key = ghp_" + std::string(36, 'a')));
  EXPECT_TRUE(found("AKIA" + std::string(16, 'A')));
  EXPECT_TRUE(found("-----BEGIN RSA PRIVATE KEY-----\nabc"));
  // Where one piece of the file ends and the next begins.
  EXPECT_TRUE(found(std::string(64UL * 1024 - 3, ' ') + "ghp_" + std::string(36, 'b')));
  EXPECT_FALSE(found("the task-" + std::string(40, 'a') + " of desk-" + std::string(40, 'b')));
  EXPECT_FALSE(found("-----BEGIN PUBLIC KEY-----\nPRIVATE KEY-----"));
  EXPECT_FALSE(found("sk-short"));
}

}  // namespace
}  // namespace colonnade::packs
