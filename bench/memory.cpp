#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr std::size_t items = 100'000;
constexpr std::size_t items_quick = 2'000;
constexpr double recall_bar_ms = 50;  // a model's first token takes longer than that

struct Output {
  std::vector<std::vector<std::string>> quality{};
  std::map<std::string, double> at_five{};  // of all questions, by the way of finding
  std::map<std::string, std::pair<double, double>> recall_ms{};
  std::map<std::string, double> inserts{};
};

std::string percent(double share) { return number_text(100 * share) + " %"; }

Output read_output(const std::string& text) {
  Output out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    char way[16]{};
    char kind[24]{};
    int questions = 0;
    std::size_t count = 0;
    double a = 0;
    double b = 0;
    double c = 0;
    if (std::sscanf(line.c_str(), "quality %15s %23s questions %d r1 %lf r5 %lf mrr %lf", way, kind,
                    &questions, &a, &b, &c) == 6) {
      char mrr[16]{};
      std::snprintf(mrr, sizeof mrr, "%.2f", c);
      out.quality.push_back(
          {way, kind, std::to_string(questions), percent(a), percent(b), std::string(mrr)});
      if (std::string(kind) == "all") out.at_five[way] = b;
    } else if (std::sscanf(line.c_str(), "recall %15s items %zu p50_ms %lf p99_ms %lf", way, &count,
                           &a, &b) == 4) {
      out.recall_ms[way] = {a, b};
    } else if (std::sscanf(line.c_str(), "insert %15s items %zu per_second %lf", way, &count, &a) ==
               3) {
      out.inserts[way] = a;
    }
  }
  return out;
}

Output run_program(const Setup& setup, std::size_t count) {
  const std::string output = setup.work + "/memory_bench.out";
  std::filesystem::remove(output);
  const std::string words =
      std::filesystem::path(setup.programs).parent_path() / "share/colonnade/word_vectors.bin";
  std::vector<std::string> command = {setup.programs + "/memory_bench", COLONNADE_RECALL_SET,
                                      setup.work, std::to_string(count)};
  if (std::filesystem::exists(words)) command.push_back(words);
  Child child(
      {.command = command, .environment = {}, .output_file = output, .cpu = setup.measured_cpu});
  const auto code = child.wait(std::chrono::seconds(600));
  const Output out = read_output(end_of_file(output, 8000));
  if (code != 0 || out.quality.empty()) throw std::runtime_error("memory_bench failed");
  return out;
}

std::string way_text(const std::string& way) {
  return way == "vectors" ? "words and basic vectors" : "words alone";
}

}  // namespace

Section measure_memory(const Setup& setup) {
  const std::size_t count = setup.quick ? items_quick : items;
  const Output output = run_program(setup, count);
  Section out{.title = "Agent memory"};
  out.header = {"found by", "questions", "number", "right first", "right among 5", "MRR"};
  for (auto row : output.quality) {
    row[0] = way_text(row[0]);
    out.rows.push_back(std::move(row));
  }
  for (const auto& [way, share] : output.at_five) {
    out.findings.push_back({"recall among 5, " + way_text(way), "no bar", percent(share)});
  }
  for (const auto& [way, times] : output.recall_ms) {
    out.findings.push_back(
        {"recall over " + number_text(static_cast<double>(count)) + " items, " + way_text(way),
         "p99 ≤ 50 ms",
         "p50 " + number_text(times.first) + " ms, p99 " + number_text(times.second) + " ms",
         "remembering: " + number_text(output.inserts.at(way)) + " a second",
         verdict(times.second <= recall_bar_ms)});
  }
  out.how =
      "`bench/recall`: 221 memories as an assistant keeps them and 137 questions, written for this "
      "measurement: *easy* ones share words with their answer, *paraphrase* ones share no content "
      "word, *names* ask for names and numbers, *foreign* are German and Spanish. Basic vectors "
      "are "
      "the table that the build makes from WordNet; an embeddings server does better. Speed: one "
      "agent's memory in one process, full durability, 32 writers at once, texts of 12 words, then "
      "1,000 questions one after the other.";
  return out;
}

}  // namespace colonnade::bench
