// Attacks on the folders of sessions over Tandem's wire: links, dots, races, folders of other users
// and of the server. Each test ends with the same look: nothing outside was written, and no answer
// and no request to a model holds a word of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tandem_server.hpp"
#include "tools/builtin/apply_patch.hpp"
#include "tools/builtin/codesearch.hpp"
#include "tools/builtin/edit.hpp"
#include "tools/builtin/glob.hpp"
#include "tools/builtin/grep.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;
using base::Json;
using ::testing::HasSubstr;

// own/                 the server's own, with operator.token
// home/bob/            another user's, with diary.txt and README.md
// projects/app/        where users may work: README.md, sub/part.txt
class TandemPaths : public ::testing::Test {
 protected:
  // A word of every file that is not to be read.
  static constexpr const char* secret = "PLUM-TREE-SECRET";

  TandemPaths() {
    put("own/operator.token", secret);
    put("home/bob/diary.txt", std::string("dear diary ") + secret);
    put("home/bob/README.md", std::string("bob's ") + secret);
    put("home/bob/part.txt", std::string("bob's part ") + secret);
    put("outside.txt", secret);
    put("projects/app/README.md", "# App\n");
    put("projects/app/sub/part.txt", "a part\n");
    before_ = outside();
    server_ = std::make_unique<TandemServer>(at("own/colonnade.db"), options());
    ann_ = server_->new_token("ann");
  }
  ~TandemPaths() override { workers_.end(); }

  TandemServerOptions options() {
    TandemServerOptions out;
    EngineOptions& engine = out.engine;
    for (auto make : {tools::read_tool, tools::write_tool, tools::edit_tool, tools::glob_tool,
                      tools::grep_tool, tools::codesearch_tool, tools::apply_patch_tool}) {
      engine.extra_tools.push_back(make(workers_));
    }
    engine.extra_allowed = {"write", "edit", "apply_patch"};
    engine.workspaces = at("own/workspaces");
    engine.directories = {.allowed = {at("projects")}, .own_folders = {{"data_dir", at("own")}}};
    return out;
  }

  std::string at(const std::string& name) const { return (root_ / name).string(); }
  void put(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << bytes;
  }
  static std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  // All that must stay as it is: names and bytes.
  std::map<std::string, std::string> outside() const {
    std::map<std::string, std::string> out;
    for (const char* name : {"own/operator.token", "outside.txt"}) out[name] = bytes_of(at(name));
    for (const auto& entry : fs::recursive_directory_iterator(at("home"))) {
      out[entry.path().string()] = entry.is_regular_file() ? bytes_of(entry.path()) : "";
    }
    for (const auto& entry : fs::directory_iterator(root_)) out[entry.path().string()];
    return out;
  }

