// Recall of memories, in process: how well the labelled set of bench/recall is answered, and how
// fast a large memory is. Prints lines for bench/memory.cpp.
//
//   memory_bench <recall folder> <work folder> <items> [word vectors]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/workers.hpp"
#include "core/events/event_feed.hpp"
#include "core/memory/memories.hpp"
#include "providers/embeddings/basic_words.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::bench {
namespace {

namespace embeddings = providers::embeddings;
using Clock = std::chrono::steady_clock;

constexpr std::size_t asked_for = 5;
constexpr std::size_t writers = 32;  // that remember at once
constexpr int words_of_text = 12;
constexpr int questions_asked = 1000;

struct Question {
  std::string kind{};
  std::string text{};
  std::vector<std::string> answers{};
};

struct LabelledSet {
  std::map<std::string, std::string> memories{};  // by label
  std::vector<Question> questions{};
};

std::vector<base::Json> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::vector<base::Json> out;
  for (std::string line; std::getline(in, line);) {
    auto tree = base::parse_json(line, file.string());
    if (!tree) throw std::runtime_error(tree.error().message);
    out.push_back(std::move(*tree));
  }
  return out;
}

LabelledSet read_set(const std::filesystem::path& folder) {
  LabelledSet out;
  for (const base::Json& line : read_lines(folder / "memories.jsonl")) {
    out.memories[line.at("id")] = line.at("text");
  }
  for (const base::Json& line : read_lines(folder / "questions.jsonl")) {
    out.questions.push_back(
        {.kind = line.at("kind"), .text = line.at("question"), .answers = line.at("answers")});
  }
  return out;
}

// One agent's memory on a fresh file.
class Memory {
 public:
  Memory(const std::filesystem::path& file, core::Embedder* embedder) {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
    auto opened = storage::sqlite::Store::open(file);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    feed_ = std::make_unique<core::EventFeed>(lanes_, *store_, *store_);
    memories_ = std::make_unique<core::Memories>(*store_, *feed_, clock_, workers_, embedder);
  }
  ~Memory() { store_->close(); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::string remember(std::string text) {
    return base::run_on(lanes_[0], remember_one(this, std::move(text)));
  }
  // In turns, so that each transaction has many.
  void remember_all(std::vector<std::string> texts) {
    texts_ = std::move(texts);
    next_ = 0;
    std::vector<std::shared_ptr<base::Completion<bool>>> done;
    for (std::size_t i = 0; i < writers; ++i) {
      done.push_back(std::make_shared<base::Completion<bool>>());
      lanes_[0].spawn("remember", remember_some(this, done.back()));
    }
    for (auto& one : done) base::run_on(lanes_[0], one->wait());
  }
  std::vector<core::RankedMemory> recall(std::string question, std::size_t limit) {
    core::MemorySearch search{.text = std::move(question), .limit = limit};
    auto found = base::run_on(lanes_[0], memories_->search(&lanes_[0], core::Scope::main(), holder_,
                                                           std::move(search), {}));
    if (!found) throw std::runtime_error(found.error().message);
    return std::move(*found);
  }

 private:
  static base::Task<std::string> remember_one(Memory* self, std::string text) {
    core::NewMemory input{.text = std::move(text)};
    const std::stop_token never;
    auto stored = co_await self->memories_->put(&self->lanes_[0], core::Scope::main(),
                                                self->holder_, std::move(input), never);
    if (!stored) throw std::runtime_error(stored.error().message);
    co_return stored->item.id;
  }
  static base::Task<void> remember_some(Memory* self,
                                        std::shared_ptr<base::Completion<bool>> done) {
    while (self->next_ < self->texts_.size()) {
      auto id = co_await remember_one(self, self->texts_[self->next_++]);
    }
    done->complete(true);
  }

  base::Lanes lanes_{1};
  base::Workers workers_{1};
  base::SystemClock clock_;
  core::MemoryHolder holder_{.owner = "bench"};
  std::unique_ptr<storage::sqlite::Store> store_;
  std::unique_ptr<core::EventFeed> feed_;
  std::unique_ptr<core::Memories> memories_;
  std::vector<std::string> texts_;
  std::size_t next_ = 0;  // touched on the lane only
};

struct Quality {
  int questions = 0;
  int first = 0;   // right at the top
  int within = 0;  // right among the asked_for
  double reciprocal_ranks = 0;
};

void measure_quality(const LabelledSet& set, const std::filesystem::path& file,
                     core::Embedder* embedder, const char* name) {
  Memory memory(file, embedder);
  std::map<std::string, std::string> labels;
  for (const auto& [label, text] : set.memories) labels[memory.remember(text)] = label;
  std::map<std::string, Quality> kinds;
  for (const Question& question : set.questions) {
    const auto found = memory.recall(question.text, set.memories.size() < 100 ? 10 : 100);
    std::size_t rank = 0;
    for (std::size_t i = 0; i < found.size() && rank == 0; ++i) {
      if (std::ranges::find(question.answers, labels[found[i].item.id]) != question.answers.end()) {
        rank = i + 1;
      }
    }
    for (const std::string& kind : {question.kind, std::string("all")}) {
      Quality& quality = kinds[kind];
      ++quality.questions;
      quality.first += rank == 1 ? 1 : 0;
      quality.within += rank != 0 && rank <= asked_for ? 1 : 0;
      quality.reciprocal_ranks += rank == 0 ? 0 : 1.0 / static_cast<double>(rank);
    }
  }
  for (const auto& [kind, quality] : kinds) {
    const double n = quality.questions;
    std::printf("quality %s %s questions %d r1 %.3f r5 %.3f mrr %.3f\n", name, kind.c_str(),
                quality.questions, quality.first / n, quality.within / n,
                quality.reciprocal_ranks / n);
  }
}

// Texts with the words of the labelled set, a few of them often and most of them seldom.
std::vector<std::string> many_texts(const LabelledSet& set, std::size_t count) {
  std::vector<std::string> words;
  for (const auto& [label, text] : set.memories) {
    for (std::string& word : core::memory_words(text, 100)) words.push_back(std::move(word));
  }
  std::mt19937 random(7);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (int w = 0; w < words_of_text; ++w) {
      const double share = static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
      const auto place =
          static_cast<std::size_t>(share * share * static_cast<double>(words.size() - 1));
      text += words[place] + " ";
    }
    out.push_back(text + std::to_string(i));
  }
  return out;
}

