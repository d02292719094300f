// A conversation that is erased is in no file of the data folder any more, while the server runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../contract/wire_client.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

class Erasing : public testing::Test {
 protected:
  Erasing()
      : config_(folder_.write("config.yaml",
                              "tools:\n  sandbox: off\npolicy:\n  file: " + policy() + "\n")),
        server_(folder_, {"--config", config_}) {
    token_ = server_.ready()["first_token"];
  }
  std::string policy() const {
    return folder_.write("policy.yaml", "rules:\n  - match: {tool: \"*\"}\n    allow: true\n");
  }

  tests::Answer call(tests::Call what) const {
    what.token = token_;
    return tests::call(server_.port(), what);
  }
  std::string new_conversation(const std::string& title) const {
    return call({.method = "POST",
                 .target = "/v1/conversations",
                 .body = Json{{"agent_id", "default"}, {"title", title}}.dump(),
                 .headers = {{"Idempotency-Key", "made " + title}}})
        .json()["id"];
  }
  std::string say(const std::string& conversation, const std::string& text,
                  const std::string& key) const {
    return call({.method = "POST",
                 .target = "/v1/conversations/" + conversation + "/messages",
                 .body = Json{{"content", text}}.dump(),
                 .headers = {{"Idempotency-Key", key}}})
        .body;
  }
  std::string data_folder() const { return folder_ / ".local/share/colonnade"; }
  // The file that has it, in any case of letters as the search index folds them; "" for none.
  std::string file_with(const std::string& word) const {
    std::string lowered = word;
    for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::error_code gone;  // a file may go while others are read
    for (std::filesystem::recursive_directory_iterator at(data_folder(), gone), end;
         !gone && at != end; at.increment(gone)) {
      std::error_code ignored;
      if (!at->is_regular_file(ignored)) continue;
      const std::string bytes = read_file(at->path());
      if (bytes.contains(word) || bytes.contains(lowered)) return at->path();
    }
    return "";
  }
  bool has_file_named(const std::string& name) const {
    std::error_code gone;
    for (std::filesystem::recursive_directory_iterator at(data_folder(), gone), end;
         !gone && at != end; at.increment(gone)) {
      if (at->path().filename() == name) return true;
    }
    return false;
  }
  // Until no file has it; each look takes the time of reading them all.
  std::string file_that_keeps(const std::string& word) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::string found;
    do {
      found = file_with(word);
    } while (!found.empty() && std::chrono::steady_clock::now() < end);
    return found;
  }

  Folder folder_;
  std::string config_;
  ServerProcess server_;
  std::string token_;
};

TEST_F(Erasing, LeavesNothingInAnyFile) {
  const std::string marker = "Quuxmarker";
  const std::string other = new_conversation("Daffodil");
  say(other, "about the daffodil", "k0");
  const std::string gone = new_conversation("On " + marker);
  say(gone, "what is " + marker + "?\n/say it is a " + marker, "k1");
  // Into the workspace; the arguments, which the audit trail keeps, have the halves alone.
  say(gone, R"(/tool shell {"command":"printf '%s%s' Quux marker > note-on-it.txt"})", "k2");
  ASSERT_EQ(call({.target = "/api/v1/threads/search?q=" + marker}).status, 200);  // it is indexed
  ASSERT_NE(file_with(marker), "");
  ASSERT_TRUE(has_file_named("note-on-it.txt"));
  EXPECT_EQ(call({.method = "DELETE", .target = "/v1/conversations/" + gone}).status, 204);
  EXPECT_FALSE(has_file_named("note-on-it.txt")) << "gone before the answer came";
  EXPECT_EQ(file_that_keeps(marker), "") << "while the server runs";
  EXPECT_NE(file_with("daffodil"), "");
  EXPECT_THAT(call({.target = "/v1/conversations/" + other}).body, HasSubstr("Daffodil"));
  EXPECT_EQ(server_.stop().code, 0);
  EXPECT_EQ(file_with(marker), "");
}

}  // namespace
}  // namespace colonnade::e2e
