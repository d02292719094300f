// Threads that are bound to a folder of the machine, on a real store with real tools.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine.hpp"
#include "tools/builtin/read.hpp"
#include "tools/builtin/write.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;

using namespace core;
using base::ErrorKind;
using ::testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);

class DirectoriesTest : public ::testing::Test {
 protected:
  DirectoriesTest() {
    for (const char* name : {"projects/app", "projects/other", "home/ann", "own"}) {
      fs::create_directories(folder_.file(name));
    }
    std::ofstream(at("home/ann/note.txt")) << "of ann";
  }

  EngineOptions options() {
    EngineOptions out;
    out.extra_tools.push_back(tools::write_tool(workers_));
    out.extra_tools.push_back(tools::read_tool(workers_));
    out.extra_allowed = {"write"};
    out.workspaces = at("own/workspaces");
    out.directories = {.allowed = {at("projects")}, .own_folders = {{"data_dir", at("own")}}};
    return out;
  }

  std::string at(const std::string& name) const {
    return fs::weakly_canonical(folder_.file(name)).string();
  }
  Thread bound(Engine& engine, const Principal& who, const std::string& path) {
    auto thread = engine.run(engine.threads.create(who, {.directory = path}));
    if (!thread) throw std::runtime_error(thread.error().message);
    return std::move(*thread);
  }
  // What the model hears of one call of a tool in a run of its own.
  ToolResultPart call(Engine& engine, const Principal& who, const Thread& thread, std::string tool,
                      base::Json arguments) {
    engine.model->script({tool_call("c", std::move(tool), std::move(arguments))});
    engine.model->script({reply({TextPart{"Done."}})});
    const auto run = engine.start(who, thread.id, "go");
    if (!run) throw std::runtime_error(run.error().message);
    const auto finished = engine.wait(who, *run);
    EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
    return std::get<ToolResultPart>(engine.model->requests().back().messages.back().parts.back());
  }
  ToolResultPart write(Engine& engine, const Principal& who, const Thread& thread) {
    return call(engine, who, thread, "write", {{"path", "out.txt"}, {"content", "new"}});
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("own/colonnade.db");
  base::Workers workers_{2};
};

TEST_F(DirectoriesTest, ToolsWorkInTheDirectoryOfTheThread) {
  Engine engine(path_, options());
  const Thread thread = bound(engine, alice, at("projects/app/"));
  EXPECT_EQ(thread.directory, (Directory{.path = at("projects/app")}));
  const auto told = write(engine, alice, thread);
  EXPECT_FALSE(told.is_error) << told.content;
  EXPECT_EQ(bytes_of(at("projects/app/out.txt")), "new");
  EXPECT_EQ(engine.run(engine.threads.get(alice, thread.id))->directory, thread.directory);
  EXPECT_FALSE(fs::exists(at("own/workspaces/" + thread.id))) << "no workspace of its own is made";
}

TEST_F(DirectoriesTest, AThreadWithoutOneHasAWorkspaceOfItsOwn) {
  Engine engine(path_, options());
  const Thread thread = engine.new_thread(alice);
  EXPECT_FALSE(write(engine, alice, thread).is_error);
  EXPECT_EQ(bytes_of(at("own/workspaces/" + thread.id + "/out.txt")), "new");
}

TEST_F(DirectoriesTest, ADirectoryThatIsNotAllowedIsTakenAndItsToolsSayWhyTheyCannotWork) {
  Engine engine(path_, options());
  const Thread thread = bound(engine, alice, at("home/ann"));
  for (const char* tool : {"write", "read"}) {
    base::Json arguments{{"path", "note.txt"}};
    if (tool == std::string("write")) arguments["content"] = "x";
    const auto told = call(engine, alice, thread, tool, arguments);
    EXPECT_TRUE(told.is_error);
    EXPECT_THAT(told.content, HasSubstr(at("home/ann")));
    EXPECT_THAT(told.content, HasSubstr("tandem.directories (" + at("projects") + ")"));
  }
  EXPECT_EQ(bytes_of(at("home/ann/note.txt")), "of ann");
  EXPECT_FALSE(call(engine, alice, thread, "calculator", {{"expression", "1+1"}}).is_error)
      << "what needs no files works";
}

TEST_F(DirectoriesTest, AnOperatorMayNameAnyFolderButTheServersOwn) {
  Engine engine(path_, options());
  const Thread thread = bound(engine, root, at("home/ann"));
  EXPECT_TRUE(thread.directory.by_operator);
  EXPECT_EQ(call(engine, root, thread, "read", {{"path", "note.txt"}}).is_error, false);
  const Thread own = bound(engine, root, at("own/workspaces"));
  EXPECT_THAT(write(engine, root, own).content, HasSubstr("(the setting data_dir)"));
  const Principal scoped(Scope("o", "p", "e"), "root", UserRole::operator_role);
  EXPECT_FALSE(bound(engine, scoped, at("home/ann")).directory.by_operator)
      << "who runs one organization's scope does not run the machine";
}

TEST_F(DirectoriesTest, ADirectoryThatIsMissingIsLookedForAtEachCall) {
  Engine engine(path_, options());
  const Thread thread = bound(engine, alice, at("projects/later"));
  EXPECT_THAT(write(engine, alice, thread).content, HasSubstr("does not exist"));
  fs::create_directories(at("projects/later"));
  EXPECT_FALSE(write(engine, alice, thread).is_error);
  fs::remove_all(at("projects/later"));
  fs::create_directory_symlink(at("home/ann"), at("projects") + "/later");
  const auto told = call(engine, alice, thread, "read", {{"path", "note.txt"}});
  EXPECT_TRUE(told.is_error) << "swapped for a link to another's folder";
  EXPECT_THAT(told.content, HasSubstr("goes through a link"));
}

TEST_F(DirectoriesTest, PathsThatAreNoneAreRefused) {
  Engine engine(path_, options());
  for (const std::string path : {"projects", "./x", "~"}) {
    const auto made = engine.run(engine.threads.create(alice, {.directory = path}));
    ASSERT_FALSE(made) << path;
    EXPECT_EQ(made.error().kind, ErrorKind::invalid);
    EXPECT_EQ(made.error().field, "directory");
  }
}

TEST_F(DirectoriesTest, AThreadThatIsMovedRemembersWhereItCameFrom) {
  Engine engine(path_, options());
  const Thread thread = bound(engine, alice, at("projects/app"));
  const auto moved =
      engine.run(engine.threads.move(alice, thread.id, {at("projects/other"), "manual"}));
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->directory.path, at("projects/other"));
  EXPECT_EQ(moved->moved->origin, at("projects/app"));
  EXPECT_EQ(moved->moved->from, at("projects/app"));
  EXPECT_EQ(moved->moved->reason, "manual");
  EXPECT_EQ(moved->updated_at, moved->moved->at);
  EXPECT_FALSE(write(engine, alice, thread).is_error);
  EXPECT_TRUE(fs::exists(at("projects/other/out.txt")));
  EXPECT_FALSE(fs::exists(at("projects/app/out.txt")));