void measure_speed(const LabelledSet& set, const std::filesystem::path& file,
                   core::Embedder* embedder, const char* name, std::size_t items) {
  Memory memory(file, embedder);
  const auto begun = Clock::now();
  memory.remember_all(many_texts(set, items));
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::printf("insert %s items %zu per_second %.0f\n", name, items,
              static_cast<double>(items) / seconds);
  memory.recall(set.questions.front().text, asked_for);  // reads the vectors
  std::vector<double> times;
  for (int i = 0; i < questions_asked; ++i) {
    const Question& question = set.questions[static_cast<std::size_t>(i) % set.questions.size()];
    const auto start = Clock::now();
    memory.recall(question.text, asked_for);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(times);
  std::printf("recall %s items %zu p50_ms %.2f p99_ms %.2f\n", name, items, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

int run(int argc, char** argv) {
  const LabelledSet set = read_set(argv[1]);
  const std::filesystem::path file = std::filesystem::path(argv[2]) / "memory_bench.db";
  const auto items = static_cast<std::size_t>(std::stoul(argv[3]));
  std::unique_ptr<core::Embedder> words;
  if (argc > 4) {
    auto table = embeddings::WordTable::open(argv[4]);
    if (!table) throw std::runtime_error(table.error().message);
    words = embeddings::basic_words(std::move(*table));
  }
  measure_quality(set, file, nullptr, "words");
  if (words) measure_quality(set, file, words.get(), "vectors");
  if (items == 0) return 0;
  measure_speed(set, file, nullptr, "words", items);
  if (words) measure_speed(set, file, words.get(), "vectors", items);
  return 0;
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: memory_bench <recall folder> <work folder> <items> [word vectors]\n",
               stderr);
    return 2;
  }
  try {
    return colonnade::bench::run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "memory_bench: %s\n", failure.what());
    return 1;
  }
}
