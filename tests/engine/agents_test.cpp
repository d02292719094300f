// Versions of agents, and what their turns make of them, on a real store.
#include "core/agents/agents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "core/governance/judge.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Principal ann(Scope::main(), "ann", UserRole::operator_role);
const Principal bob(Scope::main(), "bob", UserRole::member);

class AgentsTest : public ::testing::Test {
 protected:
  Agent make(NewAgent input = {.name = "Support", .instructions = "one", .shared = true}) {
    const auto made = engine_.run(engine_.agents.create(ann, std::move(input)));
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Agent change(const std::string& id, Agents::Alter alter) {
    const auto changed = engine_.run(engine_.agents.alter(ann, id, std::move(alter)));
    EXPECT_TRUE(changed) << changed.error().message;
    return *changed;
  }
  Agent reword(const std::string& id, const std::string& prompt) {
    return change(id, [prompt](Agent& agent) -> Result<bool> {
      agent.instructions = prompt;
      return true;
    });
  }
  std::vector<AgentVersion> versions(const std::string& id) {
    return *engine_.run(engine_.agents.versions(ann, id, {}));
  }
  Thread thread_with(const Agent& agent) {
    return *engine_.run(engine_.threads.create(bob, {.agent_id = agent.id}));
  }
  Thread read(const Thread& thread) { return *engine_.run(engine_.threads.get(bob, thread.id)); }
  // One turn that says `answer`; what the model was asked.
  ModelRequest turn(const Thread& thread, TurnOptions options = {.pin_version = true},
                    const std::string& said = "hello", const std::string& answer = "ok") {
    engine_.model->script({reply({TextPart{answer}})});
    finished_ = run_turn(thread, std::move(options), said);
    EXPECT_EQ(finished_->run.state, RunState::succeeded) << finished_->run.error;
    return engine_.model->requests().back();
  }
  std::optional<FinishedRun> run_turn(const Thread& thread, TurnOptions options,
                                      const std::string& said = "hello") {
    NewMessage input{.thread_id = thread.id, .options = std::move(options)};
    if (!said.empty()) input.parts.emplace_back(TextPart{said});
    const auto run = engine_.run(engine_.runs.start(bob, std::move(input), engine_.lanes[0]));
    EXPECT_TRUE(run) << run.error().message;
    if (!run) return std::nullopt;
    const auto finished = engine_.wait(bob, *run);
    EXPECT_TRUE(finished) << finished.error().message;
    return *finished;
  }
  static std::vector<std::string> texts(const ModelRequest& request) {
    std::vector<std::string> out;
    for (const Message& message : request.messages) out.push_back(visible_text(message.parts));
    return out;
  }
  template <class T>
  std::vector<T> told(const Thread& thread) {
    std::vector<T> out;
    for (const Event& event : engine_.events(thread.id)) {
      if (const auto* body = std::get_if<T>(&event.body)) out.push_back(*body);
    }
    return out;
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  std::optional<FinishedRun> finished_{};
};

// --- versions -----------------------------------------------------------------------------------

TEST_F(AgentsTest, AVersionIsWrittenOnlyWhenTheSnapshotChanged) {
  const Agent agent = make();
  EXPECT_EQ(agent.slug, "support");
  EXPECT_EQ(agent.version_number, 1);
  const Agent renamed = change(agent.id, [](Agent& one) -> Result<bool> {
    one.name = "Help";
    one.slug = "help";
    return true;
  });
  EXPECT_EQ(renamed.version_id, agent.version_id) << "name and slug are not versioned";
  const Agent second = reword(agent.id, "two");
  EXPECT_EQ(second.version_number, 2);
  EXPECT_NE(second.version_id, agent.version_id);
  const auto all = versions(agent.id);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, second.version_id);
  EXPECT_EQ(all[0].created_by, "ann");
  EXPECT_EQ(all[1].note, "Initial version");
  EXPECT_EQ(all[1].snapshot.instructions, "one");
}

TEST_F(AgentsTest, ARollbackCopiesForward) {
  const Agent agent = make();
  reword(agent.id, "two");
  const auto back = engine_.run(engine_.agents.roll_back(ann, agent.id, agent.version_id));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->instructions, "one");
  EXPECT_EQ(back->version_number, 3);
  const auto all = versions(agent.id);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].note, "Rollback to version 1");
  EXPECT_EQ(all[0].snapshot, all[2].snapshot);
  const auto again = engine_.run(engine_.agents.roll_back(ann, agent.id, agent.version_id));
  EXPECT_EQ(again->version_number, 3) << "it is that already";
  const auto missing = engine_.run(engine_.agents.roll_back(ann, agent.id, "none"));
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_EQ(missing.error().field, "version_id");
}

