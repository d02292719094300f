// The memory tools on a real store, and the use cases behind them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/workers.hpp"
#include "core/events/event_feed.hpp"
#include "core/memory/limits.hpp"
#include "core/memory/memories.hpp"
#include "gate/rule_gate.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"
#include "tools/builtin/clock.hpp"
#include "tools/builtin/limits.hpp"
#include "tools/builtin/memory_tool.hpp"
#include "tools/catalog.hpp"

namespace colonnade::tools {
namespace {

using base::Json;
using core::AgentMemory;

// Two dimensions: about animals, about anything else. Fails when told to.
class FakeEmbedder final : public core::Embedder {
 public:
  std::string_view model() const override { return name; }
  std::size_t batch_max() const override { return 2; }
  base::Task<base::Result<std::vector<std::vector<float>>>> embed(base::Lane*,
                                                                  std::vector<std::string> texts,
                                                                  std::stop_token) override {
    ++calls;
    if (fails) co_return base::fail(base::ErrorKind::timeout, "too slow");
    for (const std::string& text : texts) {
      if (text.find("unspeakable") != std::string::npos) {
        co_return base::fail(base::ErrorKind::invalid, "not this text");
      }
    }
    std::vector<std::vector<float>> out;
    for (const std::string& text : texts) {
      const bool animal = text.find("dog") != std::string::npos ||
                          text.find("pet") != std::string::npos ||
                          text.find("terrier") != std::string::npos;
      out.push_back(animal ? std::vector<float>{1, 0} : std::vector<float>{0, 1});
    }
    co_return out;
  }
  std::string name = "fake";
  bool fails = false;
  int calls = 0;
};

class MemoryTools : public ::testing::Test {
 protected:
  MemoryTools() {
    reopen();
    for (const core::ToolCaller& caller : {ann, cook, elsewhere}) {
      commit(caller.scope,
             core::PutAgent{.agent = {.id = caller.agent_id, .scope = caller.scope, .name = "a"}});
    }
  }
  ~MemoryTools() override { close(); }

  void commit(const core::Scope& scope, core::Change change) {
    core::Unit unit{.scope = scope};
    unit.changes.push_back(std::move(change));
    const auto committed = base::run_on(lanes_[0], feed_->commit(std::move(unit)));
    if (!committed) throw std::runtime_error(committed.error().message);
  }

  void close() {
    if (store_) store_->close();
    catalog_.reset();
    memories_.reset();
    feed_.reset();
    store_.reset();
  }
  void reopen() {
    close();
    auto opened = storage::sqlite::Store::open(folder_.file("data.db"));
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    feed_ = std::make_unique<core::EventFeed>(lanes_, *store_, *store_);
    memories_ = std::make_unique<core::Memories>(*store_, *feed_, clock_, workers_, embedder());
    std::vector<std::unique_ptr<Tool>> tools = memory_key_tools(*memories_);
    for (auto& tool : memory_text_tools(*memories_)) tools.push_back(std::move(tool));
    tools.push_back(std::make_unique<ClockTool>(clock_));
    catalog_ = std::make_unique<Catalog>(std::move(tools));
  }
  virtual core::Embedder* embedder() { return nullptr; }

  core::ToolOutcome run(const std::string& tool, Json arguments, core::ToolCaller caller = ann) {
    const gate::PolicySource policy({.built_in = gate::built_in_policy({tool}, {})});
    gate::RuleGate gate(policy);
    const core::ToolCall call{.id = "c",
                              .run_id = "r1",
                              .thread_id = "t1",
                              .tool = tool,
                              .arguments = std::move(arguments)};
    auto verdict =
        gate.decide(call, {.agent_id = "a", .tool = tool, .operation = "call"}, std::nullopt);
    auto outcome = base::run_on(
        lanes_[0], catalog_->run(lanes_[0], std::move(caller), std::move(*verdict.permit), {}));
    EXPECT_TRUE(outcome) << outcome.error().message;
    clock_.advance(std::chrono::seconds(1));
    return outcome.value_or(core::ToolOutcome{.is_error = true});
  }
  Json told(const std::string& tool, Json arguments, core::ToolCaller caller = ann) {
    const auto outcome = run(tool, std::move(arguments), std::move(caller));
    EXPECT_FALSE(outcome.is_error) << outcome.content;
    auto tree = base::parse_json(outcome.content, "outcome");
    return tree.value_or(Json());
  }
  std::string refused(const std::string& tool, Json arguments, core::ToolCaller caller = ann) {
    const auto outcome = run(tool, std::move(arguments), std::move(caller));
    EXPECT_TRUE(outcome.is_error) << outcome.content;
    return outcome.content;
  }
  std::vector<std::string> recalled(const std::string& query, core::ToolCaller caller = ann) {
    std::vector<std::string> out;
    for (const Json& one :
         told("memory_recall", {{"query", query}}, std::move(caller)).at("memories")) {
      out.push_back(one.at("text"));
    }
    return out;
  }
  std::vector<std::string> offered(AgentMemory memory) {
    std::vector<std::string> out;
    const core::Agent agent{.scope = core::Scope::main(), .memory = memory};
    const std::stop_token never;
    for (const auto& definition : base::run_on(lanes_[0], catalog_->definitions(agent, never))) {
      out.push_back(definition.name);
    }
    return out;
  }
  void keep_once() { base::run_on(lanes_[0], kept()); }
  base::Task<bool> kept() {
    const std::stop_token never;
    co_await memories_->keep_once(&lanes_[0], never);
    co_return true;
  }

