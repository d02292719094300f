// The model input of a thread: what is sent, what is left out, and that requests continue each
// other.
#include "core/context/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/context/context_text.hpp"
#include "core/models/limits.hpp"

namespace colonnade::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Step = ContextPlan::Step;

constexpr std::int64_t window_tokens = 8'000;

ContextOptions small_window() {
  return {.windows = ModelWindows(
              {{.provider = "p", .model = "m", .context = window_tokens, .output = 1'000}})};
}

// About `tokens` tokens of words.
std::string words(int tokens) {
  std::string out;
  for (int i = 0; i < tokens * 2 / 3; ++i) out += "word ";
  return out;
}

Message message(Role role, std::vector<Part> parts, std::int64_t at) {
  return {.id = "m" + std::to_string(at),
          .thread_id = "t",
          .role = role,
          .parts = std::move(parts),
          .created_at = {at}};
}

// Runs of a question and an answer, each of about `tokens` tokens, and a last question.
std::vector<Message> turns_of(int turns, int tokens) {
  std::vector<Message> out;
  for (int i = 0; i < turns; ++i) {
    const std::string number = std::to_string(i);
    out.push_back(
        message(Role::user, {TextPart{"question " + number + " " + words(tokens / 2)}}, i * 2 + 1));
    out.push_back(message(Role::assistant, {TextPart{"answer " + number + " " + words(tokens / 2)}},
                          i * 2 + 2));
  }
  out.push_back(message(Role::user, {TextPart{"the newest question"}}, turns * 2 + 1));
  return out;
}

ContextStart start_of(std::vector<Message> history) {
  return {.provider = "p",
          .model = "m",
          .thread_id = "t",
          .run_id = "r",
          .instructions = "Be brief.",
          .history = std::move(history)};
}

std::string text_of(const Message& message) { return visible_text(message.parts); }

const ToolDefinition b_tool{.name = "b", .description = "second"};
const ToolDefinition a_tool{.name = "a", .description = "first"};

TEST(Context, AShortThreadIsSentAsItIs) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(3, 100)), options);
  EXPECT_EQ(context.next({}, {}).step, Step::send);
  const ModelRequest request = context.request({}, {b_tool, a_tool});
  EXPECT_EQ(request.instructions, "Be brief.");
  ASSERT_EQ(request.messages.size(), 7U);
  EXPECT_EQ(text_of(request.messages.back()), "the newest question");
  EXPECT_EQ(request.cache_key, "t");
  EXPECT_EQ(request.tools[0].name, "a") << "sorted, so that they are the same bytes each time";
}

TEST(Context, ARollingWindowHasTheNewestMessagesAndNoNote) {
  const ContextOptions options = small_window();
  ContextStart start = start_of(turns_of(5, 100));
  start.summary = ThreadSummary{.text = "Notes."};
  start.history_is_cut = true;
  start.limits = {.mode = HistoryMode::rolling, .context_limit = 3};
  Context context(std::move(start), options);
  EXPECT_EQ(context.next({}, {}).step, Step::send);
  const ModelRequest request = context.request({}, {});
  ASSERT_EQ(request.messages.size(), 3U) << "an answer without its question is left out too";
  EXPECT_THAT(text_of(request.messages.front()), StartsWith("question 4"));
}

TEST(Context, ACompactedThreadKeepsItsNewestMessages) {
  const ContextOptions options = small_window();
  const HistoryLimits limit{
      .mode = HistoryMode::compact, .context_limit = 4, .compact_threshold = 10};
  ContextStart start = start_of(turns_of(5, 10));
  start.limits = limit;
  EXPECT_EQ(Context(std::move(start), options).next({}, {}).step, Step::send) << "just ten";
  start = start_of(turns_of(6, 10));
  start.limits = limit;
  Context context(std::move(start), options);
  const ContextPlan plan = context.next({}, {});
  ASSERT_EQ(plan.step, Step::summarise);
  EXPECT_EQ(plan.turns, 4U);
  context.take_summary({.text = "Notes."}, plan.turns);
  EXPECT_EQ(context.next({}, {}).step, Step::send);
  EXPECT_EQ(context.request({}, {}).messages.size(), 5U);
}

TEST(Context, ASummaryStandsInFrontOfTheTurnsThatStay) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(12, 600)), options);
  const ContextPlan plan = context.next({}, {});
  ASSERT_EQ(plan.step, Step::summarise);
  ASSERT_GT(plan.turns, 4U);
  ASSERT_LT(plan.turns, 12U);
  const Message& last = context.last_of(plan.turns);
  EXPECT_EQ(last.role, Role::assistant);
  EXPECT_EQ(last.created_at.micros, static_cast<std::int64_t>(plan.turns) * 2);
  context.take_summary({.up_to = last.created_at, .text = "Notes: the user counts."}, plan.turns);
  EXPECT_EQ(context.next({}, {}).step, Step::send);

  const ModelRequest request = context.request({}, {});
  EXPECT_EQ(request.messages.size(), (12 - plan.turns) * 2 + 1);
  EXPECT_EQ(request.messages.front().role, Role::user);
  EXPECT_EQ(request.messages.front().parts.size(), 1U) << "one text is what every server takes";
  const std::string first = text_of(request.messages.front());
  EXPECT_THAT(first, HasSubstr("Notes: the user counts."));
  EXPECT_THAT(first, HasSubstr("question " + std::to_string(plan.turns) + " "));
  EXPECT_EQ(request.instructions, "Be brief.") << "what was said is no instruction";
  EXPECT_LE(context.tokens(), context.room().target);
}