  // As Ann, unless it says who; every answer is looked at in the end.
  Answer ask(const std::string& method, const std::string& target, const Json& body = nullptr,
             const std::string& token = {}) {
    Answer answer = server_->ask(method, target, body.is_null() ? std::string() : body.dump(),
                                 {{"Authorization", "Bearer " + (token.empty() ? ann_ : token)}});
    const std::lock_guard lock(mutex_);
    answers_ += answer.body + "\n";
    return answer;
  }
  std::string session_in(const std::string& directory, const std::string& token = {}) {
    const Answer made = ask("POST", "/session", {{"directory", directory}}, token);
    EXPECT_EQ(made.status, 200) << directory << made.body;
    return made.json().at("id");
  }
  Answer execute(const std::string& session, const std::string& tool, Json args,
                 const std::string& token = {}) {
    return ask("POST", "/tool/execute",
               {{"tool", tool}, {"args", std::move(args)}, {"sessionID", session}}, token);
  }
  Answer prompt_with(const std::string& session, const std::string& url,
                     const std::string& token = {}) {
    const Json file = {{"type", "file"}, {"mime", "text/plain"}, {"url", url}};
    const Json text = {{"type", "text"}, {"text", "Look"}};
    return ask("POST", "/session/" + session + "/prompt_async?return=run",
               {{"parts", Json::array({file, text})}}, token);
  }
  static std::string patch_adding(const std::string& path) {
    return "*** Begin Patch\n*** Add File: " + path + "\n+new\n*** End Patch\n";
  }
  // Every tool that works in files, with this path.
  static std::vector<std::pair<std::string, Json>> calls_with(const std::string& path) {
    return {{"read", {{"path", path}}},
            {"write", {{"path", path}, {"content", "new"}}},
            {"edit", {{"path", path}, {"old_text", "a"}, {"new_text", "b"}}},
            {"glob", {{"pattern", "**"}, {"path", path}}},
            {"grep", {{"pattern", "PLUM"}, {"path", path}}},
            {"codesearch", {{"query", "PLUM"}, {"path", path}}},
            {"apply_patch", {{"patchText", patch_adding(path)}}}};
  }
  // The prompt is refused, or taken and its run fails; nobody is asked.
  void expect_prompt_fails(const std::string& session, const std::string& url,
                           const std::string& token = {}) {
    const std::size_t asked = server_->engine.model->requests().size();
    const Answer answer = prompt_with(session, url, token);
    EXPECT_LT(answer.status, 500) << url << answer.body;
    if (answer.status < 400) {
      const Json messages = ask("GET", "/session/" + session + "/message", nullptr, token).json();
      EXPECT_THAT(messages.back().dump(), HasSubstr("ENGINE_ERROR")) << url;
      EXPECT_THAT(messages.back().dump(), HasSubstr("parts[0].url")) << url;
    }
    EXPECT_EQ(server_->engine.model->requests().size(), asked) << url;
  }
  // That none of them can be used in this session.
  void expect_no_tool_works(const std::string& session, const std::string& token = {}) {
    for (const char* path : {"operator.token", "diary.txt", "."}) {
      for (const auto& [tool, args] : calls_with(path)) {
        const Answer answer = execute(session, tool, args, token);
        EXPECT_GE(answer.status, 400) << tool << " " << path << ": " << answer.body;
      }
    }
    for (const char* url : {"operator.token", "diary.txt", "README.md"}) {
      expect_prompt_fails(session, url, token);
    }
    for (const char* what : {"/revert", "/unrevert"}) {
      ask("POST", "/session/" + session + what, Json::object(), token);
    }
    ask("GET", "/session/" + session + "/diff", nullptr, token);
  }
  void wait_for_end(const std::string& session, const std::string& run) {
    WireStream stream(server_->port(),
                      {.target = "/event?sessionID=" + session + "&runID=" + run, .token = ann_});
    while (const auto event = stream.next()) {
      if (event->json().at("type") == "session.run.finished") return;
    }
    FAIL() << "the run has no end";
  }
  // A run of Ann's that writes these files.
  void run_writing(const std::string& session, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      server_->engine.model->script(
          {tool_call("c", "write", {{"path", file}, {"content", "written by the run\n"}})});
    }
    server_->engine.model->script({reply({core::TextPart{"Done."}})});
    const Answer started =
        ask("POST", "/session/" + session + "/prompt_async?return=run", {{"text", "Write"}});
    ASSERT_EQ(started.status, 202) << started.body;
    wait_for_end(session, started.json().at("runID"));
  }

  void TearDown() override {
    EXPECT_EQ(outside(), before_) << "something outside was written";
    EXPECT_THAT(answers_, ::testing::Not(HasSubstr(secret)));
    for (const core::ModelRequest& request : server_->engine.model->requests()) {
      for (const core::Message& message : request.messages) {
        for (const core::Part& part : message.parts) {
          const auto* text = std::get_if<core::TextPart>(&part);
          const auto* file = std::get_if<core::FilePart>(&part);
          const auto* result = std::get_if<core::ToolResultPart>(&part);
          if (text != nullptr) EXPECT_FALSE(text->text.contains(secret));
          if (result != nullptr) EXPECT_FALSE(result->content.contains(secret));
          if (file == nullptr) continue;
          EXPECT_FALSE(file->url.contains(secret));
          EXPECT_FALSE(file->url.contains("UExVTS1UUkVFL")) << "the same in base64";
        }
      }
    }
  }

  TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.file("."));
  base::Workers workers_{base::WorkersOptions{.threads = 2, .running_per_account = 2}};
  std::map<std::string, std::string> before_{};
  std::mutex mutex_;
  std::string answers_{};
  std::unique_ptr<TandemServer> server_{};
  std::string ann_{};
};

