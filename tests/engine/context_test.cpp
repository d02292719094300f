// Long threads: what the model is sent when not everything fits, whatever happens meanwhile.
#include "core/context/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>
#include <random>

#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using ::testing::HasSubstr;
using ::testing::Not;

const Principal alice(Scope::main(), "alice", UserRole::member);

// Room for 3,000 tokens of input.
constexpr std::int64_t window_tokens = 4'000;
constexpr std::int64_t room_tokens = 3'000;

EngineOptions small_window() {
  EngineOptions out;
  out.runs.limits.retry_delay_min = std::chrono::milliseconds(0);
  out.runs.context.windows = ModelWindows(
      {{.provider = "scripted", .model = "scripted-1", .context = window_tokens, .output = 500}});
  return out;
}

std::string words(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "word ";
  return out;
}

bool asks_for_summary(const ModelRequest& request) {
  return request.instructions.contains("keep the notes");
}

// Answers everything; a request for a summary with `notes`.
void answer_all(Engine& engine, const std::string& notes = "Notes: words were said.") {
  engine.model->answer_with([notes](const ModelRequest& request) -> std::vector<Act> {
    if (asks_for_summary(request)) {
      return {reply({TextPart{notes}}, StopReason::end_turn,
                    {.input_tokens = 1'000, .output_tokens = 20})};
    }
    return {reply({TextPart{"As you say."}})};
  });
}

std::int64_t tokens_of(const ModelRequest& request) {
  const TokenCounter counter{.family = token_family("scripted", "scripted-1"),
                             .provider = "scripted"};
  std::int64_t sum = counter.text(request.instructions) + counter.tools(request.tools);
  for (const Message& message : request.messages) sum += counter.message(message);
  return sum;
}

std::string first_text(const ModelRequest& request) {
  return visible_text(request.messages.front().parts);
}

// The requests that were turns of the conversation, and how many asked for summaries.
struct Asked {
  std::vector<ModelRequest> turns{};
  std::size_t summaries = 0;
};
Asked asked(const Engine& engine) {
  Asked out;
  for (ModelRequest& request : engine.model->requests()) {
    if (asks_for_summary(request)) {
      ++out.summaries;
    } else {
      out.turns.push_back(std::move(request));
    }
  }
  return out;
}

FinishedRun say(Engine& engine, const std::string& thread_id, const std::string& what) {
  const auto run = engine.start(alice, thread_id, what);
  EXPECT_TRUE(run) << run.error().message;
  auto finished = engine.wait(alice, *run);
  EXPECT_TRUE(finished) << finished.error().message;
  return std::move(*finished);
}

class ContextTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("colonnade.db");
};

TEST_F(ContextTest, ALongThreadIsSummarisedAndEveryRequestFits) {
  Engine engine(path_, small_window());
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  for (int i = 0; i < 24; ++i) {
    const auto finished = say(engine, thread_id, "message " + std::to_string(i) + " " + words(150));
    ASSERT_EQ(finished.run.state, RunState::succeeded) << finished.run.error;
  }
  const Asked all = asked(engine);
  EXPECT_EQ(all.turns.size(), 24U);
  EXPECT_GE(all.summaries, 2U);
  EXPECT_LE(all.summaries, 6U) << "a summary makes room for many turns";
  for (const ModelRequest& request : all.turns) EXPECT_LE(tokens_of(request), room_tokens);
  EXPECT_THAT(first_text(all.turns.back()), HasSubstr("Notes: words were said."));
  EXPECT_THAT(visible_text(all.turns.back().messages.back().parts), HasSubstr("message 23 "));

  const auto summary = *engine.run(engine.store->newest_summary(Scope::main(), thread_id));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->text, "Notes: words were said.");
  EXPECT_EQ(summary->tokens, 20);
  EXPECT_EQ(summary->provider, "scripted");
  EXPECT_EQ(summary->model, "scripted-1");
  const auto last = *engine.run(engine.store->message(Scope::main(), summary->up_to_message_id));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->role, Role::assistant) << "whole turns are covered";
  EXPECT_EQ(last->created_at, summary->up_to);
  // The thread itself has lost nothing.
  EXPECT_EQ(engine.run(engine.threads.view(alice, thread_id, 200))->messages.size(), 48U);
}

