#include "app/secret_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "app/files.hpp"

namespace colonnade::app {
namespace {

class SecretKey : public ::testing::Test {
 protected:
  SecretKey()
      : folder_(std::filesystem::temp_directory_path() /
                ("secret-key-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~SecretKey() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "secrets.key").string(); }

  std::filesystem::path folder_;
};

TEST_F(SecretKey, IsMadeOnceAndReadAgain) {
  const auto made = load_secret_key(path());
  ASSERT_TRUE(made) << made.error().message;
  struct stat about{};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_EQ(load_secret_key(path()).value(), made.value());
}

TEST_F(SecretKey, IsRefusedWhenItIsNoKeyOrOthersMayReadIt) {
  for (const std::string& text :
       {std::string(), std::string("abc"), std::string(64, 'g'), std::string(66, 'a')}) {
    ASSERT_TRUE(write_owner_only_file(path(), text));
    const auto read = load_secret_key(path());
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().field, "secret_key_file");
  }
  ASSERT_TRUE(write_owner_only_file(path(), std::string(64, 'a')));
  EXPECT_TRUE(load_secret_key(path()));
  ::chmod(path().c_str(), 0644);
  EXPECT_FALSE(load_secret_key(path()));
}

}  // namespace
}  // namespace colonnade::app
