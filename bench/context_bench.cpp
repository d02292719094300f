// How much of the prompts of a long thread a vendor's cache can serve, and what making a request
// costs. Prints "<name> <number>" lines.
//
// The cache is simulated as vendors describe theirs: what a request shares with the one before it,
// from its first byte on in the vendor's order (tools, system prompt, messages), counts as read
// from the cache, in whole steps and from a smallest prompt on.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/context/context.hpp"
#include "providers/anthropic/request.hpp"
#include "providers/chat_completions/request.hpp"

namespace colonnade::bench {
namespace {

using base::Json;

constexpr int turns = 20;
constexpr std::int64_t prompt_tokens_min = 1024;  // shorter ones are not kept, by either vendor
constexpr std::int64_t openai_step_tokens = 128;
constexpr double measured_seconds = 0.5;

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string prose(std::size_t bytes) {
  static constexpr std::string_view sentence =
      "The invoice of last week was paid, but the one before it is still open, as far as we see. ";
  std::string out;
  while (out.size() < bytes) out += sentence;
  out.resize(bytes);
  return out;
}

std::vector<core::ToolDefinition> tools() {
  std::vector<core::ToolDefinition> out;
  for (const char* name : {"write", "read", "grep", "glob", "edit", "shell", "fetch", "clock"}) {
    out.push_back({.name = name,
                   .description = prose(200),
                   .input_schema = {{"type", "object"},
                                    {"properties",
                                     {{"path", {{"type", "string"}, {"description", prose(80)}}},
                                      {"pattern", {{"type", "string"}}}}},
                                    {"required", {"path"}}}});
  }
  return out;
}

// Of the body, without the marks for the cache, which are not part of the prompt.
std::string prompt_of(const std::string& body_text) {
  Json body = Json::parse(body_text);
  std::string out;
  const auto add = [&out](Json block) {
    if (block.is_object()) block.erase("cache_control");
    out += block.dump();
  };
  for (const Json& tool : body.value("tools", Json::array())) add(tool);
  const Json system = body.value("system", Json::array());
  for (const Json& block : system) add(block);
  for (const Json& message : body.at("messages")) {
    out += message.at("role").get<std::string>();
    if (message.at("content").is_array()) {
      for (const Json& block : message.at("content")) add(block);
    } else {
      out += message.at("content").dump();
    }
    out += message.value("tool_calls", Json()).dump();
  }
  return out;
}

struct Share {
  std::int64_t sent = 0;
  std::int64_t cached = 0;
  std::string before{};