TEST_F(ContextTest, BetweenTwoSummariesEachRequestBeginsWithTheOneBefore) {
  Engine engine(path_, small_window());
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  for (int i = 0; i < 20; ++i) say(engine, thread_id, std::to_string(i) + " " + words(150));
  const Asked all = asked(engine);
  std::size_t continued = 0;
  for (std::size_t n = 1; n < all.turns.size(); ++n) {
    const auto& before = all.turns[n - 1].messages;
    const auto& now = all.turns[n].messages;
    if (now.front().parts != before.front().parts) continue;  // a summary came between
    ++continued;
    ASSERT_EQ(now.size(), before.size() + 2);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(now[i].parts, before[i].parts);
    EXPECT_EQ(all.turns[n].instructions, all.turns[n - 1].instructions);
  }
  EXPECT_EQ(continued + all.summaries + 1, all.turns.size());
}

TEST_F(ContextTest, ARunPaysForItsSummary) {
  Engine engine(path_, small_window());
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  FinishedRun finished{.run = {.scope = Scope::main()}};
  while (asked(engine).summaries == 0) finished = say(engine, thread_id, words(200));
  EXPECT_EQ(finished.run.usage.input_tokens, 10 + 1'000);
  EXPECT_EQ(finished.run.usage.output_tokens, 5 + 20);
  EXPECT_EQ(finished.run.rounds, 1) << "a summary is no reply";
  const auto events = engine.events(thread_id);
  const auto* end = std::get_if<RunFinished>(&events.back().body);
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(visible_text(end->message->parts), "As you say.");
}

TEST_F(ContextTest, ASummaryServesAfterARestart) {
  std::string thread_id;
  {
    Engine engine(path_, small_window());
    answer_all(engine);
    thread_id = engine.new_thread(alice).id;
    while (asked(engine).summaries == 0) say(engine, thread_id, words(200));
  }
  Engine engine(path_, small_window());
  answer_all(engine, "a second summary");
  ASSERT_EQ(say(engine, thread_id, "go on").run.state, RunState::succeeded);
  const Asked all = asked(engine);
  EXPECT_EQ(all.summaries, 0U);
  ASSERT_EQ(all.turns.size(), 1U);
  EXPECT_THAT(first_text(all.turns[0]), HasSubstr("Notes: words were said."));
  EXPECT_LE(all.turns[0].messages.size(), 9U) << "what is covered is not sent";
}

TEST_F(ContextTest, WithoutASummaryTheOldestTurnsAreLeftOutAndTheNextRunTriesAgain) {
  Engine engine(path_, small_window());
  bool broken = true;
  engine.model->answer_with([&broken](const ModelRequest& request) -> std::vector<Act> {
    if (!asks_for_summary(request)) return {reply({TextPart{"As you say."}})};
    if (broken) return {Break{{.kind = base::ErrorKind::unavailable, .message = "no"}}};
    return {reply({TextPart{"Notes at last."}})};
  });
  const std::string thread_id = engine.new_thread(alice).id;
  while (asked(engine).summaries == 0) {
    ASSERT_EQ(say(engine, thread_id, words(200)).run.state, RunState::succeeded);
  }
  const ModelRequest sent = asked(engine).turns.back();
  EXPECT_THAT(first_text(sent), HasSubstr("left out"));
  EXPECT_LE(tokens_of(sent), room_tokens);
  EXPECT_FALSE(*engine.run(engine.store->newest_summary(Scope::main(), thread_id)));

  broken = false;
  ASSERT_EQ(say(engine, thread_id, "go on").run.state, RunState::succeeded);
  EXPECT_THAT(first_text(asked(engine).turns.back()), HasSubstr("Notes at last."));
  EXPECT_THAT(first_text(asked(engine).turns.back()), Not(HasSubstr("left out")));
  EXPECT_TRUE(*engine.run(engine.store->newest_summary(Scope::main(), thread_id)));
}

TEST_F(ContextTest, ASummaryWithoutTextIsNone) {
  Engine engine(path_, small_window());
  answer_all(engine, " \n ");
  const std::string thread_id = engine.new_thread(alice).id;
  while (asked(engine).summaries == 0) {
    ASSERT_EQ(say(engine, thread_id, words(200)).run.state, RunState::succeeded);
  }
  EXPECT_THAT(first_text(asked(engine).turns.back()), HasSubstr("left out"));
  EXPECT_FALSE(*engine.run(engine.store->newest_summary(Scope::main(), thread_id)));
}

// The thread's next message, `words(200)`, needs a summary first: a thread of the same messages
// says so.
std::string thread_at_its_limit(Engine& engine) {
  answer_all(engine);
  const std::string probe = engine.new_thread(alice).id;
  int messages = 0;
  for (; asked(engine).summaries == 0; ++messages) say(engine, probe, words(200));
  const std::string thread_id = engine.new_thread(alice).id;
  for (int i = 1; i < messages; ++i) say(engine, thread_id, words(200));
  EXPECT_EQ(asked(engine).summaries, 1U) << "only the probe's";
  return thread_id;
}

TEST_F(ContextTest, AServerThatStopsWhileASummaryIsMadeMakesItAgain) {
  core::Run run{.scope = Scope::main()};
  {
    Engine engine(path_, small_window());
    const std::string thread_id = thread_at_its_limit(engine);
    std::promise<void> holding;
    engine.model->on_hold([&holding] { holding.set_value(); });
    engine.model->script({Hold{}});
    run = *engine.start(alice, thread_id, words(200));
    holding.get_future().wait();
  }
  Engine engine(path_, small_window());
  answer_all(engine);
  EXPECT_EQ(*engine.run(engine.runs.recover()), 1U);
  const auto finished = engine.wait(alice, run);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->run.state, RunState::succeeded);
  EXPECT_EQ(asked(engine).summaries, 1U);
  EXPECT_THAT(first_text(asked(engine).turns.back()), HasSubstr("Notes: words were said."));
}