TEST(Context, WithoutASummaryTheModelIsToldThatTurnsAreLeftOut) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(12, 600)), options);
  const ContextPlan plan = context.next({}, {});
  ASSERT_EQ(plan.step, Step::summarise);
  context.leave_out(plan.turns);
  EXPECT_EQ(context.next({}, {}).step, Step::send);
  const ModelRequest request = context.request({}, {});
  EXPECT_THAT(text_of(request.messages.front()), HasSubstr("left out"));
  EXPECT_EQ(text_of(request.messages.back()), "the newest question");
}

TEST(Context, TheRequestForASummaryTellsWhatWasSaidAndDone) {
  auto history = turns_of(3, 50);
  history[1].parts = {
      ReasoningPart{.provider = "p", .text = "secretly"},
      ToolCallPart{.call_id = "c", .tool = "grep", .arguments = {{"pattern", "needle"}}},
      ToolResultPart{.call_id = "c", .tool = "grep", .content = "found at line 7"},
      TextPart{"It is at line 7."}};
  const ContextOptions options = small_window();
  auto start = start_of(std::move(history));
  start.summary = ThreadSummary{.text = "Earlier: greetings."};
  const Context context(std::move(start), options);
  const ModelRequest request = context.summary_request(2, "p", "m");
  ASSERT_EQ(request.messages.size(), 1U);
  EXPECT_TRUE(request.tools.empty());
  EXPECT_EQ(request.model, "m");
  const std::string told = text_of(request.messages[0]);
  EXPECT_THAT(told, HasSubstr("Earlier: greetings."));
  EXPECT_THAT(told, HasSubstr("Tool call: grep {\"pattern\":\"needle\"}"));
  EXPECT_THAT(told, HasSubstr("Tool result: found at line 7"));
  EXPECT_THAT(told, HasSubstr("question 1"));
  EXPECT_THAT(told, Not(HasSubstr("question 2"))) << "that turn stays";
  EXPECT_THAT(told, Not(HasSubstr("secretly"))) << "what was thought was not said";
}