TEST_F(AgentsTest, AThreadKeepsTheVersionOfItsFirstTurn) {
  const Agent agent = make();
  const Thread thread = thread_with(agent);
  EXPECT_EQ(turn(thread).instructions, "one");
  EXPECT_EQ(read(thread).version_id, agent.version_id);
  EXPECT_EQ(finished_->reply->origin->version_bucket, "current");
  EXPECT_EQ(finished_->reply->origin->version_id, agent.version_id);
  EXPECT_EQ(finished_->reply->origin->agent_id, agent.id);
  const Agent second = reword(agent.id, "two");
  EXPECT_EQ(turn(thread).instructions, "one");
  EXPECT_EQ(finished_->reply->origin->version_bucket, "locked");
  EXPECT_EQ(turn(thread_with(agent)).instructions, "two");
  EXPECT_EQ(read(thread).version_id, agent.version_id);
  EXPECT_EQ(read(thread).turns, 2);
  EXPECT_EQ(finished_->run.version.id, second.version_id);
}

// Whoever does not ask for a pin, as the other dialects, gets the agent as it is.
TEST_F(AgentsTest, ATurnWithoutAPinFollowsTheAgent) {
  const Agent agent = make();
  const Thread thread = thread_with(agent);
  EXPECT_EQ(turn(thread, {}).instructions, "one");
  EXPECT_EQ(read(thread).version_id, "");
  reword(agent.id, "two");
  EXPECT_EQ(turn(thread, {}).instructions, "two");
}

TEST_F(AgentsTest, ACanaryGetsItsShareOfTheThreads) {
  const Agent agent = make();
  const Agent second = reword(agent.id, "two");
  const auto set = engine_.run(engine_.agents.set_canary(ann, agent.id, agent.version_id, 30));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->version_number, 2) << "a canary is no version";
  int canaries = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = base::new_id({i * 1000});
    const VersionChoice choice = version_for(*set, id, "");
    EXPECT_EQ(version_for(*set, id, "").id, choice.id);
    if (choice.bucket == "canary") ++canaries;
    EXPECT_EQ(choice.id, choice.bucket == "canary" ? agent.version_id : second.version_id);
  }
  EXPECT_NEAR(canaries, 300, 75);
  EXPECT_EQ(version_for(*set, "t", "v9").id, "v9");
  ASSERT_TRUE(engine_.run(engine_.agents.set_canary(ann, agent.id, agent.version_id, 100)));
  EXPECT_EQ(turn(thread_with(agent)).instructions, "one");
  EXPECT_EQ(finished_->run.version.bucket, "canary");
  ASSERT_TRUE(engine_.run(engine_.agents.set_canary(ann, agent.id, "", 0)));
  EXPECT_EQ(turn(thread_with(agent)).instructions, "two");
  EXPECT_EQ(engine_.run(engine_.agents.set_canary(ann, agent.id, "none", 1)).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ(engine_.run(engine_.agents.set_canary(ann, agent.id, "", 101)).error().field,
            "canary_percent");
}

TEST_F(AgentsTest, WhoMayUseWhichAgent) {
  const Agent shared = make();
  const auto own = engine_.run(engine_.agents.create(bob, {.name = "own"}));
  make({.name = "of ann"});
  const auto usable = engine_.run(engine_.agents.usable(bob, 10, 0));
  ASSERT_TRUE(usable);
  ASSERT_EQ(usable->size(), 2U);
  EXPECT_EQ((*usable)[0].id, own->id);
  EXPECT_EQ((*usable)[1].id, shared.id);
  EXPECT_EQ(*engine_.run(engine_.agents.count_usable(bob)), 2U);
  EXPECT_EQ(*engine_.run(engine_.agents.count_usable(ann)), 3U);
}

