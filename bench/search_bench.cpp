// Search over many messages, in process. Prints lines for bench/search.cpp.
//
//   search_bench <work folder> <messages>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "storage/sqlite/store.hpp"

namespace colonnade::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t bytes_in_all = 64UL * 1024 * 1024;
constexpr std::size_t bytes_of_large = 1024UL * 1024;
constexpr std::size_t vocabulary = 20'000;
constexpr std::size_t messages_of_thread = 100;
constexpr std::size_t hits = 20;
constexpr int queries_asked = 1000;
constexpr int repetitions = 9;  // of one text, the median counts

// Words as texts have them: the nth most frequent 1/n as often as the first.
class Words {
 public:
  Words() {
    for (std::size_t i = 0; i < vocabulary; ++i) {
      std::string word;
      const std::size_t letters = 2 + random_() % 8;
      for (std::size_t k = 0; k < letters; ++k) word += static_cast<char>('a' + random_() % 26);
      words_.push_back(std::move(word));
    }
  }
  const std::string& next() {
    const double share = static_cast<double>(random_()) / static_cast<double>(std::mt19937::max());
    const double place = std::exp(share * std::log(static_cast<double>(vocabulary)));
    return words_[std::min(static_cast<std::size_t>(place), vocabulary) - 1];
  }
  std::string text(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out.append(next()).append(random_() % 12 == 0 ? ". " : " ");
    return out;
  }
  std::size_t number(std::size_t below) { return random_() % below; }

 private:
  std::mt19937 random_{7};
  std::vector<std::string> words_{};
};

class Messages {
 public:
  explicit Messages(const std::filesystem::path& file) {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
    auto opened =
        storage::sqlite::Store::open(file, {.durability = storage::sqlite::Durability::normal});
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  void add(std::string text) {
    const std::string thread = "t" + std::to_string(count_ / messages_of_thread);
    core::Unit unit{.scope = core::Scope::main()};
    const base::Time now{static_cast<std::int64_t>(++time_)};
    if (count_ % messages_of_thread == 0) {
      unit.changes.emplace_back(core::InsertThread{.thread = {.id = thread,
                                                              .scope = core::Scope::main(),
                                                              .owner = "bench",
                                                              .created_at = now,
                                                              .updated_at = now}});
    }
    unit.changes.emplace_back(
        core::InsertMessage{.message = {.id = "m" + std::to_string(count_),
                                        .thread_id = thread,
                                        .parts = {core::TextPart{std::move(text)}},
                                        .user_id = "bench",
                                        .created_at = now}});
    ++count_;
    auto done = std::make_shared<std::promise<void>>();
    auto stored = done->get_future();
    store_->append(std::move(unit), [done](const core::Result<std::int64_t>& result) {
      if (!result) std::fprintf(stderr, "search_bench: %s\n", result.error().message.c_str());
      done->set_value();
    });
    waiting_.push_back(std::move(stored));
    if (waiting_.size() == 256) settle();
  }
  void settle() {
    for (auto& one : waiting_) one.get();
    waiting_.clear();
  }
  // Milliseconds.
  double search(const std::string& query) {
    const auto begun = Clock::now();
    const auto found = store_->search(core::Scope::main(), "bench", query, hits, {});
    const auto time = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    if (!found) throw std::runtime_error(query + ": " + found.error().message);
    found_ += found->size();
    return time;
  }
  std::size_t found() const { return found_; }

 private:
  std::unique_ptr<storage::sqlite::Store> store_;
  std::vector<std::future<void>> waiting_{};
  std::size_t count_ = 0;
  std::int64_t time_ = 0;
  std::size_t found_ = 0;
};

// One word, two, a phrase or the beginning of one, with words as often as texts have them.
std::string query_of(Words& words) {
  switch (words.number(8)) {
    case 0: return words.next() + " " + words.next();
    case 1: return words.next() + " OR " + words.next();
    case 2: return "\"" + words.next() + " " + words.next() + "\"";
    case 3: {
      const std::string& word = words.next();
      return word.substr(0, std::max<std::size_t>(3, word.size() - 2)) + "*";
    }
    default: return words.next();
  }
}

void measure_many(const std::filesystem::path& file, std::size_t count) {
  Words words;
  Messages messages(file);
  const std::size_t bytes = std::min(bytes_in_all, count * 660) - bytes_of_large;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::size_t mean = bytes / (count - 1);
    messages.add(words.text(mean / 2 + words.number(mean)));
    if (i == count / 2) messages.add(words.text(bytes_of_large));
  }
  messages.settle();
  messages.search(words.next());  // waits for the index
  std::vector<double> times;
  for (int i = 0; i < queries_asked; ++i) times.push_back(messages.search(query_of(words)));
  std::ranges::sort(times);
  std::printf("search messages %zu p50_ms %.2f p99_ms %.2f most_ms %.2f hits %zu\n", count,
              times[times.size() / 2], times[times.size() * 99 / 100], times.back(),
              messages.found());
}

// A text of short words, all of which match.
void measure_one(const std::filesystem::path& file, std::size_t words) {
  Messages messages(file);
  std::string text;
  for (std::size_t i = 0; i < words; ++i) text += "a ";
  messages.add(std::move(text));
  messages.settle();
  messages.search("a");
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) times.push_back(messages.search("a"));
  std::ranges::sort(times);
  std::printf("one words %zu p50_ms %.2f\n", words, times[times.size() / 2]);
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: search_bench <work folder> <messages>\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path file = std::filesystem::path(argv[1]) / "search_bench.db";
    colonnade::bench::measure_many(file, std::stoul(argv[2]));
    for (const std::size_t words : {125'000UL, 250'000UL, 500'000UL}) {
      colonnade::bench::measure_one(file, words);
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "search_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