TEST(Context, TheRequestForASummaryFitsItsOwnWindow) {
  const ContextOptions options{
      .windows =
          ModelWindows({{.provider = "p", .model = "m", .context = 200'000, .output = 8'000},
                        {.provider = "q", .model = "tiny", .context = 8'000, .output = 1'000}})};
  auto history = turns_of(40, 6'000);
  const Context context(start_of(std::move(history)), options);
  const ModelRequest request = context.summary_request(39, "q", "tiny");
  const TokenCounter counter{.family = TokenFamily::other, .provider = "q"};
  const std::int64_t tokens =
      counter.text(request.instructions) + counter.message(request.messages[0]);
  EXPECT_LE(tokens + *request.max_output_tokens, 8'000);
  EXPECT_THAT(text_of(request.messages[0]), HasSubstr("question 38"));
}

TEST(Context, ALongSummaryIsCut) {
  const ContextOptions options = small_window();
  const Context context(start_of(turns_of(1, 10)), options);
  const std::string kept = context.kept_summary("  \n" + words(30'000));
  EXPECT_THAT(kept, StartsWith("word"));
  EXPECT_LE((TokenCounter{.family = TokenFamily::other, .provider = "p"}.text(kept)),
            context.room().summary);
  EXPECT_EQ(context.kept_summary(" \n\t "), "");
}

TEST(Context, OldToolResultsOfALongTurnAreShortenedAndStaySo) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(0, 0)), options);
  std::vector<Part> turn;
  std::vector<std::string> sent_before;
  for (int round = 0; round < 12; ++round) {
    const std::string id = "c" + std::to_string(round);
    turn.emplace_back(ToolCallPart{.call_id = id, .tool = "a"});
    turn.emplace_back(
        ToolResultPart{.call_id = id, .tool = "a", .content = id + " " + words(1'500)});
    ASSERT_EQ(context.next(turn, {a_tool}).step, Step::send) << round;
    EXPECT_LE(context.tokens(), context.room().input);
    const Message open = context.request(turn, {a_tool}).messages.back();
    ASSERT_EQ(open.parts.size(), turn.size()) << "no call loses its result";
    for (std::size_t i = 0; i < turn.size(); ++i) EXPECT_EQ(open.parts[i].index(), turn[i].index());
    EXPECT_THAT(std::get<ToolResultPart>(open.parts.back()).content, StartsWith(id));
  }
  const Message open = context.request(turn, {a_tool}).messages.back();
  EXPECT_THAT(std::get<ToolResultPart>(open.parts[1]).content,
              HasSubstr("bytes are left out here"));
  EXPECT_EQ(std::get<ToolResultPart>(turn[1]).content.substr(0, 3), "c0 ")
      << "the turn itself is whole";
}

TEST(Context, OneResultThatIsLargerThanTheWindowIsShortened) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(0, 0)), options);
  const std::vector<Part> turn = {
      ToolCallPart{.call_id = "c", .tool = "a"},
      ToolResultPart{.call_id = "c", .tool = "a", .content = "begin " + words(90'000) + "end"}};
  ASSERT_EQ(context.next(turn, {}).step, Step::send);
  EXPECT_LE(context.tokens(), context.room().input);
  EXPECT_GT(context.tokens(), context.room().input / 2) << "what fits is sent";
  const Message open = context.request(turn, {}).messages.back();
  const std::string& content = std::get<ToolResultPart>(open.parts[1]).content;
  EXPECT_THAT(content, StartsWith("begin"));
  EXPECT_THAT(content, ::testing::EndsWith("end"));
}

TEST(Context, AMessageLargerThanTheWindowIsRefused) {
  const ContextOptions options = small_window();
  Context context(start_of({message(Role::user, {TextPart{words(20'000)}}, 1)}), options);
  EXPECT_EQ(context.next({}, {}).step, Step::too_large);
}

TEST(Context, WhatTheVendorCountedCorrectsTheNextEstimate) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(4, 400)), options);
  ASSERT_EQ(context.next({}, {}).step, Step::send);
  const std::int64_t estimated = context.tokens();
  context.reported({.input_tokens = estimated * 3});
  EXPECT_EQ(context.next({}, {}).step, Step::summarise) << "three times as much does not fit";
  EXPECT_NEAR(static_cast<double>(context.tokens()), static_cast<double>(estimated * 3), 16);
}

TEST(Context, AReportThatCannotBeTrueIsIgnored) {
  const ContextOptions options = small_window();
  Context context(start_of(turns_of(3, 400)), options);
  ASSERT_EQ(context.next({}, {}).step, Step::send);
  const std::int64_t estimated = context.tokens();
  for (const std::int64_t nonsense : {std::int64_t{0}, std::int64_t{10}, estimated * 50}) {
    context.reported({.input_tokens = nonsense});
    ASSERT_EQ(context.next({}, {}).step, Step::send);
    EXPECT_EQ(context.tokens(), estimated);
  }
}

TEST(Context, TheThreadsLastReplyTellsWhatItsInputWas) {
  auto history = turns_of(3, 400);
  Message& reply = history[history.size() - 2];
  reply.model = "m-20260101";
  const ContextOptions options = small_window();
  Context plain(start_of(history), options);
  ASSERT_EQ(plain.next({}, {}).step, Step::send);
  reply.usage = Usage{.input_tokens = plain.tokens() * 3 / 2};
  Context told(start_of(history), options);
  ASSERT_EQ(told.next({}, {}).step, Step::send);
  EXPECT_GT(told.tokens(), plain.tokens() * 4 / 3);
}

// Each request begins with everything that the one before it said.
TEST(Context, RequestsContinueEachOther) {
  const ContextOptions options = small_window();
  std::vector<Message> history = {message(Role::user, {TextPart{"question 0"}}, 1)};
  std::vector<Message> before;
  for (int turn = 0; turn < 8; ++turn) {
    Context context(start_of(history), options);
    ASSERT_EQ(context.next({}, {a_tool}).step, Step::send);
    const auto request = context.request({}, {a_tool, b_tool});
    ASSERT_GE(request.messages.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(request.messages[i].parts, before[i].parts) << "turn " << turn << ", message " << i;
    }
    before = request.messages;
    history.push_back(message(Role::assistant, {TextPart{"answer"}}, turn * 2 + 2));
    history.push_back(message(Role::user, {TextPart{"question"}}, turn * 2 + 3));
  }
}

TEST(ContextText, AShortenedResultKeepsItsEndsAndWholeCharacters) {
  const std::string content = "ä" + std::string(1'000, 'x') + "ö";
  const std::string shorter = shortened_result(content, 101);
  EXPECT_THAT(shorter, StartsWith("äx"));
  EXPECT_THAT(shorter, ::testing::EndsWith("xö"));
  EXPECT_THAT(shorter, HasSubstr("bytes are left out"));
  EXPECT_EQ(shortened_result("short", 5), "short");
  EXPECT_THAT(shortened_result("abc", 0), HasSubstr("3 bytes are left out"));
}

TEST(ModelWindows, TheLongestMatchCountsWhereverAModelIsServed) {
  const ModelWindows windows(
      {{.provider = "anthropic", .model = "claude-*", .context = 200'000, .output = 8'000},
       {.provider = "anthropic",
        .model = "claude-opus-5*",
        .context = 1'000'000,
        .output = 128'000},
       {.provider = "local", .model = "claude-like", .context = 4'096, .output = 1'024}});
  EXPECT_EQ(windows.find("anthropic", "claude-opus-5-5").context, 1'000'000);
  EXPECT_EQ(windows.find("anthropic", "claude-2").context, 200'000);
  EXPECT_EQ(windows.find("openrouter", "anthropic/claude-opus-5-5").context, 1'000'000);
  EXPECT_EQ(windows.find("local", "claude-like").context, 4'096);
  const ModelWindow unknown = windows.find("local", "something");
  EXPECT_FALSE(unknown.known);
  EXPECT_EQ(unknown.context, limits::context_window_tokens_default);
}

}  // namespace
}  // namespace colonnade::core