TEST_F(AgentsTest, TheDefaultAgentIsMadeOnce) {
  const auto made = engine_.run(engine_.agents.make_default(bob));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, "default");
  EXPECT_EQ(made->name, "Default Agent");
  EXPECT_EQ(made->instructions, "Be brief.");
  EXPECT_EQ(made->owner, "") << "everybody's";
  EXPECT_EQ(engine_.run(engine_.agents.make_default(ann))->version_id, made->version_id);
  EXPECT_EQ(versions("default").size(), 1U);
}

TEST_F(AgentsTest, OnlyActiveAgentsAreOpenToGuests) {
  const Agent agent = make({.name = "Door", .shared = true, .open_to_guests = true});
  EXPECT_EQ(engine_.run(engine_.agents.open_to_guests(agent.id))->scope, Scope::main());
  change(agent.id, [](Agent& one) -> Result<bool> {
    one.active = false;
    return true;
  });
  EXPECT_EQ(engine_.run(engine_.agents.open_to_guests(agent.id)).error().kind,
            ErrorKind::not_found);
}

// --- what turns make of it ----------------------------------------------------------------------

TEST_F(AgentsTest, ThePromptIsRenderedAndBlocksStandBeforeTheMessage) {
  NewAgent input{.name = "S", .instructions = "Help {{user.name}} ({{plan}}).", .shared = true};
  input.profile.dynamic_blocks = {
      {.key = "page", .name = "Page"},
      {.key = "tone", .name = "Tone", .default_content = "for {{plan}}"}};
  const Agent agent = make(std::move(input));
  const auto thread = engine_.run(engine_.threads.create(
      bob,
      {.agent_id = agent.id, .session_context = {{"plan", "pro"}, {"user", {{"name", "?"}}}}}));
  const ModelRequest request = turn(*thread, {.dynamic_blocks = {{"page", "cart"}, {"x", "y"}},
                                              .context = {{"user", {{"name", "Ada"}}}}});
  EXPECT_EQ(request.instructions, "Help Ada (pro).");
  EXPECT_THAT(texts(request),
              ElementsAre("<context>\n## Page\ncart\n\n## Tone\nfor pro\n</context>\n\nhello"));
  EXPECT_EQ(visible_text(finished_->user_message.parts), "hello") << "stored as it was said";
  EXPECT_THAT(texts(turn(*thread, {})).front(), "hello");
}

TEST_F(AgentsTest, ThePromptIsPutTogetherOfItsBlocks) {
  NewAgent input{.name = "S", .instructions = "not shown", .shared = true};
  input.profile.prompt_blocks = {
      {.type = "behavior", .name = "Behavior", .content = "Be brief.", .order = 1},
      {.type = "identity", .name = "Identity", .content = "You help {{user.name}}.", .order = 0},
      {.type = "datetime", .name = "Now", .order = 2}};
  const Agent agent = make(std::move(input));
  const Thread thread = thread_with(agent);
  const ModelRequest request = turn(thread, {.context = {{"user", {{"name", "Ada"}}}}});
  EXPECT_EQ(request.instructions, "You help Ada.\n\n## Behavior\n\nBe brief.");
  EXPECT_THAT(
      texts(request).back(),
      ::testing::MatchesRegex("<context>\n## Now\nCurrent date: .* UTC[.]\n</context>\n\nhello"));
  EXPECT_EQ(turn(thread, {.system_prompt = "now"}).instructions, "now");
  change(agent.id, [](Agent& one) -> Result<bool> {
    for (PromptBlock& block : one.profile.prompt_blocks) block.enabled = false;
    return true;
  });
  EXPECT_EQ(turn(thread_with(agent)).instructions, "not shown") << "no block is left";
}