  inline static const core::ToolCaller ann{
      .scope = core::Scope::main(), .user_id = "ann", .agent_id = "gardener"};
  inline static const core::ToolCaller bob{
      .scope = core::Scope::main(), .user_id = "bob", .agent_id = "gardener"};
  inline static const core::ToolCaller cook{
      .scope = core::Scope::main(), .user_id = "ann", .agent_id = "cook"};
  inline static const core::ToolCaller elsewhere{
      .scope = core::Scope("other", "main", "main"), .user_id = "ann", .agent_id = "gardener"};

  storage::sqlite::TestFolder folder_;
  base::Lanes lanes_{1};
  base::Workers workers_{1};
  base::ManualClock clock_;
  std::unique_ptr<storage::sqlite::Store> store_;
  std::unique_ptr<core::EventFeed> feed_;
  std::unique_ptr<core::Memories> memories_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(MemoryTools, AreOfferedByTheAgentsMemory) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(offered(AgentMemory::none), Names{"clock"});
  EXPECT_EQ(offered(AgentMemory::persistent),
            (Names{"memory_read", "memory_write", "memory_delete", "memory_list", "clock"}));
  EXPECT_EQ(offered(AgentMemory::semantic),
            (Names{"memory_remember", "memory_recall", "memory_forget", "clock"}));
}

TEST_F(MemoryTools, NeedNobodysLeaveButAreNotSimplyRepeated) {
  EXPECT_TRUE(catalog_->harmless().contains("memory_write"));
  EXPECT_TRUE(catalog_->harmless().contains("memory_forget"));
  EXPECT_TRUE(catalog_->harmful().empty());
  EXPECT_FALSE(catalog_->is_idempotent("memory_write"));
  EXPECT_TRUE(catalog_->is_idempotent("memory_recall"));
}

TEST_F(MemoryTools, KeepValuesUnderKeysOverARestart) {
  EXPECT_EQ(told("memory_write", {{"key", "user/name"}, {"value", "Ann"}}),
            (Json{{"key", "user/name"}, {"replaced", false}}));
  EXPECT_EQ(told("memory_write", {{"key", "user/name"}, {"value", "Anna"}}),
            (Json{{"key", "user/name"}, {"replaced", true}}));
  reopen();
  EXPECT_EQ(run("memory_read", {{"key", "user/name"}}).content, "Anna");
  EXPECT_NE(refused("memory_read", {{"key", "user"}}).find("memory_list"), std::string::npos);
  EXPECT_EQ(told("memory_delete", {{"key", "user/name"}}), (Json{{"deleted", "user/name"}}));
  refused("memory_delete", {{"key", "user/name"}});
  refused("memory_read", {{"key", "user/name"}});
}

TEST_F(MemoryTools, ListKeysInPages) {
  for (std::size_t i = 0; i < limits::memory_keys_shown + 2; ++i) {
    told("memory_write", {{"key", "k" + std::to_string(1000 + i)}, {"value", "v"}});
  }
  told("memory_write", {{"key", "long"}, {"value", std::string(1000, 'x')}});
  const Json first = told("memory_list", Json::object());
  EXPECT_EQ(first.at("items").size(), limits::memory_keys_shown);
  EXPECT_EQ(first.at("items")[0], (Json{{"key", "k1000"}, {"value", "v"}}));
  EXPECT_TRUE(first.at("more").get<bool>());
  const Json rest = told("memory_list", {{"offset", limits::memory_keys_shown}});
  EXPECT_EQ(rest.at("items").size(), 3U);
  EXPECT_FALSE(rest.at("more").get<bool>());
  const Json cut = told("memory_list", {{"prefix", "lo"}});
  ASSERT_EQ(cut.at("items").size(), 1U);
  EXPECT_EQ(cut.at("items")[0].at("value").get<std::string>().size(),
            limits::memory_value_bytes_shown);
  EXPECT_TRUE(cut.at("items")[0].at("cut").get<bool>());
}

TEST_F(MemoryTools, RememberRecallAndForget) {
  const Json first = told("memory_remember", {{"text", "Ann's dog is a terrier called Bella."}});
  EXPECT_FALSE(first.at("known_before").get<bool>());
  told("memory_remember", {{"text", "Ann waters the garden on Mondays."}});
  const Json again = told("memory_remember", {{"text", "ann's dog is a Terrier called Bella"}});
  EXPECT_TRUE(again.at("known_before").get<bool>());
  EXPECT_EQ(again.at("id"), first.at("id"));
  reopen();
  EXPECT_EQ(recalled("What is the dog called?"),
            std::vector<std::string>{"ann's dog is a Terrier called Bella"});
  EXPECT_EQ(recalled("watering the garden").size(), 1U);
  EXPECT_TRUE(recalled("motorcycle").empty());
  EXPECT_EQ(told("memory_forget", {{"id", first.at("id")}}), (Json{{"forgotten", first.at("id")}}));
  EXPECT_TRUE(recalled("dog").empty());
  EXPECT_NE(refused("memory_forget", {{"id", first.at("id")}}).find("memory_recall"),
            std::string::npos);
}

TEST_F(MemoryTools, NothingCrossesUserAgentOrScope) {
  const Json mine = told("memory_remember", {{"text", "Ann's dog is called Bella."}});
  told("memory_write", {{"key", "name"}, {"value", "Ann"}});
  for (const core::ToolCaller& other : {bob, cook, elsewhere}) {
    EXPECT_TRUE(recalled("dog", other).empty());
    refused("memory_read", {{"key", "name"}}, other);
    refused("memory_delete", {{"key", "name"}}, other);
    refused("memory_forget", {{"id", mine.at("id")}}, other);
    EXPECT_TRUE(told("memory_list", Json::object(), other).at("items").empty());
    told("memory_write", {{"key", "name"}, {"value", "other"}}, other);
  }
  EXPECT_EQ(run("memory_read", {{"key", "name"}}).content, "Ann");
  EXPECT_EQ(recalled("dog").size(), 1U);
}

TEST_F(MemoryTools, BadArgumentsSayHowToDoBetter) {
  EXPECT_NE(refused("memory_write", {{"key", "k"}}).find("'value'"), std::string::npos);
  EXPECT_NE(refused("memory_write", {{"key", "a\nb"}, {"value", "v"}}).find("key"),
            std::string::npos);
  EXPECT_NE(refused("memory_remember", {{"text", "  "}}).find("blank"), std::string::npos);
  EXPECT_NE(refused("memory_recall", {{"query", "x"}, {"limit", 0}}).find("'limit'"),
            std::string::npos);
  refused("memory_remember", {{"text", std::string(limits::memory_text_bytes_max + 1, 'x')}});
  // Characters are more than bytes: the schema lets it pass, the use case does not.
  std::string wide;
  while (wide.size() <= limits::memory_text_bytes_max) wide += "\xC3\xA9";
  EXPECT_NE(refused("memory_remember", {{"text", wide}}).find("longer"), std::string::npos);
  EXPECT_NE(refused("memory_recall", {{"query", " "}}).find("blank"), std::string::npos);
}

TEST_F(MemoryTools, ExpiredItemsAreGoneAndSwept) {
  core::NewMemory input{.text = "The dog is at the vet.",
                        .expires_at = clock_.now() + std::chrono::hours(1)};
  auto stored = base::run_on(lanes_[0],
                             memories_->put(&lanes_[0], ann.scope, {"ann", "gardener"}, input, {}));
  ASSERT_TRUE(stored);
  EXPECT_EQ(recalled("dog").size(), 1U);
  clock_.advance(std::chrono::hours(2));
  EXPECT_TRUE(recalled("dog").empty());
  EXPECT_TRUE(*base::run_on(lanes_[0], store_->memories_to_sweep(clock_.now())));
  keep_once();
  EXPECT_FALSE(*base::run_on(lanes_[0], store_->memories_to_sweep(clock_.now())));
}

TEST_F(MemoryTools, AnItemIsChangedInPlace) {
  auto stored = base::run_on(lanes_[0], memories_->put(&lanes_[0], ann.scope, {"ann", "gardener"},
                                                       {.text = "Likes tea"}, {}));
  ASSERT_TRUE(stored);
  core::MemoryItem item = stored->item;
  item.visibility = core::MemoryVisibility::shared;
  item.demoted = true;
  clock_.advance(std::chrono::seconds(5));
  const auto changed = base::run_on(lanes_[0], memories_->change(&lanes_[0], item, {}));
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->id, stored->item.id);
  EXPECT_EQ(changed->visibility, core::MemoryVisibility::shared);
  EXPECT_EQ(changed->created_at, stored->item.created_at);
  EXPECT_GT(changed->updated_at, stored->item.updated_at);
  EXPECT_TRUE(recalled("tea").empty());
  item.id = "none";
  const auto absent = base::run_on(lanes_[0], memories_->change(&lanes_[0], item, {}));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, base::ErrorKind::not_found);
}

