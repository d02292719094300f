#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t messages = 100'000;
constexpr std::size_t messages_quick = 3'000;
constexpr double search_bar_ms = 50;
constexpr double growth_bar = 3;  // for twice the words; a square would be four

struct One {
  std::size_t words = 0;
  double milliseconds = 0;
};

struct Output {
  double p50 = 0;
  double p99 = 0;
  double most = 0;
  std::size_t hits = 0;
  std::vector<One> ones{};
};

Output read_output(const std::string& text) {
  Output out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::size_t count = 0;
    One one;
    if (std::sscanf(line.c_str(), "one words %zu p50_ms %lf", &one.words, &one.milliseconds) == 2) {
      out.ones.push_back(one);
    } else {
      std::sscanf(line.c_str(), "search messages %zu p50_ms %lf p99_ms %lf most_ms %lf hits %zu",
                  &count, &out.p50, &out.p99, &out.most, &out.hits);
    }
  }
  return out;
}

Output run_program(const Setup& setup, std::size_t count) {
  const std::string output = setup.work + "/search_bench.out";
  std::filesystem::remove(output);
  Child child({.command = {setup.programs + "/search_bench", setup.work, std::to_string(count)},
               .environment = {},
               .output_file = output,
               .cpu = setup.measured_cpu});
  const auto code = child.wait(std::chrono::seconds(600));
  const Output out = read_output(end_of_file(output, 8000));
  if (code != 0 || out.hits == 0 || out.ones.size() < 2) {
    throw std::runtime_error("search_bench failed");
  }
  return out;
}

}  // namespace

Section measure_search(const Setup& setup) {
  const std::size_t count = setup.quick ? messages_quick : messages;
  const Output output = run_program(setup, count);
  Section out{.title = "Search"};
  out.findings.push_back(
      {"search over " + number_text(static_cast<double>(count)) + " messages", "p99 ≤ 50 ms",
       "p50 " + number_text(output.p50) + " ms, p99 " + number_text(output.p99) + " ms",
       "the longest of all " + number_text(output.most) + " ms",
       verdict(output.p99 <= search_bar_ms)});
  const One& half = output.ones[output.ones.size() - 2];
  const One& whole = output.ones.back();
  const double growth = whole.milliseconds / half.milliseconds;
  out.findings.push_back({"search, twice the words in one message", "≤ 3 times as long",
                          number_text(growth) + " times",
                          number_text(static_cast<double>(whole.words)) +
                              " words, all found: " + number_text(whole.milliseconds) + " ms",
                          verdict(growth <= growth_bar)});
  out.header = {"words of one message, all found", "p50, ms"};
  for (const One& one : output.ones) {
    out.rows.push_back(
        {number_text(static_cast<double>(one.words)), number_text(one.milliseconds)});
  }
  out.how =
      "In process, one owner: 64 MiB of messages with one of 1 MiB among them, words as often as "
      "texts have them (20,000, the nth 1/n as often as the first). 1,000 searches for 20 hits one "
      "after the other, by words as often as the texts have them: half of them one word, else two, "
      "a phrase, or the beginning of a word. Then messages of one word over and over.";
  return out;
}

}  // namespace colonnade::bench