TEST_F(AgentsTest, OneTurnMayHaveAnotherPromptAndAgent) {
  const Agent agent = make();
  const Agent other = make({.name = "Other", .instructions = "other", .shared = true});
  const Thread thread = thread_with(agent);
  EXPECT_EQ(turn(thread, {.system_prompt = "now {{a}}", .context = {{"a", 1}}}).instructions,
            "now 1");
  EXPECT_EQ(turn(thread, {.agent_id = other.id, .pin_version = true}).instructions, "other");
  EXPECT_EQ(finished_->run.agent_id, other.id);
  EXPECT_EQ(read(thread).version_id, "") << "another agent's turn pins nothing";
  EXPECT_EQ(turn(thread).instructions, "one");
  const auto unknown = engine_.run(engine_.runs.start(
      bob, {.thread_id = thread.id, .parts = {TextPart{"x"}}, .options = {.agent_id = "none"}},
      engine_.lanes[0]));
  EXPECT_EQ(unknown.error().field, "agent_id");
}

TEST_F(AgentsTest, ARouteChoosesTheModel) {
  NewAgent input{.name = "S", .settings = {.model = "own"}, .shared = true};
  input.profile.model_routes = {{.label = "slow", .model = "big"},
                                {.label = "fast", .model = "small", .is_default = true},
                                {.label = "away", .provider = "nowhere", .model = "x"}};
  const Thread thread = thread_with(make(std::move(input)));
  EXPECT_EQ(turn(thread, {.model_label = "slow"}).model, "big");
  EXPECT_EQ(turn(thread, {}).model, "small");
  EXPECT_EQ(turn(thread, {.model_label = "unknown"}).model, "small");
  const auto away = engine_.run(engine_.runs.start(
      bob, {.thread_id = thread.id, .parts = {TextPart{"x"}}, .options = {.model_label = "away"}},
      engine_.lanes[0]));
  EXPECT_EQ(away.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(away.error().field, "provider");
}

TEST_F(AgentsTest, TheRollingWindowHasTheNewestMessages) {
  NewAgent input{.name = "S", .shared = true};
  input.profile.history = {.mode = HistoryMode::rolling, .context_limit = 2};
  const Thread thread = thread_with(make(std::move(input)));
  turn(thread, {}, "q1", "a1");
  turn(thread, {}, "q2", "a2");
  EXPECT_THAT(texts(turn(thread, {}, "q3", "a3")), ElementsAre("q2", "a2", "q3"));
  EXPECT_THAT(texts(turn(thread, {.context_limit = 1}, "q4", "a4")), ElementsAre("q4"))
      << "a window does not begin with an answer";
}

TEST_F(AgentsTest, TheAgentAsksAHumanWhereThePolicyWouldNot) {
  ASSERT_TRUE(engine_.run(engine_.runs.recover()));  // from then on answers wake runs
  NewAgent input{.name = "S", .shared = true};
  input.profile.tool_permissions = {{"calculator", {.requires_approval = true}}};
  const Agent agent = make(std::move(input));
  const Thread thread = thread_with(agent);
  engine_.model->script({tool_call("c1", "calculator", {{"expression", "1+1"}})});
  const auto run = engine_.start(bob, thread.id, "add");
  ASSERT_TRUE(run);
  while (engine_.run(engine_.store->run(Scope::main(), run->id)).value()->state !=
         RunState::waiting_approval) {
    std::this_thread::yield();
  }
  const auto asked = told<ApprovalRequested>(thread);
  ASSERT_EQ(asked.size(), 1U);
  const auto action = engine_.run(engine_.actions.get(bob, asked.front().approval_id));
  ASSERT_TRUE(action);
  EXPECT_EQ(action->decision.reason_code, agent_requires_approval);
  engine_.model->script({reply({TextPart{"2"}})});
  ASSERT_TRUE(engine_.run(
      engine_.actions.resolve(bob, asked.front().approval_id, HumanAnswer{.approve = true})));
  const auto finished = engine_.wait(bob, *run);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
}

// --- structured output --------------------------------------------------------------------------

const base::Json number_schema = {{"type", "object"},
                                  {"properties", {{"n", {{"type", "integer"}}}}},
                                  {"required", {"n"}},
                                  {"additionalProperties", false}};

TEST_F(AgentsTest, AnAnswerThatFitsItsSchemaIsAValue) {
  const Thread thread = thread_with(make());
  const ModelRequest request =
      turn(thread, {.output_schema = number_schema}, "count", "```json\n{\"n\": 3}\n```");
  EXPECT_THAT(request.instructions, StartsWith("one\n\n"));
  EXPECT_THAT(request.instructions, HasSubstr(base::to_text(number_schema)));
  EXPECT_EQ(finished_->reply->origin->structured_output, (base::Json{{"n", 3}}));
  const auto made = told<StructuredOutputMade>(thread);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made.front().attempts, 1);
  EXPECT_EQ(engine_.events(thread.id).back().body.index(), EventBody(RunFinished{}).index());
}