// The other tests stand on it: what may be used works.
TEST_F(TandemPaths, WhatIsAllowedWorks) {
  const std::string session = session_in(at("projects/app"));
  EXPECT_EQ(execute(session, "read", {{"path", "README.md"}}).status, 200);
  EXPECT_EQ(execute(session, "write", {{"path", "new.txt"}, {"content", "x"}}).status, 200);
  EXPECT_EQ(bytes_of(at("projects/app/new.txt")), "x");
  server_->engine.model->script({reply({core::TextPart{"Hello."}})});
  const Answer started = prompt_with(session, "README.md");
  ASSERT_EQ(started.status, 202) << started.body;
  wait_for_end(session, started.json().at("runID"));
  run_writing(session, {"README.md"});
  EXPECT_EQ(bytes_of(at("projects/app/README.md")), "written by the run\n");
}

TEST_F(TandemPaths, FoldersOfTheServerAndOfOthersAreNoDirectories) {
  fs::create_directory_symlink(at("own"), at("projects/to-own"));
  fs::create_directory_symlink(at("home/bob"), at("projects/to-bob"));
  fs::create_directory_symlink("../home/bob", at("projects/relative"));
  const std::string own[] = {at("own"),
                             at("own/workspaces"),
                             at("own/colonnade.db.attachments"),
                             at("projects/to-own"),
                             at("projects/app/../../own"),
                             "/proc/self/root" + at("own"),
                             "/proc/self",
                             "/proc/1",
                             at("projects/..")};
  const std::string others[] = {at("home/bob"),          at("projects/to-bob"),
                                at("projects/relative"), at("projects/app/../../home/bob"),
                                "/proc/self/cwd",        "/"};
  for (const std::string& directory : own) {
    SCOPED_TRACE(directory);
    expect_no_tool_works(session_in(directory));
    expect_no_tool_works(session_in(directory, server_->token), server_->token);
  }
  for (const std::string& directory : others) {
    SCOPED_TRACE(directory);
    expect_no_tool_works(session_in(directory));
  }
}

TEST_F(TandemPaths, NoPathOfACallLeavesTheDirectory) {
  const std::string session = session_in(at("projects/app"));
  fs::create_directory_symlink(at("home/bob"), at("projects/app/bob"));
  fs::create_directory_symlink("../../own", at("projects/app/own"));
  fs::create_symlink(at("outside.txt"), at("projects/app/out.txt"));
  fs::create_directory_symlink("/proc/self/root", at("projects/app/root"));
  const std::string paths[] = {"../../outside.txt",
                               "../../home/bob/diary.txt",
                               "../../home/bob",
                               at("own"),
                               at("own/operator.token"),
                               "bob",
                               "bob/diary.txt",
                               "bob/new/deep.txt",
                               "own/operator.token",
                               "out.txt",
                               "sub/../../../outside.txt",
                               "root" + at("outside.txt"),
                               at("projects/app") + "/../../outside.txt",
                               "/proc/self/root" + at("outside.txt"),
                               "/proc/self/environ",
                               "/workspace/../../outside.txt"};
  for (const std::string& path : paths) {
    for (const auto& [tool, args] : calls_with(path)) {
      const Answer answer = execute(session, tool, args);
      EXPECT_GE(answer.status, 400) << tool << " " << path << ": " << answer.body;
    }
    for (const std::string& patch :
         {"*** Begin Patch\n*** Delete File: " + path + "\n*** End Patch\n",
          "*** Begin Patch\n*** Update File: README.md\n*** Move to: " + path +
              "\n@@\n-# App\n+# Moved\n*** End Patch\n",
          "--- a/README.md\n+++ b/" + path + "\n@@ -1 +1 @@\n-# App\n+# Moved\n"}) {
      EXPECT_GE(execute(session, "apply_patch", {{"patchText", patch}}).status, 400) << patch;
    }
  }
  // A search from above passes links over.
  for (const auto& [tool, args] : calls_with(".")) {
    if (tool != "glob" && tool != "grep" && tool != "codesearch") continue;
    const Answer answer = execute(session, tool, args);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("diary")));
  }
  EXPECT_EQ(bytes_of(at("projects/app/README.md")), "# App\n");
}