TEST_F(ContextTest, ACancelledRunEndsWhileASummaryIsMade) {
  Engine engine(path_, small_window());
  const std::string thread_id = thread_at_its_limit(engine);
  std::promise<void> holding;
  engine.model->on_hold([&holding] { holding.set_value(); });
  engine.model->script({Hold{}});
  const auto run = engine.start(alice, thread_id, words(200));
  ASSERT_TRUE(run);
  holding.get_future().wait();
  ASSERT_TRUE(engine.run(engine.runs.cancel(alice, run->id)));
  const auto finished = engine.wait(alice, *run);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::cancelled);
  EXPECT_EQ(engine.model->stopped_calls(), 1) << "the call was let go of";
  EXPECT_FALSE(*engine.run(engine.store->newest_summary(Scope::main(), thread_id)));
}

TEST_F(ContextTest, AnotherModelMayWriteTheSummaries) {
  EngineOptions options = small_window();
  options.runs.context.summary_model = "scripted-small";
  Engine engine(path_, std::move(options));
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  while (asked(engine).summaries == 0) say(engine, thread_id, words(200));
  for (const ModelRequest& request : engine.model->requests()) {
    EXPECT_EQ(request.model, asks_for_summary(request) ? "scripted-small" : "scripted-1");
  }
}