TEST_F(AgentsTest, AnAnswerThatDoesNotFitIsMendedOnce) {
  const Thread thread = thread_with(make());
  engine_.model->script({text("three"), reply({TextPart{"three"}})});
  engine_.model->script({reply({TextPart{R"({"n": 3})"}})});
  const auto finished = run_turn(thread, {.output_schema = number_schema});
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::succeeded) << finished->run.error;
  EXPECT_EQ(visible_text(finished->reply->parts), R"({"n": 3})") << "the first one is forgotten";
  EXPECT_EQ(finished->run.rounds, 2);
  EXPECT_EQ(finished->run.usage.input_tokens, 20) << "and paid for";
  EXPECT_EQ(told<StructuredOutputMade>(thread).front().attempts, 2);
  EXPECT_EQ(told<OutputRestarted>(thread).size(), 1U);
  const auto second = texts(engine_.model->requests().back());
  ASSERT_EQ(second.size(), 3U);
  EXPECT_EQ(second[1], "three");
  EXPECT_THAT(second[2], StartsWith("That does not fit: "));
}

TEST_F(AgentsTest, AnAnswerThatNeverFitsFailsTheTurn) {
  const Thread thread = thread_with(make());
  engine_.model->script({reply({TextPart{"three"}})});
  engine_.model->script({reply({TextPart{R"({"n": "3"})"}})});
  const auto finished = run_turn(thread, {.output_schema = number_schema});
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->run.state, RunState::failed);
  EXPECT_THAT(finished->run.error, HasSubstr("schema"));
  const auto refused = told<StructuredOutputRefused>(thread);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().attempts, 2);
  ASSERT_EQ(refused.front().violations.size(), 1U);
  EXPECT_THAT(refused.front().violations.front(), HasSubstr("'n'"));
}

// --- replies, edits, forks ----------------------------------------------------------------------

TEST_F(AgentsTest, AReplyStaysBesideTheMainLine) {
  const Thread thread = thread_with(make());
  turn(thread, {}, "q1", "a1");
  const std::string answered = finished_->reply->id;
  turn(thread, {}, "q2", "a2");
  EXPECT_THAT(texts(turn(thread, {.reply_to = answered}, "r1", "s1")),
              ElementsAre("q1", "a1", "r1"));
  EXPECT_EQ(finished_->reply->reply_to, answered);
  EXPECT_THAT(texts(turn(thread, {.reply_to = answered}, "r2", "s2")),
              ElementsAre("q1", "a1", "r1", "s1", "r2"));
  EXPECT_THAT(texts(turn(thread, {}, "q3", "a3")), ElementsAre("q1", "a1", "q2", "a2", "q3"));
  const auto list =
      engine_.run(engine_.threads.message_list(bob, thread.id, {.from = 0, .limit = 3}));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->messages.size(), 3U);
  EXPECT_EQ(list->total, 10U);
  EXPECT_EQ(list->replies.at(answered), 4);
}

TEST_F(AgentsTest, AnEditTakesThePlaceOfATurn) {
  const Thread thread = thread_with(make());
  turn(thread, {}, "q1", "a1");
  turn(thread, {}, "q2", "a2");
  const std::string first = finished_->user_message.id;
  const std::string answer = finished_->reply->id;
  turn(thread, {}, "q3", "a3");
  EXPECT_THAT(texts(turn(thread, {.replaces = first}, "q2 again", "b2")),
              ElementsAre("q1", "a1", "q2 again"));
  EXPECT_EQ(finished_->user_message.edits, first);
  EXPECT_EQ(finished_->user_message.revision, 2);
  const auto list = engine_.run(engine_.threads.message_list(bob, thread.id, {.from = 0}));
  EXPECT_EQ(list->total, 4U);
  EXPECT_TRUE(engine_.run(engine_.threads.message(bob, thread.id, answer))->edited_out);
  EXPECT_THAT(texts(turn(thread, {}, "q4", "a4")), ElementsAre("q1", "a1", "q2 again", "b2", "q4"));
}

