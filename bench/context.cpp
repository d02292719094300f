#include <cstdio>

#include "harness/statistics.hpp"
#include "measurements.hpp"

namespace colonnade::bench {
namespace {

constexpr double cached_percent_min = 80;

// What the program calls its figures, and what readers do.
struct Figure {
  const char* name;
  const char* words;
};
constexpr Figure figures_shown[] = {
    {"large_window_requests", "requests"},
    {"large_window_anthropic_cached_percent", "cached share, Anthropic, %"},
    {"large_window_openai_cached_percent", "cached share, OpenAI, %"},
    {"small_window_summaries", "small window: summaries"},
    {"small_window_anthropic_cached_percent", "small window: cached share, Anthropic, %"},
    {"small_window_openai_cached_percent", "small window: cached share, OpenAI, %"},
    {"plan_200_messages_micros", "planning a run's first request, 200 messages, µs"},
    {"next_round_200_messages_micros", "planning its next request, µs"},
    {"body_200_messages_micros", "encoding the request, µs"},
    {"compaction_200_messages_micros", "compaction of the 200, µs"},
    {"estimate_megabytes_per_second", "estimating tokens, MB of text a second"},
};

}  // namespace

Section measure_context(const Setup& setup) {
  // The figures come from a program of its own, linked with the core and the request encoders
  // alone.
  const auto rounds = measured_by(setup, "context_bench");
  const auto of = [&rounds](const std::string& name) { return median(rounds.at(name)); };
  Section out{.title = "Context of a long thread"};
  const double anthropic = of("large_window_anthropic_cached_percent");
  const double openai = of("large_window_openai_cached_percent");
  out.findings.push_back(
      {"cached share of the prompts of a 20-turn thread", "≥ 80 % of the tokens",
       "Anthropic " + number_text(anthropic) + " %, OpenAI " + number_text(openai) + " %", "",
       verdict(anthropic >= cached_percent_min && openai >= cached_percent_min)});
  out.findings.push_back(
      {"making a request of 200 messages", "no bar",
       number_text(of("plan_200_messages_micros") + of("body_200_messages_micros")) +
           " µs of processor time"});
  out.findings.push_back(
      {"compaction of 200 messages, without the model's time", "no bar",
       number_text(of("compaction_200_messages_micros")) + " µs of processor time"});
  out.header = {"figure", "value"};
  for (const Figure& figure : figures_shown) {
    out.rows.push_back({figure.words, number_text(of(figure.name))});
  }
  out.how =
      "A thread of 20 turns, each a question, a tool call of 2 KB and an answer: 40 requests, made "
      "by `core/context` and the vendors' encoders. What a request shares with the one before it, "
      "from the first byte on in the order tools, system prompt, messages, counts as cached, from "
      "1,024 tokens on and for OpenAI in steps of 128; *small window* is the same thread in a "
      "window of 16,000 tokens, where summaries break the prefix. The cache is simulated; tokens "
      "are estimates. Times: processor time of one thread, 200 messages of 600 bytes, eight "
      "tools. Medians of " +
      std::to_string(setup.rounds) + " rounds.";
  return out;
}

}  // namespace colonnade::bench