TEST_F(TandemPaths, FilePartsThatLeadOutAreRefused) {
  fs::create_symlink(at("outside.txt"), at("projects/app/out.txt"));
  fs::create_directory_symlink(at("home/bob"), at("projects/app/bob"));
  fs::create_symlink(at("own/operator.token"), at("projects/token.txt"));
  const core::Principal bob(core::Scope::main(), "bob", core::UserRole::member);
  const auto kept = server_->engine.run(
      server_->engine.attachments.upload(bob, {.bytes = secret, .declared_type = "text/plain"}));
  ASSERT_TRUE(kept);
  const std::string session = session_in(at("projects/app"));
  const std::string bobs_session = session_in(".", server_->new_token("bob"));
  const std::string urls[] = {at("outside.txt"),
                              "file://" + at("outside.txt"),
                              "file://localhost" + at("own/operator.token"),
                              "file://" + at("projects/app") + "/%2e%2e/%2E%2E/outside.txt",
                              "file://elsewhere" + at("outside.txt"),
                              "FILE://" + at("outside.txt"),
                              "../../outside.txt",
                              "out.txt",
                              at("projects/app/out.txt"),
                              "bob/diary.txt",
                              at("projects/token.txt"),
                              at("own/workspaces/" + bobs_session),
                              at("own/colonnade.db"),
                              "/proc/self/environ",
                              "/proc/self/root" + at("outside.txt"),
                              "file:///proc/self/fd/0",
                              "/dev/zero",
                              "attachment:" + kept->id,
                              "attachment:../operator.token",
                              std::string("README.md\0/../../outside.txt", 28)};
  for (const std::string& url : urls) {
    expect_prompt_fails(session, url);
  }
  EXPECT_TRUE(server_->engine.model->requests().empty()) << "no model was asked";
}

TEST_F(TandemPaths, ASessionThatIsAttachedElsewhereReachesNothingThere) {
  const std::string session = session_in(at("projects/app"));
  run_writing(session, {"README.md", "sub/part.txt"});
  fs::create_directory_symlink(at("home/bob"), at("projects/to-bob"));
  for (const std::string& target :
       {at("home/bob"), at("own"), at("projects/to-bob"), at("projects/app/../../home/bob"),
        std::string("/proc/self"), std::string("/")}) {
    SCOPED_TRACE(target);
    const Answer attached =
        ask("POST", "/session/" + session + "/attach", {{"target_workspace", target}});
    EXPECT_EQ(attached.status, 200) << "kept, and looked at by each call";
    expect_no_tool_works(session);
  }
  const Answer relative =
      ask("POST", "/session/" + session + "/attach", {{"target_workspace", "../../home/bob"}});
  EXPECT_EQ(relative.status, 422) << relative.body;
  // What the run wrote is undone where it was written, and nowhere else.
  ask("POST", "/session/" + session + "/attach", {{"target_workspace", at("projects/app")}});
  EXPECT_EQ(ask("POST", "/session/" + session + "/revert", Json::object()).status, 200);
  EXPECT_EQ(bytes_of(at("projects/app/README.md")), "# App\n");
}