  ASSERT_TRUE(engine.run(engine.threads.move(alice, thread.id, {.path = at("home/ann")})));
  const Thread stored = *engine.run(engine.threads.get(alice, thread.id));
  EXPECT_EQ(stored.moved->origin, at("projects/app"));
  EXPECT_EQ(stored.moved->from, at("projects/other"));
  EXPECT_TRUE(write(engine, alice, thread).is_error) << "the rules are those of whoever moves it";

  EXPECT_EQ(engine.run(engine.threads.move(alice, thread.id, {.path = "x"})).error().field,
            "directory");
  EXPECT_EQ(
      engine.run(engine.threads.move(alice, thread.id, {at("projects"), std::string(201, 'x')}))
          .error()
          .field,
      "reason");
  const Principal bob(Scope::main(), "bob", UserRole::member);
  EXPECT_EQ(engine.run(engine.threads.move(bob, thread.id, {.path = at("projects")})).error().kind,
            ErrorKind::not_found);
  ASSERT_TRUE(engine.run(engine.threads.remove(alice, thread.id)));
  EXPECT_EQ(
      engine.run(engine.threads.move(alice, thread.id, {.path = at("projects")})).error().kind,
      ErrorKind::not_found);
}

TEST_F(DirectoriesTest, AForkHasTheDirectoryByTheRulesOfWhoeverForks) {
  Engine engine(path_, options());
  Thread thread = *engine.run(engine.threads.create(
      root, {.directory = at("home/ann"), .rules = {{.permission = "shell"}}}));
  const Thread fork = *engine.run(engine.threads.fork(root, thread.id, {}));
  EXPECT_EQ(fork.directory, thread.directory);
  EXPECT_EQ(fork.rules, thread.rules);
  EXPECT_EQ(fork.parent_id, thread.id);
  // The same user by a weaker credential.
  const Principal weaker(Scope::main(), "root", UserRole::member);
  const Thread weak = *engine.run(engine.threads.fork(weaker, thread.id, {}));
  EXPECT_FALSE(weak.directory.by_operator);
  EXPECT_TRUE(write(engine, weaker, weak).is_error);
  EXPECT_EQ(engine.run(engine.threads.list(root, {.parent_id = thread.id}))->size(), 2U);
}

TEST_F(DirectoriesTest, AThreadBelowAnotherWorksAsThatOneDoes) {
  Engine engine(path_, options());
  const Thread thread = *engine.run(engine.threads.create(
      root, {.directory = at("home/ann"),
             .rules = {{.permission = "write", .action = RuleAction::deny}}}));
  const Principal member(Scope::main(), "root", UserRole::member);
  const auto below = engine.run(engine.threads.create_below(member, thread.id, {.title = "sub"}));
  ASSERT_TRUE(below) << below.error().message;
  EXPECT_EQ(below->directory, thread.directory);
  EXPECT_EQ(below->rules, thread.rules);
  EXPECT_EQ(below->parent_id, thread.id);
  EXPECT_EQ(engine.run(engine.threads.create_below(alice, thread.id, {})).error().kind,
            ErrorKind::not_found);
}

TEST_F(DirectoriesTest, RulesHaveLimits) {
  Engine engine(path_, options());
  const auto refused = [&](std::vector<PermissionRule> rules) {
    const auto made = engine.run(engine.threads.create(alice, {.rules = std::move(rules)}));
    return made ? "" : made.error().field;
  };
  EXPECT_EQ(refused({{.permission = "a"}}), "");
  EXPECT_EQ(refused({{.permission = ""}}), "permission");
  EXPECT_EQ(refused({{.permission = std::string(513, 'a')}}), "permission");
  EXPECT_EQ(refused({{.permission = "a", .pattern = ""}}), "pattern");
  EXPECT_EQ(refused({{.permission = "a", .pattern = std::string(513, 'a')}}), "pattern");
  EXPECT_EQ(refused(std::vector(201, PermissionRule{.permission = "a"})), "permission");
}

}  // namespace
}  // namespace colonnade::tests
