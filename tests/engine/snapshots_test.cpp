// What runs changed in their threads' files, looked at and undone, on a real store with real tools.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/threads/erasure.hpp"
#include "engine.hpp"
#include "launch_tool.hpp"
#include "tools/builtin/edit.hpp"
#include "tools/builtin/shell.hpp"
#include "tools/builtin/write.hpp"
#include "tools/workspace_removal.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;

using namespace core;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);

class SnapshotsOfRuns : public ::testing::Test {
 protected:
  SnapshotsOfRuns() {
    fs::create_directories(at("app"));
    fs::create_directories(at("own"));
    put("one\ntwo\n");
  }
  ~SnapshotsOfRuns() override { workers_.end(); }

  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(tools::write_tool(workers_));
    out.extra_tools.push_back(tools::edit_tool(workers_));
    out.extra_tools.push_back(std::make_unique<tools::ShellTool>(
        workers_, tools::SandboxOptions{.mode = tools::SandboxMode::off}));
    out.extra_tools.push_back(std::make_unique<LaunchTool>(launches_));
    out.extra_allowed = {"write", "edit", "shell"};
    out.workspaces = at("own/workspaces");
    out.directories = {.allowed = {at("app")}, .own_folders = {{"data_dir", at("own")}}};
    return out;
  }

  std::string at(const std::string& name) const {
    return fs::weakly_canonical(folder_.file(name)).string();
  }
  void put(const std::string& bytes) const { std::ofstream(at("app/a.txt")) << bytes; }
  std::string text() const {
    std::ifstream file(at("app/a.txt"));
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  Thread bound(Engine& engine) {
    return *engine.run(engine.threads.create(alice, {.directory = at("app")}));
  }
  // A run with these tool calls, one a round.
  void run_with(Engine& engine, const Thread& thread,
                std::vector<std::pair<std::string, base::Json>> calls) {
    for (auto& [tool, arguments] : calls) {
      engine.model->script({tool_call("c", tool, std::move(arguments))});
    }
    engine.model->script({reply({TextPart{"Done."}})});
    run_ = *engine.start(alice, thread.id, "go");
    ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
    for (const ModelRequest& request : engine.model->requests()) {
      for (const Part& part : request.messages.back().parts) {
        const auto* result = std::get_if<ToolResultPart>(&part);
        if (result != nullptr) EXPECT_FALSE(result->is_error) << result->content;
      }
    }
  }
  static base::Json edit_of(const std::string& from, const std::string& to) {
    return {{"path", "a.txt"}, {"old_text", from}, {"new_text", to}};
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("own/colonnade.db");
  std::shared_ptr<Launches> launches_ = std::make_shared<Launches>();
  base::Workers workers_{2};
  core::Run run_{.scope = Scope::main()};
};

TEST_F(SnapshotsOfRuns, ARunIsShownUndoneAndDoneAgain) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  run_with(engine, thread,
           {{"edit", edit_of("two", "2")},
            {"shell", {{"command", "printf x > made.bin; chmod 600 made.bin; echo 3 >> a.txt"}}}});
  const auto shown = engine.run(engine.snapshots.diff(alice, thread.id));
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(shown->run_id, run_.id);
  EXPECT_THAT(shown->text, HasSubstr("@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n"));
  ASSERT_EQ(shown->files.size(), 2U);
  EXPECT_EQ(shown->files[1].path, "made.bin");
  EXPECT_EQ(shown->files[1].kind, FileChangeKind::added);
  const auto undone = engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id}));
  ASSERT_TRUE(undone) << undone.error().message;
  EXPECT_THAT(undone->restored, ElementsAre("a.txt", "made.bin"));
  EXPECT_THAT(undone->left_out, IsEmpty());
  EXPECT_EQ(text(), "one\ntwo\n");
  EXPECT_FALSE(fs::exists(at("app/made.bin")));
  ASSERT_TRUE(engine.run(engine.snapshots.unrevert(alice, {.thread_id = thread.id})));
  EXPECT_EQ(text(), "one\n2\n3\n");
  EXPECT_EQ(fs::status(at("app/made.bin")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SnapshotsOfRuns, TheServersOwnWorkspaceIsKeptAsWell) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  run_with(engine, thread, {{"write", {{"path", "n.txt"}, {"content", "x"}}}});
  EXPECT_EQ(engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id}))->restored.size(),
            1U);
  EXPECT_FALSE(fs::exists(at("own/workspaces/" + thread.id + "/n.txt")));
}