// A run of an agent may go on for a moment after the agent was erased.
TEST_F(MemoryTools, AnErasedAgentRemembersNothingMore) {
  told("memory_remember", {{"text", "The dog barks."}});
  commit(ann.scope, core::DeleteAgent{.id = "gardener"});
  commit(ann.scope, core::RemoveMemoriesOfAgent{.agent_id = "gardener"});
  refused("memory_remember", {{"text", "The dog is back."}});
  refused("memory_write", {{"key", "dog"}, {"value", "back"}});
  EXPECT_TRUE(recalled("dog").empty());
  EXPECT_EQ(told("memory_remember", {{"text", "Salt"}}, cook).at("known_before"), false);
}

class MemoryToolsWithVectors : public MemoryTools {
 protected:
  MemoryToolsWithVectors() { reopen(); }  // once more: now embedder() is this class's
  core::Embedder* embedder() override { return &embedder_; }
  FakeEmbedder embedder_;
};

TEST_F(MemoryToolsWithVectors, FindWhatSharesNoWord) {
  told("memory_remember", {{"text", "Bella is a terrier."}});
  told("memory_remember", {{"text", "The garden is watered on Mondays."}});
  ASSERT_FALSE(recalled("Any pet?").empty());
  EXPECT_EQ(recalled("Any pet?").front(), "Bella is a terrier.");
}