TEST_F(TandemPaths, UndoingFollowsNoLink) {
  const std::string session = session_in(at("projects/app"));
  run_writing(session, {"README.md", "sub/part.txt", "made/diary.txt"});
  const auto undo = [&](const char* what) {
    const Answer answer = ask("POST", "/session/" + session + what, Json::object());
    EXPECT_EQ(outside(), before_) << what;
    return answer;
  };
  // Somebody puts a link in the place of a file that was written.
  const fs::path readme(at("projects/app/README.md"));
  fs::remove(readme);
  fs::create_symlink(at("home/bob/README.md"), readme);
  EXPECT_EQ(ask("GET", "/session/" + session + "/diff").status, 200);
  EXPECT_EQ(undo("/revert").status, 200);
  EXPECT_FALSE(fs::is_symlink(readme));
  EXPECT_EQ(bytes_of(readme), "# App\n");
  undo("/unrevert");
  // And in the places of folders that hold such files.
  for (const char* folder : {"sub", "made"}) {
    fs::remove_all(at("projects/app/") + folder);
    fs::create_directory_symlink(at("home/bob"), at("projects/app/") + folder);
  }
  for (int round = 0; round < 2; ++round) {
    const Answer diff = ask("GET", "/session/" + session + "/diff");
    EXPECT_EQ(diff.status, 200) << diff.body;
    undo("/revert");
    undo("/unrevert");
  }
  // And in the place of the directory itself.
  fs::rename(at("projects/app"), at("projects/moved"));
  fs::create_directory_symlink(at("home/bob"), at("projects/app"));
  for (const char* what : {"/revert", "/unrevert"}) {
    const Answer answer = ask("POST", "/session/" + session + what, Json::object());
    EXPECT_GE(answer.status, 400) << answer.body;
  }
  EXPECT_GE(ask("GET", "/session/" + session + "/diff").status, 400);
  fs::remove(at("projects/app"));
}

// Somebody swaps the directory for a link to another's, and to the server's, again and again while
// it is worked in.
TEST_F(TandemPaths, NoRaceOfTheDirectoryIsWon) {
  constexpr int rounds = 60;
  const std::string session = session_in(at("projects/app"));
  run_writing(session, {"README.md", "sub/part.txt"});
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    fs::create_directory_symlink(at("home/bob"), at("to-bob"));
    fs::create_directory_symlink(at("own"), at("to-own"));
    for (std::size_t turn = 0; !over; ++turn) {
      const std::string link = turn % 2 == 0 ? at("to-bob") : at("to-own");
      std::error_code ignored;
      fs::rename(at("projects/app"), at("projects/away"), ignored);
      fs::rename(link, at("projects/app"), ignored);
      fs::rename(at("projects/app"), link, ignored);
      fs::rename(at("projects/away"), at("projects/app"), ignored);
    }
    fs::remove(at("to-bob"));
    fs::remove(at("to-own"));
  });
  server_->engine.model->answer_with(
      [](const core::ModelRequest&) { return std::vector<Act>{reply({core::TextPart{"Seen."}})}; });
  for (int round = 0; round < rounds; ++round) {
    for (const char* path : {"README.md", "operator.token", "diary.txt"}) {
      execute(session, "read", {{"path", path}});
      const std::string made = std::string(path) + ".new";
      execute(session, "write", {{"path", made}, {"content", "new"}});
    }
    execute(session, "grep", {{"pattern", "PLUM"}});
    execute(session, "apply_patch", {{"patchText", patch_adding("p" + std::to_string(round))}});
    const Answer started = prompt_with(session, round % 2 == 0 ? "README.md" : "diary.txt");
    if (started.status == 202) wait_for_end(session, started.json().at("runID"));
    ask("GET", "/session/" + session + "/diff");
    ask("POST", "/session/" + session + (round % 2 == 0 ? "/revert" : "/unrevert"), Json::object());
  }
  over = true;
  swapper.join();
  EXPECT_EQ(execute(session, "read", {{"path", "sub/part.txt"}}).status, 200)
      << "the directory is back in its place, and works";
}

