// What was erased is in no file of the store any more: not in free pages, not in the search
// indexes, not in the write-ahead log.
#include "storage/sqlite/erasure_rest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "base/ids.hpp"
#include "base/lane.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::storage::sqlite {
namespace {

const core::Scope here = core::Scope::main();
const core::MemoryHolder holder{.owner = "ann", .agent_id = "gardener"};
constexpr const char* marker = "Zyxwvumarker";
constexpr std::chrono::seconds patience{60};

class ErasureRestTest : public testing::Test {
 protected:
  ErasureRestTest() { reopen(); }

  void reopen() {
    store_.reset();
    auto opened = Store::open(path(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void put(std::vector<core::Change> changes, std::vector<core::Event> events = {}) {
    std::promise<core::Result<std::int64_t>> done;
    store_->append({.scope = here, .changes = std::move(changes), .events = std::move(events)},
                   [&](core::Result<std::int64_t> result) { done.set_value(std::move(result)); });
    const auto stored = done.get_future().get();
    ASSERT_TRUE(stored) << stored.error().message;
  }
  std::string path() const { return folder_.file("colonnade.db"); }

  // A thread in which the marker is everywhere that a thread has text.
  void put_thread(const std::string& id, const std::string& word, bool is_large = false) {
    std::string text = "about " + word + " and more";
    if (is_large) text += std::string(50'000, 'x') + " " + word;  // in pages of its own
    put({core::InsertThread{{.id = id, .scope = here, .owner = "ann", .title = word}},
         core::InsertMessage{{.id = "m-" + id,
                              .thread_id = id,
                              .parts = {core::TextPart{text}, core::RefusalPart{word}}}},
         core::InsertRun{{.id = "r-" + id, .thread_id = id, .scope = here}},
         core::InsertStep{{.run_id = "r-" + id, .parts = {core::TextPart{text}}}},
         core::InsertToolCall{{.id = "c-" + id,
                               .call_id = "c",
                               .run_id = "r-" + id,
                               .thread_id = id,
                               .tool = "echo",
                               .arguments = {{"text", text}},
                               .result = text}},
         core::InsertSummary{{.id = "s-" + id, .thread_id = id, .text = text}}},
        {{.scope = here, .thread_id = id, .body = core::TextDelta{text}}});
    core::Action action{.id = "a-" + id, .scope = here, .thread_id = id, .run_id = "r-" + id};
    action.request.params = R"({"text":")" + word + "\"}";
    action.reason = word;
    put({core::InsertAction{action}, core::InsertPermission{{.id = "p-" + id,
                                                             .scope = here,
                                                             .owner = "ann",
                                                             .thread_id = id,
                                                             .tool = "echo",
                                                             .pattern = word}}});
    put_memory("mem-" + id, id, word);
    put_answer("k1-" + id, "r-" + id, word);
    put_answer("k2-" + id, "", word + " in " + base::uuid_form(id));
    core::Run ended{.id = "r-" + id, .thread_id = id, .scope = here};
    ended.state = core::RunState::succeeded;
    put({core::UpdateRun{.run = ended, .from = core::RunState::running}});
  }
  void put_memory(const std::string& id, const std::string& thread, const std::string& word) {
    core::MemoryItem item{.id = id, .scope = here, .holder = holder, .text = "likes " + word};
    item.thread_id = thread;
    put({core::PutMemory{.item = item,
                         .vector = core::MemoryVector{.model = "m", .values = {1.0F, 0.5F}},
                         .items_max = 100}});
  }
  void put_answer(const std::string& id, const std::string& object, const std::string& word) {
    put({core::InsertKeyedRequest{
        .keyed_request = {.id = id,
                          .scope = here,
                          .user_id = "ann",
                          .key = id,
                          .fingerprint = "f",
                          .object_id = object,
                          .answer = core::StoredAnswer{.status = 200, .body = "{" + word + "}"},
                          .created_at = {1'000}}}});
  }

  std::string file_with(std::string_view word) const {
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      // The index folds letters' case and stems words.
      for (const std::string& one :
           {std::string(word), lowered(word), lowered(word).substr(0, 9)}) {
        if (bytes.contains(one)) return entry.path().filename();
      }
    }
    return "";
  }
  static std::string lowered(std::string_view word) {
    std::string out(word);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  }
  // Until no file has it; each look takes the time of reading them.
  std::string file_that_keeps(std::string_view word) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::string found;
    do {
      found = file_with(word);
    } while (!found.empty() && std::chrono::steady_clock::now() < end);
    return found;
  }
  void search() {
    ASSERT_TRUE(store_->search(here, "ann", "about", 20, {}));  // all is indexed when it returns
  }
  void erase(const std::string& id) {
    put({core::EraseThread{.id = id, .at = {50}}, core::PurgeThread{id}});
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(ErasureRestTest, NothingOfAnErasedThreadStaysInAFile) {
  for (int i = 0; i < 20; ++i) put_thread("before" + std::to_string(i), "daffodil");
  put_thread("gone", marker);
  put_thread("large", marker, true);
  for (int i = 0; i < 20; ++i) put_thread("after" + std::to_string(i), "daffodil");
  search();
  ASSERT_NE(file_with(marker), "");
  erase("gone");
  erase("large");
  EXPECT_EQ(file_that_keeps(marker), "") << "while the store is open";
  EXPECT_NE(file_with("daffodil"), "") << "the others are there";
  const auto hits = store_->search(here, "ann", "daffodil", 100, {});
  ASSERT_TRUE(hits);
  EXPECT_EQ(hits->size(), 40U);
}

TEST_F(ErasureRestTest, NothingOfARemovedMemoryStaysInAFile) {
  put_memory("kept", "", "daffodil");
  put_memory("gone", "", marker);
  ASSERT_NE(file_with(marker), "");
  put({core::RemoveMemory{.holder = holder, .id = "gone"}});
  EXPECT_EQ(file_that_keeps(marker), "");
  EXPECT_NE(file_with("daffodil"), "");
}

TEST_F(ErasureRestTest, TheNextStartGoesOn) {
  put_thread("gone", marker);
  search();
  erase("gone");
  reopen();
  EXPECT_EQ(file_that_keeps(marker), "");
}

TEST_F(ErasureRestTest, AThreadIsListedUntilItsFilesAreGoneToo) {
  put_thread("gone", marker);
  put({core::EraseThread{.id = "gone", .at = {50}},
       core::PurgeThread{.id = "gone", .is_complete = false}});
  base::Lanes lanes(1);
  EXPECT_EQ(base::run_on(lanes[0], store_->erased_threads({}))->size(), 1U);
  put({core::PurgeThread{"gone"}});
  EXPECT_TRUE(base::run_on(lanes[0], store_->erased_threads({}))->empty());
}

}  // namespace
}  // namespace colonnade::storage::sqlite