TEST_F(ContextTest, AVendorThatFindsARequestTooLongGetsAShorterOne) {
  Engine engine(path_, small_window());
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  for (int i = 0; i < 3; ++i) say(engine, thread_id, words(200));
  const Break too_long{{.kind = base::ErrorKind::too_large, .message = "prompt is too long"}};
  engine.model->script({too_long});
  const auto finished = say(engine, thread_id, "go on");
  ASSERT_EQ(finished.run.state, RunState::succeeded) << finished.run.error;
  EXPECT_EQ(asked(engine).summaries, 1U);
  EXPECT_THAT(first_text(asked(engine).turns.back()), HasSubstr("Notes: words were said."));
  // Not for ever: when nothing is left to leave out, the error names what may be wrong.
  engine.model->answer_with([&too_long](const ModelRequest& request) -> std::vector<Act> {
    if (asks_for_summary(request)) return {reply({TextPart{"Notes."}})};
    return {too_long};
  });
  const auto failed = say(engine, thread_id, words(200));
  EXPECT_EQ(failed.run.state, RunState::failed);
  EXPECT_THAT(failed.run.error, HasSubstr("context.windows_file"));
}

TEST_F(ContextTest, AMessageThatCannotFitIsRefusedAndNotStored) {
  Engine engine(path_, small_window());
  answer_all(engine);
  const std::string thread_id = engine.new_thread(alice).id;
  const auto refused = engine.start(alice, thread_id, words(20'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::too_large);
  EXPECT_THAT(refused.error().message, HasSubstr("context.windows_file"));
  EXPECT_TRUE(engine.model->requests().empty()) << "nobody was asked";
  EXPECT_TRUE(engine.run(engine.threads.messages(alice, thread_id, {}))->empty());
  EXPECT_EQ(say(engine, thread_id, "shorter").run.state, RunState::succeeded);
  EXPECT_LE(tokens_of(asked(engine).turns.back()), room_tokens);
}

// Takes a part of the window without being called.
class WordyTool final : public tools::Tool {
 public:
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::none; }
  base::Task<ToolOutcome> run(tools::ToolContext, base::Json, std::stop_token) override {
    co_return ToolOutcome{};
  }

 private:
  ToolDefinition definition_{
      .name = "wordy", .description = words(1'500), .input_schema = {{"type", "object"}}};
};

// What the model is shown with every message counts with it.
TEST_F(ContextTest, AMessageThatFitsOnlyWithoutTheToolsIsRefusedAndNotStored) {
  for (const bool with_tool : {false, true}) {
    EngineOptions options = small_window();
    if (with_tool) options.extra_tools.push_back(std::make_unique<WordyTool>());
    Engine engine(path_ + (with_tool ? "-tool" : ""), std::move(options));
    answer_all(engine);
    const std::string thread_id = engine.new_thread(alice).id;
    const auto run = engine.start(alice, thread_id, words(1'200));
    if (!with_tool) {
      ASSERT_TRUE(run) << run.error().message;
      EXPECT_EQ(engine.wait(alice, *run)->run.state, RunState::succeeded);
      continue;
    }
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().kind, base::ErrorKind::too_large);
    EXPECT_THAT(run.error().message, HasSubstr("instructions and tools"));
    EXPECT_TRUE(engine.model->requests().empty()) << "nobody was asked";
    EXPECT_TRUE(engine.run(engine.threads.messages(alice, thread_id, {}))->empty());
    // A turn that is offered none has room for it.
    NewMessage message{.thread_id = thread_id, .parts = {TextPart{words(1'200)}}};
    message.options.tool_use = ToolUse::none;
    const auto plain = engine.run(engine.runs.start(alice, std::move(message), engine.lanes[0]));
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(engine.wait(alice, *plain)->run.state, RunState::succeeded);
  }
}

// Says as many words as it is told to.
class WordsTool final : public tools::Tool {
 public:
  const ToolDefinition& definition() const override { return definition_; }
  tools::Effect effect() const override { return tools::Effect::none; }
  base::Task<ToolOutcome> run(tools::ToolContext, base::Json arguments, std::stop_token) override {
    co_return ToolOutcome{.content = words(arguments.at("count").get<int>())};
  }

 private:
  ToolDefinition definition_{
      .name = "words",
      .description = "Says words.",
      .input_schema = {{"type", "object"}, {"properties", {{"count", {{"type", "integer"}}}}}}};
};

TEST_F(ContextTest, ATurnOfManyRoundsWithLongResultsStaysInside) {
  EngineOptions options = small_window();
  options.extra_tools.push_back(std::make_unique<WordsTool>());
  Engine engine(path_, std::move(options));
  for (int round = 0; round < 10; ++round) {
    engine.model->script(
        {tool_call("c" + std::to_string(round), "words", {{"count", 200 + 400 * round}})});
  }
  engine.model->script({reply({TextPart{"Enough."}})});
  const auto finished = say(engine, engine.new_thread(alice).id, "speak");
  ASSERT_EQ(finished.run.state, RunState::succeeded) << finished.run.error;
  const auto requests = engine.model->requests();
  ASSERT_EQ(requests.size(), 11U);
  for (const ModelRequest& request : requests) EXPECT_LE(tokens_of(request), room_tokens);
  const auto& open = requests.back().messages.back().parts;
  ASSERT_EQ(open.size(), 20U);
  EXPECT_THAT(std::get<ToolResultPart>(open[3]).content, HasSubstr("bytes are left out"));
  // What is stored is whole.
  EXPECT_EQ(std::get<ToolResultPart>(finished.reply->parts[19]).content, words(200 + 400 * 9));
}

// A stored thread of any shape: calls keep their results, and what is sent fits.
TEST_F(ContextTest, AnyHistoryIsSentWithinTheWindowWithItsToolCallsWhole) {
  std::mt19937 random(4);
  const auto up_to = [&random](int most) {
    return std::uniform_int_distribution<int>(0, most)(random);
  };
  Engine engine(path_, small_window());
  answer_all(engine);
  for (int sample = 0; sample < 25; ++sample) {
    const std::string thread_id = engine.new_thread(alice).id;
    Unit past{.scope = Scope::main()};
    const Time begin = engine.clock.now();
    for (int turn = 0, turns = up_to(30); turn < turns; ++turn) {
      const std::string id = std::to_string(sample) + "-" + std::to_string(turn);
      Message asks{.id = "u" + id, .thread_id = thread_id, .role = Role::user};
      asks.created_at = {begin.micros - 1'000'000 + turn * 10};
      asks.parts = {TextPart{words(up_to(300))}};
      Message says{.id = "a" + id, .thread_id = thread_id, .role = Role::assistant};
      says.created_at = {asks.created_at.micros + 5};
      for (int call = 0, calls = up_to(3); call < calls; ++call) {
        const std::string call_id = "c" + std::to_string(call);
        says.parts.emplace_back(ToolCallPart{.call_id = call_id, .tool = "words"});
        says.parts.emplace_back(
            ToolResultPart{.call_id = call_id, .tool = "words", .content = words(up_to(2'000))});
      }
      says.parts.emplace_back(TextPart{words(up_to(200))});
      past.changes.emplace_back(InsertMessage{std::move(asks)});
      if (up_to(9) > 0) past.changes.emplace_back(InsertMessage{std::move(says)});
    }
    ASSERT_TRUE(engine.run(engine.feed.commit(std::move(past))));
    ASSERT_EQ(say(engine, thread_id, "and now?").run.state, RunState::succeeded);
    const ModelRequest sent = asked(engine).turns.back();
    EXPECT_LE(tokens_of(sent), room_tokens) << sample;
    EXPECT_THAT(visible_text(sent.messages.back().parts), ::testing::EndsWith("and now?"));
    EXPECT_EQ(sent.messages.front().role, Role::user);
    for (const Message& message : sent.messages) {
      std::size_t calls = 0;
      std::size_t results = 0;
      for (const Part& part : message.parts) {
        calls += std::holds_alternative<ToolCallPart>(part) ? 1 : 0;
        results += std::holds_alternative<ToolResultPart>(part) ? 1 : 0;
      }
      EXPECT_EQ(calls, results);
    }
  }
}

}  // namespace
}  // namespace colonnade::tests