TEST_F(TandemPaths, SessionsOfOthersLendTheirDirectoryToNobody) {
  const std::string bob = server_->new_token("bob");
  const std::string theirs = session_in(".", bob);
  ASSERT_EQ(execute(theirs, "write", {{"path", "mine.txt"}, {"content", secret}}, bob).status, 200);
  for (const auto& [tool, args] : calls_with("mine.txt")) {
    EXPECT_EQ(execute(theirs, tool, args).status, 404) << tool;
    Json within = args;
    within["__session_id"] = theirs;
    within["__workspace_root"] = at("own/workspaces/" + theirs);
    within["__effective_cwd"] = at("own/workspaces/" + theirs);
    const Answer answer = ask("POST", "/tool/execute", {{"tool", tool}, {"args", within}});
    EXPECT_EQ(answer.status, 404) << tool << answer.body;
  }
  const std::string ids[] = {"..%2F" + theirs, "..%2f..%2foperator.token", "%2e%2e"};
  for (const std::string& id : ids) {
    EXPECT_EQ(ask("GET", "/session/" + id + "/diff").status, 404) << id;
    EXPECT_EQ(ask("POST", "/session/" + id + "/revert", Json::object()).status, 404) << id;
  }
  EXPECT_EQ(bytes_of(at("own/workspaces/" + theirs + "/mine.txt")), secret);
}

TEST_F(TandemPaths, AnImportOfMemoriesReadsWhatSessionsMay) {
  const auto bring = [&](const std::string& path, const std::string& token = {}) {
    return ask("POST", "/memory/import", {{"source", {{"kind", "path"}, {"path", path}}}}, token);
  };
  fs::create_directory_symlink(at("home/bob"), at("projects/app/bob"));
  fs::create_symlink(at("home/bob/diary.txt"), at("projects/app/diary.txt"));
  before_ = outside();
  for (const std::string& path :
       {at("home/bob"), at("home/bob/diary.txt"), at("own"), at("own/operator.token"), at("."),
        at("projects/../home/bob"), at("projects/app/bob"), at("projects/app/diary.txt"),
        std::string("relative"), std::string("/etc/passwd")}) {
    const Answer answer = bring(path);
    EXPECT_GE(answer.status, 400) << path << answer.body;
    EXPECT_LT(answer.status, 500) << path << answer.body;
  }
  // The operator may name more, but not the server's own files.
  for (const std::string& path : {at("own"), at("own/operator.token"), at(".")}) {
    EXPECT_EQ(bring(path, server_->token).status, 403) << path;
  }
  const Answer mine = bring(at("projects/app"));
  ASSERT_EQ(mine.status, 200) << mine.body;
  EXPECT_EQ(mine.json().at("discovered_files"), 2) << "links are not followed";
  const Json listed = ask("GET", "/memory").json().at("items");
  EXPECT_EQ(listed.size(), 2U) << listed;
}

TEST_F(TandemPaths, NoNameOfASkillLeavesItsFolder) {
  const std::string skills = at("own/colonnade.db.skills");
  put("own/colonnade.db.skills/plan/SKILL.md", "Think first.\n");
  fs::create_directories(skills + "/file");
  fs::create_symlink(at("own/operator.token"), skills + "/file/SKILL.md");
  fs::create_directory_symlink(at("home/bob"), skills + "/folder");
  put("home/bob/SKILL.md", std::string("bob's skill ") + secret);
  before_ = outside();
  for (const char* name : {"file", "folder", "..%2Foperator.token", "..%2f..%2fhome%2fbob",
                           "%2e%2e", "plan%2F..%2F..%2Foperator.token", "%2Fetc%2Fpasswd"}) {
    EXPECT_EQ(ask("GET", std::string("/skills/") + name).status, 404) << name;
  }
  EXPECT_EQ(ask("GET", "/skills/plan").status, 200);
  EXPECT_EQ(ask("GET", "/skills").json().at("count"), 1);
  EXPECT_EQ(ask("GET", "/skills?location=" + at("home")).json().at("count"), 0);
}

}  // namespace
}  // namespace colonnade::tests