  void take(const std::string& body, const core::TokenCounter& counter, std::int64_t step) {
    const std::string prompt = prompt_of(body);
    const auto shared =
        static_cast<std::size_t>(std::ranges::mismatch(before, prompt).in2 - prompt.begin());
    std::int64_t tokens = counter.text(std::string_view(prompt).substr(0, shared));
    tokens = tokens < prompt_tokens_min ? 0 : tokens / step * step;
    sent += counter.text(prompt);
    cached += tokens;
    before = prompt;
  }
  double percent() const { return 100.0 * static_cast<double>(cached) / static_cast<double>(sent); }
};

core::ContextOptions options_with(std::int64_t window) {
  return {.windows = core::ModelWindows(
              {{.provider = "p", .model = "m", .context = window, .output = 4'000}})};
}

core::ContextStart start_of(std::vector<core::Message> history,
                            std::optional<core::ThreadSummary> summary = std::nullopt) {
  return {.provider = "p",
          .model = "m",
          .thread_id = "t",
          .run_id = "r",
          .instructions = prose(1'500),
          .summary = std::move(summary),
          .history = std::move(history)};
}

core::Message message(core::Role role, std::vector<core::Part> parts) {
  return {.role = role, .parts = std::move(parts)};
}

struct Thread {
  Share anthropic{};
  Share openai{};
  int requests = 0;
  int summaries = 0;
};

// Each turn is a question, a call of a tool, its result and an answer: two requests.
Thread run_thread(std::int64_t window) {
  const core::ContextOptions options = options_with(window);
  const auto offered = tools();
  const core::TokenCounter counter{.family = core::TokenFamily::openai, .provider = "p"};
  Thread out;
  std::vector<core::Message> history;
  std::optional<core::ThreadSummary> summary;
  for (int turn = 0; turn < turns; ++turn) {
    const std::string number = std::to_string(turn);
    history.push_back(message(core::Role::user, {core::TextPart{number + prose(300)}}));
    core::Context context(start_of(history, summary), options);
    std::vector<core::Part> parts;
    for (const bool called : {false, true}) {
      if (called) {
        parts.emplace_back(core::ToolCallPart{
            .call_id = "c" + number, .tool = "grep", .arguments = {{"path", number}}});
        parts.emplace_back(core::ToolResultPart{
            .call_id = "c" + number, .tool = "grep", .content = number + prose(2'000)});
      }
      for (auto plan = context.next(parts, offered);
           plan.step == core::ContextPlan::Step::summarise; plan = context.next(parts, offered)) {
        ++out.summaries;
        summary = core::ThreadSummary{.text = number + prose(1'500)};
        // Runs of two messages, and the newest question.
        history.erase(history.begin(),
                      history.begin() + static_cast<std::ptrdiff_t>(2 * plan.turns));
        context.take_summary(*summary, plan.turns);
      }
      const auto request = context.request(parts, offered);
      out.anthropic.take(providers::anthropic::request_body(request, {.provider = "p"}), counter,
                         1);
      out.openai.take(providers::chat_completions::request_body(
                          request, providers::chat_completions::openai_options()),
                      counter, openai_step_tokens);
      ++out.requests;
    }
    parts.emplace_back(core::TextPart{number + prose(400)});
    history.push_back(message(core::Role::assistant, parts));
  }
  return out;
}

std::vector<core::Message> history_of(int messages) {
  std::vector<core::Message> out;
  for (int i = 0; i + 1 < messages; ++i) {
    out.push_back(message(i % 2 == 0 ? core::Role::user : core::Role::assistant,
                          {core::TextPart{std::to_string(i) + prose(600)}}));
  }
  out.push_back(message(core::Role::user, {core::TextPart{"And now?"}}));
  return out;
}

template <class Work>
double micros_each(Work work) {
  const double begin = cpu_seconds();
  double used = 0;
  std::int64_t done = 0;
  while (used < measured_seconds) {
    work();
    ++done;
    used = cpu_seconds() - begin;
  }
  return 1e6 * used / static_cast<double>(done);
}

void measure_costs() {
  const auto offered = tools();
  const auto history = history_of(200);
  const core::ContextOptions roomy = options_with(1'000'000);
  std::size_t bytes = 0;
  std::printf("plan_200_messages_micros %.1f\n", micros_each([&] {
                core::Context context(start_of(history), roomy);
                (void)context.next({}, offered);
              }));
  core::Context context(start_of(history), roomy);
  (void)context.next({}, offered);
  std::printf("next_round_200_messages_micros %.1f\n", micros_each([&] {
                (void)context.next({}, offered);
                bytes += context.request({}, offered).messages.size();
              }));
  std::printf("body_200_messages_micros %.1f\n", micros_each([&] {
                bytes +=
                    providers::anthropic::request_body(context.request({}, offered), {}).size();
              }));
  const core::ContextOptions narrow = options_with(20'000);
  std::printf("compaction_200_messages_micros %.1f\n", micros_each([&] {
                core::Context full(start_of(history), narrow);
                const auto plan = full.next({}, offered);
                if (plan.step != core::ContextPlan::Step::summarise) std::abort();
                bytes += full.summary_request(plan.turns, "p", "m").messages.size();
                full.take_summary({.text = prose(1'500)}, plan.turns);
                (void)full.next({}, offered);
              }));
  const std::string text = prose(1'000'000);
  const core::TokenCounter counter{.family = core::TokenFamily::openai, .provider = {}};
  std::int64_t tokens = 0;
  const double micros = micros_each([&] { tokens += counter.text(text); });
  std::printf("estimate_megabytes_per_second %.0f\n", 1e6 / micros);
  if (bytes == 0 || tokens == 0) std::abort();
}

void print_thread(const char* name, std::int64_t window) {
  const Thread thread = run_thread(window);
  std::printf("%s_requests %d\n", name, thread.requests);
  std::printf("%s_summaries %d\n", name, thread.summaries);
  std::printf("%s_anthropic_cached_percent %.1f\n", name, thread.anthropic.percent());
  std::printf("%s_openai_cached_percent %.1f\n", name, thread.openai.percent());
}

}  // namespace
}  // namespace colonnade::bench

int main() {
  colonnade::bench::print_thread("large_window", 200'000);
  colonnade::bench::print_thread("small_window", 16'000);
  colonnade::bench::measure_costs();
  return EXIT_SUCCESS;
}