TEST_F(SnapshotsOfRuns, WhoUndidWhatIsInTheAuditTrail) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  run_with(engine, thread, {{"edit", edit_of("two", "2")}});
  ASSERT_TRUE(engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id})));
  const Principal boss(Scope::main(), "boss", UserRole::operator_role);
  ASSERT_TRUE(engine.run(engine.snapshots.unrevert(boss, {.thread_id = thread.id})));
  std::vector<std::string> found;
  base::Json last;
  for (const AuditRecord& record : *engine.run(engine.store->audit_of(Scope::main(), thread.id))) {
    const base::Json text = base::Json::parse(record.text);
    last = text.at("details");
    if (record.kind != audit_kind::files) continue;
    found.push_back(text.at("actor").get<std::string>() + " " +
                    last.at("change").get<std::string>() + " " +
                    last.at("state").get<std::string>());
  }
  EXPECT_THAT(found, ElementsAre("alice revert started", "alice revert finished",
                                 "boss unrevert started", "boss unrevert finished"));
  EXPECT_EQ(last.at("run_id"), run_.id);
  EXPECT_EQ(last.at("restored"), base::Json::array({"a.txt"}));
  EXPECT_EQ(last.at("restored_count"), 1);
}

// Nothing is undone that the trail cannot say, and what was undone is said as soon as it can be.
TEST_F(SnapshotsOfRuns, NothingIsUndoneWithoutItsRecord) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  run_with(engine, thread, {{"edit", edit_of("two", "2")}});
  engine.journal.fail(Fault::no_space, 1, 1);
  const auto refused = engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id}));
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(text(), "one\n2\n");
  engine.journal.fail(Fault::no_space, 2, 1);
  ASSERT_TRUE(engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id})));
  EXPECT_EQ(text(), "one\ntwo\n");
  const auto newest = engine.run(engine.store->newest_audit_of(Scope::main(), thread.id));
  ASSERT_TRUE(newest && *newest);
  EXPECT_THAT((*newest)->text, HasSubstr(R"("state":"finished")"));
}

// What a thread's tools may reach, and do unasked, is somebody's decision.
TEST_F(SnapshotsOfRuns, BindingForkingAndMovingAThreadAreInTheAuditTrail) {
  fs::create_directories(at("app/below"));
  Engine engine(path_, options());
  const auto changes = [&](const std::string& id) {
    std::vector<std::string> out;
    for (const AuditRecord& record : *engine.run(engine.store->audit_of(Scope::main(), id))) {
      const base::Json details = base::Json::parse(record.text).at("details");
      EXPECT_EQ(record.kind, audit_kind::thread);
      out.push_back(details.at("change").get<std::string>() + " " +
                    details.at("directory").get<std::string>() + " " +
                    std::to_string(details.at("rules").size()));
    }
    return out;
  };
  const Thread thread = *engine.run(engine.threads.create(
      alice, {.directory = at("app"), .rules = {{"shell", "git *", RuleAction::allow}}}));
  ASSERT_TRUE(engine.run(engine.threads.move(alice, thread.id, {.path = at("app/below")})));
  const Thread child = *engine.run(engine.threads.fork(alice, thread.id, {}));
  EXPECT_THAT(changes(thread.id),
              ElementsAre("created " + at("app") + " 1", "moved " + at("app/below") + " 1"));
  EXPECT_THAT(changes(child.id), ElementsAre("forked " + at("app/below") + " 1"));
  EXPECT_THAT(changes(engine.new_thread(alice).id), IsEmpty()) << "there is nothing to say";
}