TEST_F(AgentsTest, ARetrySaysTheSameAgain) {
  const Thread thread = thread_with(make());
  turn(thread, {}, "q1", "a1");
  const std::string answer = finished_->reply->id;
  EXPECT_THAT(texts(turn(thread, {.replaces = answer}, "", "b1")), ElementsAre("q1"));
  EXPECT_EQ(visible_text(finished_->reply->parts), "b1");
  const Thread other = thread_with(make());
  const auto foreign = engine_.run(engine_.runs.start(
      bob, {.thread_id = other.id, .options = {.replaces = answer}}, engine_.lanes[0]));
  EXPECT_EQ(foreign.error().field, "message_id");
}

TEST_F(AgentsTest, AForkCopiesTheMessagesUpToOne) {
  const Thread thread = thread_with(make());
  turn(thread, {}, "q1", "a1");
  const std::string last = finished_->reply->id;
  turn(thread, {}, "q2", "a2");
  const auto fork = engine_.run(engine_.threads.fork(bob, thread.id, {.message_id = last}));
  ASSERT_TRUE(fork) << fork.error().message;
  EXPECT_EQ(fork->parent_id, thread.id);
  EXPECT_EQ(fork->forked_from_message_id, last);
  EXPECT_EQ(read(*fork).turns, 1);
  EXPECT_EQ(read(*fork).updated_at, fork->updated_at);
  EXPECT_THAT(texts(turn(*fork, {}, "q3", "a3")), ElementsAre("q1", "a1", "q3"));
  EXPECT_THAT(texts(turn(thread, {}, "q4", "a4")), ElementsAre("q1", "a1", "q2", "a2", "q4"));
  EXPECT_EQ(engine_.run(engine_.threads.fork(bob, thread.id, {.message_id = "none"})).error().field,
            "message_id");
}

// --- arranging ----------------------------------------------------------------------------------

TEST_F(AgentsTest, ArrangingTellsWhatOthersHearOf) {
  const Thread thread = thread_with(make());
  const auto archived = engine_.run(engine_.threads.arrange(bob, thread.id, {.archived = true}));
  ASSERT_TRUE(archived);
  EXPECT_TRUE(archived->archived_at);
  EXPECT_GT(archived->updated_at, thread.updated_at);
  const auto again = engine_.run(engine_.threads.arrange(bob, thread.id, {.archived = true}));
  EXPECT_EQ(again->archived_at, archived->archived_at) << "it stays as it was";
  ASSERT_TRUE(engine_.run(engine_.threads.arrange(bob, thread.id, {.archived = false})));
  ASSERT_TRUE(engine_.run(engine_.threads.arrange(bob, thread.id, {.title = " a\nb "})));
  EXPECT_EQ(read(thread).title, "a b");
  std::vector<ThreadChangeKind> kinds;
  for (const ThreadChanged& change : told<ThreadChanged>(thread)) kinds.push_back(change.kind);
  EXPECT_THAT(kinds, ElementsAre(ThreadChangeKind::archived, ThreadChangeKind::unarchived,
                                 ThreadChangeKind::renamed));
  const auto tagged = engine_.run(
      engine_.threads.arrange(bob, thread.id, {.tags = std::vector<std::string>{"x", "y", "x"}}));
  EXPECT_THAT(tagged->tags, ElementsAre("x", "y"));
  EXPECT_EQ(
      engine_.run(engine_.threads.arrange(bob, thread.id, {.tags = std::vector<std::string>{""}}))
          .error()
          .field,
      "tags");
  const Principal eve(Scope::main(), "eve", UserRole::member);
  EXPECT_EQ(engine_.run(engine_.threads.arrange(eve, thread.id, {.pinned = true})).error().kind,
            ErrorKind::not_found);
}

TEST_F(AgentsTest, TitlesAreTidied) {
  EXPECT_EQ(tidy_title(" \r\n "), "");
  EXPECT_EQ(tidy_title("a\r\nb"), "a  b");
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "ü";
  EXPECT_EQ(tidy_title(umlauts).size(), 400U) << "200 characters";
}

}  // namespace
}  // namespace colonnade::tests
