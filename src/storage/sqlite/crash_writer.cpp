// Writes units for ever and says on standard output, one line each, which were acknowledged; for
// the crash test, which kills it. Arguments: the database, a prefix for ids.
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

#include "storage/sqlite/store.hpp"

namespace {

using namespace colonnade;  // a program of one file

constexpr int outstanding_max = 24;

class Slots {
 public:
  void take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return used_ < outstanding_max; });
    ++used_;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      --used_;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int used_ = 0;
};

core::Unit unit_of(const std::string& id) {
  const core::Scope scope = core::Scope::main();
  core::Unit unit{.scope = scope};
  unit.changes.emplace_back(core::InsertThread{{.id = id, .scope = scope, .owner = "ann"}});
  unit.changes.emplace_back(core::InsertMessage{
      {.id = id, .thread_id = id, .parts = {core::TextPart{"words of " + id}}}});
  unit.changes.emplace_back(core::InsertRun{{.id = id, .thread_id = id, .scope = scope}});
  unit.events.push_back(
      {.scope = scope, .thread_id = id, .run_id = id, .body = core::OutputRestarted{}});
  unit.events.push_back(
      {.scope = scope, .thread_id = id, .run_id = id, .body = core::TextDelta{id}});
  return unit;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = storage::sqlite::Store::open(argv[1]);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  Slots slots;
  for (int i = 0;; ++i) {
    slots.take();
    const std::string id = argv[2] + std::to_string(i);
    (*store)->append(unit_of(id), [&slots, id](core::Result<std::int64_t> done) {
      // One write a line: a line is in the pipe, whole, before this returns.
      const std::string line = (done ? id : "failed " + done.error().message) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(3);
      slots.give_back();
    });
  }
}