TEST_F(SnapshotsOfRuns, ItIsTheOwnersBusiness) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  run_with(engine, thread, {{"edit", edit_of("two", "2")}});
  EXPECT_EQ(engine.run(engine.snapshots.diff(bob, thread.id)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine.run(engine.snapshots.revert(bob, {.thread_id = thread.id})).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ(engine.run(engine.snapshots.unrevert(bob, {.thread_id = thread.id})).error().kind,
            ErrorKind::not_found);
  ASSERT_TRUE(engine.run(engine.threads.remove(alice, thread.id)));
  EXPECT_EQ(engine.run(engine.snapshots.diff(alice, thread.id)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id})).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ(text(), "one\n2\n");
}

TEST_F(SnapshotsOfRuns, NothingIsUndoneWhileARunIsActiveAlsoAfterARestart) {
  std::string thread_id;
  {
    Engine engine(path_, options());
    const Thread thread = bound(engine);
    thread_id = thread.id;
    engine.model->script({tool_call("c1", "edit", edit_of("two", "2"))});
    engine.model->script({tool_call("c2", "launch", {{"target", "moon"}})});
    run_ = *engine.start(alice, thread.id, "go");
    while (engine.run(engine.store->run(Scope::main(), run_.id)).value()->state !=
           RunState::waiting_approval) {
      std::this_thread::yield();
    }
    const auto refused = engine.run(engine.snapshots.revert(alice, {.thread_id = thread.id}));
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(refused.error().field, "run");
    EXPECT_EQ(engine.run(engine.snapshots.diff(alice, thread.id))->files.size(), 1U)
        << "looking is no harm";
  }
  Engine engine(path_, options());
  ASSERT_TRUE(engine.run(engine.runs.recover()));
  EXPECT_EQ(engine.run(engine.snapshots.revert(alice, {.thread_id = thread_id})).error().kind,
            ErrorKind::conflict);
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run_.id)));
  engine.wait(alice, run_);
  const auto undone = engine.run(engine.snapshots.revert(alice, {.thread_id = thread_id}));
  ASSERT_TRUE(undone) << undone.error().message;
  EXPECT_EQ(undone->run_id, run_.id);
  EXPECT_EQ(text(), "one\ntwo\n");
}

TEST_F(SnapshotsOfRuns, WhatIsKeptIsErasedWithTheThreadAndTheDirectoryStays) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  run_with(engine, thread, {{"edit", edit_of("two", "2")}});
  EXPECT_TRUE(fs::exists(path_ + ".snapshots/" + thread.id));
  tools::WorkspaceRemoval removal(engine.workspaces, engine.workers, &engine.kept_files);
  ASSERT_TRUE(engine.run(removal.remove(thread.scope, thread.id)));
  EXPECT_FALSE(fs::exists(path_ + ".snapshots/" + thread.id));
  EXPECT_EQ(text(), "one\n2\n");
}

TEST_F(SnapshotsOfRuns, AToolDoesNotRunWhenWhatItChangesCannotBeKept) {
  Engine engine(path_, options());
  const Thread thread = bound(engine);
  std::ofstream(path_ + ".snapshots") << "a file where the folder has to be";
  engine.model->script({tool_call("c", "edit", edit_of("two", "2"))});
  engine.model->script({reply({TextPart{"Done."}})});
  run_ = *engine.start(alice, thread.id, "go");
  ASSERT_EQ(engine.wait(alice, run_)->run.state, RunState::succeeded);
  const auto told =
      std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  EXPECT_TRUE(told.is_error);
  EXPECT_THAT(told.content, HasSubstr("the tool was not run"));
  EXPECT_EQ(text(), "one\ntwo\n");
}

}  // namespace
}  // namespace colonnade::tests
