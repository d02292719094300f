// What survives: a killed process, a full disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>
#include <random>
#include <set>
#include <thread>

#include "base/lane.hpp"
#include "storage/sqlite/maintenance.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::storage::sqlite {
namespace {

const core::Scope scope = core::Scope::main();

// The crash writer as a child, with its acknowledgements on a pipe.
class Child {
 public:
  Child(const std::string& path, const std::string& prefix) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = COLONNADE_CRASH_WRITER;
    std::string path_argument = path;
    std::string prefix_argument = prefix;
    std::array<char*, 4> arguments = {program.data(), path_argument.data(), prefix_argument.data(),
                                      nullptr};
    const int failed =
        ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
    if (failed != 0) throw std::runtime_error("cannot run " + program);
  }
  ~Child() {
    kill();
    ::close(output_);
  }
  // The next acknowledged unit; nullopt at the end.
  std::optional<std::string> next() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      std::array<char, 4096> chunk;
      const ssize_t size = ::read(output_, chunk.data(), chunk.size());
      if (size <= 0) return std::nullopt;
      buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
  }
  void kill() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
  int output_ = -1;
  std::string buffer_;
};

// What a read comes to.
template <class T>
T awaited(base::Task<T> task) {
  base::Lanes lanes(1);
  return base::run_on(lanes[0], std::move(task));
}

void expect_whole(Store& store, const std::string& id) {
  EXPECT_TRUE(awaited(store.thread(scope, id))->has_value()) << id;
  EXPECT_TRUE(awaited(store.message(scope, id))->has_value()) << id;
  EXPECT_TRUE(awaited(store.run(scope, id))->has_value()) << id;
  EXPECT_EQ(awaited(store.events(scope, id, 0, 10))->size(), 2U) << id;
  EXPECT_EQ(store.search(scope, "ann", id, 10, {})->size(), 1U) << id;
}

TEST(Crash, KilledProcessLosesNothingAcknowledgedAndLeavesNothingHalf) {
  constexpr int kills = 25;
  const TestFolder folder;
  const std::string path = folder.file("data.db");
  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> moment(1, 60);
  std::set<std::string> acknowledged;
  for (int round = 0; round < kills; ++round) {
    std::set<std::string> fresh;
    {
      Child child(path, "k" + std::to_string(round) + "x");
      for (int left = moment(random); left > 0; --left) {
        const auto id = child.next();
        ASSERT_TRUE(id) << "the child ended by itself";
        fresh.insert(*id);
      }
      child.kill();
      while (const auto id = child.next()) fresh.insert(*id);
    }
    auto store = Store::open(path);
    ASSERT_TRUE(store) << store.error().message;
    for (const std::string& id : fresh) expect_whole(**store, id);
    acknowledged.merge(fresh);
    const auto all = awaited((*store)->threads(scope, "ann", {.limit = 1'000'000}));
    ASSERT_TRUE(all);
    std::set<std::string> there;
    for (const core::Thread& thread : *all) there.insert(thread.id);
    EXPECT_TRUE(
        std::includes(there.begin(), there.end(), acknowledged.begin(), acknowledged.end()));
    // Committed, but killed before that was said: allowed, but then whole.
    for (const std::string& id : there) {
      if (acknowledged.insert(id).second) expect_whole(**store, id);
    }
  }
  const auto findings = integrity_check(path);
  ASSERT_TRUE(findings);
  EXPECT_TRUE(findings->empty()) << findings->front();
}

// Lowers the file size limit of this process, as a full disk or quota would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

core::Result<std::int64_t> commit(Store& store, core::Unit unit) {
  std::promise<core::Result<std::int64_t>> done;
  store.append(std::move(unit),
               [&](core::Result<std::int64_t> result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

core::Unit message_unit(const std::string& id, std::size_t bytes) {
  core::Unit unit{.scope = scope};
  unit.changes.emplace_back(core::InsertMessage{
      {.id = id, .thread_id = "t", .parts = {core::TextPart{std::string(bytes, 'x')}}}});
  unit.events.push_back({.scope = scope, .thread_id = "t", .body = core::OutputRestarted{}});
  return unit;
}

TEST(Crash, FullDiskFailsUnitsAndLosesNothingAcknowledged) {
  const TestFolder folder;
  const std::string path = folder.file("data.db");
  auto store = Store::open(path);
  ASSERT_TRUE(store);
  core::Unit first{.scope = scope};
  first.changes.emplace_back(core::InsertThread{{.id = "t", .scope = scope, .owner = "ann"}});
  ASSERT_TRUE(commit(**store, std::move(first)));

  std::set<std::string> acknowledged;
  int refused = 0;
  {
    const FileSizeLimit limit(2048 * 1024);  // an empty store takes more than a third of it
    for (int i = 0; i < 40; ++i) {
      const std::string id = "m" + std::to_string(i);
      const auto done = commit(**store, message_unit(id, 60'000));
      if (done) {
        acknowledged.insert(id);
      } else {
        ++refused;
        EXPECT_EQ(done.error().kind, base::ErrorKind::unavailable) << done.error().message;
      }
    }
    EXPECT_GT(acknowledged.size(), 3U);
    EXPECT_GT(refused, 3);
    // Reads go on.
    EXPECT_TRUE(awaited((*store)->thread(scope, "t"))->has_value());
  }
  // So do writes, soon after there is room, and the numbering has no hole.
  while ((*store)->health().state != core::StoreState::writable) std::this_thread::yield();
  ASSERT_TRUE(commit(**store, message_unit("after", 60'000)));
  acknowledged.insert("after");
  EXPECT_EQ(*awaited((*store)->last_cursor()), static_cast<std::int64_t>(acknowledged.size()));
  store->reset();
  store = Store::open(path);
  ASSERT_TRUE(store) << store.error().message;
  for (const std::string& id : acknowledged) {
    EXPECT_TRUE(awaited((*store)->message(scope, id))->has_value()) << id;
  }
  EXPECT_FALSE(awaited((*store)->message(scope, "m39"))->has_value());
  const auto findings = integrity_check(path);
  ASSERT_TRUE(findings);
  EXPECT_TRUE(findings->empty()) << findings->front();
}

}  // namespace
}  // namespace colonnade::storage::sqlite