TEST_F(MemoryToolsWithVectors, AFailingEmbedderLeavesTheWordsAndIsLetRest) {
  embedder_.fails = true;
  told("memory_remember", {{"text", "Bella is a terrier."}});
  EXPECT_EQ(embedder_.calls, 1);
  EXPECT_EQ(recalled("terrier").size(), 1U);
  EXPECT_TRUE(recalled("pet").empty());
  EXPECT_EQ(embedder_.calls, 1);
  // Later the text is given its vector.
  embedder_.fails = false;
  clock_.advance(limits::embedding_pause);
  keep_once();
  EXPECT_EQ(recalled("pet").size(), 1U);
  EXPECT_TRUE(store_->unplaced_memories("fake", 10, {})->empty());
}

TEST_F(MemoryToolsWithVectors, ATextThatTheEmbedderRefusesHoldsUpNoOther) {
  told("memory_remember", {{"text", "Something unspeakable."}});
  told("memory_remember", {{"text", "The dog barks."}});
  EXPECT_EQ(recalled("pet").front(), "The dog barks.");
  // The same when all are placed anew, two at a time.
  embedder_.name = "better";
  reopen();
  keep_once();
  EXPECT_EQ(recalled("pet").front(), "The dog barks.");
  EXPECT_TRUE(store_->unplaced_memories("better", 10, {})->empty());
  EXPECT_EQ(recalled("unspeakable").size(), 1U);
}

TEST_F(MemoryToolsWithVectors, AnotherModelPlacesEverythingAnew) {
  for (const char* text :
       {"Bella is a terrier.", "Monday is for water.", "The dog barks.", "So."}) {
    told("memory_remember", {{"text", text}});
  }
  embedder_.name = "better";
  reopen();
  EXPECT_TRUE(recalled("pet").empty());
  keep_once();
  EXPECT_EQ(recalled("pet").front(), "The dog barks.");
  EXPECT_TRUE(store_->unplaced_memories("better", 10, {})->empty());
}

}  // namespace
}  // namespace colonnade::tools
