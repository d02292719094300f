// Part of the store suite: what agents keep.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

inline const core::MemoryHolder ann_with_gardener = {.owner = "ann", .agent_id = "gardener"};
inline const core::MemoryHolder bob_with_gardener = {.owner = "bob", .agent_id = "gardener"};
inline const core::MemoryHolder ann_with_cook = {.owner = "ann", .agent_id = "cook"};

inline core::MemoryItem memory_of(std::string id, std::string text, std::string key = "",
                                  std::int64_t at = 1000) {
  return {.id = std::move(id),
          .scope = here,
          .holder = ann_with_gardener,
          .key = std::move(key),
          .text = std::move(text),
          .created_at = {at},
          .updated_at = {at}};
}

class StoreMemory : public StoreSuite {
 protected:
  static constexpr Time now{10'000};

  static core::PutMemory put_of(core::MemoryItem item, std::vector<float> vector = {},
                                std::string model = "m") {
    core::PutMemory out{.item = std::move(item), .items_max = 1000};
    if (!vector.empty()) {
      out.vector = core::MemoryVector{.model = std::move(model), .values = std::move(vector)};
    }
    return out;
  }
  void keep(core::MemoryItem item, std::vector<float> vector = {}) {
    put({put_of(std::move(item), std::move(vector))});
  }
  std::optional<core::MemoryItem> get(const std::string& id,
                                      const core::MemoryHolder& holder = ann_with_gardener,
                                      const Scope& scope = here, Time at = now) {
    auto found = awaited(stores().memories.memory(scope, holder, id, at));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::nullopt);
  }
  Ids listed(const core::MemoryFilter& filter, const core::MemoryHolder& holder = ann_with_gardener,
             const Scope& scope = here, Time at = now) {
    const auto found = awaited(stores().memories.memories(scope, holder, filter, at));
    EXPECT_TRUE(found) << found.error().message;
    Ids ids;
    for (const core::MemoryItem& item : found.value_or(std::vector<core::MemoryItem>{})) {
      ids.push_back(item.id);
    }
    return ids;
  }
  std::vector<core::MemoryMatch> matching(const core::MemoryQuery& query,
                                          const core::MemoryHolder& holder = ann_with_gardener,
                                          const Scope& scope = here, Time at = now) {
    auto found = stores().memories.matching_memories(scope, holder, query, at);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<core::MemoryMatch>{});
  }
  // Best first by words.
  Ids by_words(std::vector<std::string> words, const core::MemoryHolder& holder = ann_with_gardener,
               const Scope& scope = here, Time at = now) {
    auto found = matching({.words = std::move(words)}, holder, scope, at);
    std::ranges::sort(found, std::ranges::greater{}, &core::MemoryMatch::lexical);
    return ids_of(found);
  }
  // Nearest first.
  Ids by_vector(std::vector<float> values, std::size_t candidates = 50, std::string model = "m") {
    auto found = matching(
        {.vector = core::MemoryVector{.model = std::move(model), .values = std::move(values)},
         .candidates = candidates});
    std::ranges::sort(found, std::ranges::greater{}, &core::MemoryMatch::similarity);
    return ids_of(found);
  }
  static Ids ids_of(const std::vector<core::MemoryMatch>& matches) {
    Ids ids;
    for (const core::MemoryMatch& match : matches) ids.push_back(match.item.id);
    return ids;
  }
  Ids unplaced(const std::string& model = "m") {
    const auto found = stores().memories.unplaced_memories(model, 100, {});
    EXPECT_TRUE(found) << found.error().message;
    Ids ids;
    for (const auto& one : found.value_or(std::vector<core::UnplacedMemory>{})) {
      ids.push_back(one.id);
    }
    return ids;
  }
};

// Nothing of it is without a vector, so that the whole is looked through.
TEST_P(StoreMemory, TheSearchForUnplacedItemsEndsWhenItIsStopped) {
  std::vector<core::Change> all;
  for (int i = 0; i < 300; ++i) {
    core::MemoryItem item = memory_of("i" + std::to_string(i), "Text " + std::to_string(i));
    all.emplace_back(put_of(std::move(item), {1, 0}));
  }
  put(std::move(all));
  EXPECT_EQ(unplaced(), Ids{});
  std::stop_source nobody_waits;
  nobody_waits.request_stop();
  const auto stopped = stores().memories.unplaced_memories("m", 100, nobody_waits.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::cancelled);
}

TEST_P(StoreMemory, KeepsEveryMemberOverARestart) {
  core::MemoryItem item = memory_of("i1", "Ann's roses are white.");
  item.tier = core::MemoryTier::curated;
  item.kind = "fact";
  item.metadata = {{"tags", {"garden", "roses"}}, {"n", 3}};
  item.classification = core::MemoryClassification::restricted;
  item.visibility = core::MemoryVisibility::shared;
  item.demoted = true;
  item.thread_id = "t1";
  item.run_id = "r1";
  item.updated_at = {2000};
  item.expires_at = Time{90'000};
  keep(item);
  backend_->reopen();
  const auto found = get("i1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->scope, here);
  EXPECT_EQ(found->holder, ann_with_gardener);
  EXPECT_EQ(found->tier, item.tier);
  EXPECT_EQ(found->kind, "fact");
  EXPECT_EQ(found->key, "");
  EXPECT_EQ(found->text, item.text);
  EXPECT_EQ(found->metadata, item.metadata);
  EXPECT_EQ(found->classification, item.classification);
  EXPECT_EQ(found->visibility, item.visibility);
  EXPECT_TRUE(found->demoted);
  EXPECT_EQ(found->thread_id, "t1");
  EXPECT_EQ(found->run_id, "r1");
  EXPECT_EQ(found->created_at, Time{1000});
  EXPECT_EQ(found->updated_at, Time{2000});
  EXPECT_EQ(found->expires_at, Time{90'000});
}

TEST_P(StoreMemory, NothingCrossesScopeOwnerOrAgent) {
  keep(memory_of("i1", "white roses", "", 1000), {1, 0});
  keep(memory_of("i2", "yes", "likes"));
  for (const auto& [scope, holder] :
       {std::pair{elsewhere, ann_with_gardener}, std::pair{here, bob_with_gardener},
        std::pair{here, ann_with_cook}}) {
    EXPECT_FALSE(get("i1", holder, scope));
    EXPECT_FALSE(*awaited(stores().memories.memory_by_key(scope, holder, "likes", now)));
    EXPECT_FALSE(*awaited(stores().memories.memory_by_digest(
        scope, holder, core::memory_digest("white roses"), now)));
    EXPECT_EQ(listed({}, holder, scope), Ids{});
    EXPECT_EQ(by_words({"roses"}, holder, scope), Ids{});
    EXPECT_TRUE(matching({.vector = core::MemoryVector{"m", {1, 0}}}, holder, scope).empty());
    EXPECT_EQ(refusal(core::RemoveMemory{.holder = holder, .id = "i1"}, scope),
              ErrorKind::not_found);
  }
  // The same words of somebody else are theirs.
  core::MemoryItem other = memory_of("i1", "white roses");
  other.holder = bob_with_gardener;
  put({put_of(other)});
  EXPECT_EQ(by_words({"roses"}, bob_with_gardener), Ids{"i1"});
  put({core::RemoveMemory{.holder = bob_with_gardener, .id = "i1"}});
  EXPECT_TRUE(get("i1"));
  EXPECT_EQ(by_words({"roses"}), Ids{"i1"});
}

TEST_P(StoreMemory, OneItemAKey) {
  keep(memory_of("i1", "tea", "drink", 1000));
  core::MemoryItem next = memory_of("i2", "coffee", "drink", 2000);
  next.metadata = {{"why", "told so"}};
  keep(next);
  const auto found =
      awaited(stores().memories.memory_by_key(here, ann_with_gardener, "drink", now));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "i1");
  EXPECT_EQ((*found)->text, "coffee");
  EXPECT_EQ((*found)->metadata, next.metadata);
  EXPECT_EQ((*found)->created_at, Time{1000});
  EXPECT_EQ((*found)->updated_at, Time{2000});
  EXPECT_FALSE(get("i2"));
  // The same text under no key and under another is another item.
  keep(memory_of("i3", "coffee"));
  keep(memory_of("i4", "coffee", "morning drink"));
  EXPECT_EQ(listed({}).size(), 3U);
}

TEST_P(StoreMemory, ATextThatIsKnownIsUpdatedNotDoubled) {
  keep(memory_of("i1", "Likes tea.", "", 1000), {1, 0});
  keep(memory_of("i2", "  likes TEA ", "", 2000), {0, 1});
  EXPECT_EQ(listed({}), Ids{"i1"});
  EXPECT_EQ(get("i1")->text, "  likes TEA ");
  EXPECT_EQ(by_words({"tea"}), Ids{"i1"});
  const auto near = matching({.vector = core::MemoryVector{"m", {0, 1}}});
  ASSERT_EQ(near.size(), 1U);
  EXPECT_NEAR(near[0].similarity, 1, 0.01);
}

TEST_P(StoreMemory, AnItemIsChangedById) {
  keep(memory_of("i1", "red tulips"), {1, 0});
  keep(memory_of("i2", "blue bells"));
  EXPECT_EQ(by_vector({1, 0}), Ids{"i1"});
  core::MemoryItem changed = memory_of("i1", "yellow daisies", "", 3000);
  changed.visibility = core::MemoryVisibility::shared;
  keep(changed);
  EXPECT_EQ(by_words({"tulips"}), Ids{});
  EXPECT_EQ(by_words({"daisies"}), Ids{"i1"});
  EXPECT_EQ(get("i1")->visibility, core::MemoryVisibility::shared);
  // Its vector was one of the text before.
  EXPECT_EQ(by_vector({1, 0}), Ids{});
  changed.text = "blue bells";
  EXPECT_EQ(refusal(put_of(changed)), ErrorKind::conflict);
  EXPECT_EQ(by_words({"daisies"}), Ids{"i1"});
}

TEST_P(StoreMemory, ListsKeysInOrderAndTheRestByAge) {
  keep(memory_of("a", "1", "b", 1000));
  keep(memory_of("b", "2", "a/2", 2000));
  keep(memory_of("c", "3", "a/1", 3000));
  keep(memory_of("d", "4", "a%", 4000));
  core::MemoryItem noted = memory_of("e", "5", "", 2500);
  noted.thread_id = "t1";
  noted.tier = core::MemoryTier::session;
  keep(noted);
  using Shape = core::MemoryFilter::Shape;
  EXPECT_EQ(listed({.shape = Shape::keyed}), (Ids{"d", "c", "b", "a"}));
  EXPECT_EQ(listed({.shape = Shape::keyed, .key_prefix = "a/"}), (Ids{"c", "b"}));
  EXPECT_EQ(listed({.shape = Shape::keyed, .key_prefix = "a%"}), Ids{"d"});
  EXPECT_EQ(listed({.shape = Shape::keyed, .limit = 2, .offset = 1}), (Ids{"c", "b"}));
  EXPECT_EQ(listed({.shape = Shape::free}), Ids{"e"});
  EXPECT_EQ(listed({}), (Ids{"d", "c", "e", "b", "a"}));
  EXPECT_EQ(listed({.limit = 2, .offset = 3}), (Ids{"b", "a"}));
  EXPECT_EQ(listed({.thread_id = "t1"}), Ids{"e"});
  EXPECT_EQ(listed({.tier = core::MemoryTier::session}), Ids{"e"});
  EXPECT_EQ(listed({.run_id = "none"}), Ids{});
}

TEST_P(StoreMemory, FindsByAnyOfTheWords) {
  keep(memory_of("i1", "Ann plants tulips in the garden."));
  keep(memory_of("i2", "The garden has a gate."));
  keep(memory_of("i3", "Caf\xC3\xA9 at nine, \"sharp\""));
  keep(memory_of("i4", "tulips", "flowers"));
  EXPECT_EQ(by_words({"tulip", "garden"}), (Ids{"i1", "i2"}));
  EXPECT_EQ(by_words({"planting"}), Ids{"i1"});
  EXPECT_EQ(by_words({"cafe"}), Ids{"i3"});
  EXPECT_EQ(by_words({"nothing"}), Ids{});
  EXPECT_EQ(by_words({}), Ids{});
  for (const char* word : {"\"", "tulips\" OR \"gate", "place:p1", "NEAR(", "*", "^a"}) {
    by_words({word});  // whatever it finds, it is no syntax
  }
  auto all = matching({.words = {"flowers", "gate"}, .shape = core::MemoryFilter::Shape::any});
  EXPECT_EQ(all.size(), 2U);
  EXPECT_EQ(ids_of(matching({.words = {"tulips"}, .shape = core::MemoryFilter::Shape::keyed})),
            Ids{"i4"});
  EXPECT_EQ(by_words({"p1"}), Ids{});
}

// Whoever has most of the memories must not lose matches to those of others that are better.
TEST_P(StoreMemory, BetterMatchesOfOthersTakeNoRoom) {
  const std::string better = "apple apple apple";
  const std::string worse = "once there was an apple that lay under a very old tree";
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    core::MemoryItem other = memory_of("other" + n, better + " " + n);
    other.holder = bob_with_gardener;
    keep(other);
    keep(memory_of("filler" + n, "nothing of the kind " + n));
  }
  keep(memory_of("first", worse));
  keep(memory_of("second", worse + " and rotted"));
  const auto found = matching({.words = {"apple"}, .candidates = 1});
  Ids ids = ids_of(found);
  std::ranges::sort(ids);
  EXPECT_EQ(ids, (Ids{"first", "second"}));
}

TEST_P(StoreMemory, FindsTheNearestVectors) {
  keep(memory_of("i1", "one"), {1, 0, 0});
  keep(memory_of("i2", "two"), {0.8F, 0.6F, 0});
  keep(memory_of("i3", "three"), {-1, 0, 0});
  keep(memory_of("i4", "four"));
  EXPECT_EQ(by_vector({1, 0, 0}), (Ids{"i1", "i2", "i3"}));
  EXPECT_EQ(by_vector({1, 0, 0}, 1), Ids{"i1"});
  EXPECT_EQ(by_vector({0, 1, 0}, 1), Ids{"i2"});
  // Of another model, or another number of dimensions, there are none.
  EXPECT_EQ(by_vector({1, 0, 0}, 50, "other"), Ids{});
  EXPECT_EQ(by_vector({1, 0}), Ids{});
  // What comes and goes later counts too.
  keep(memory_of("i5", "five"), {0.99F, 0.1F, 0});
  EXPECT_EQ(by_vector({1, 0, 0}, 2), (Ids{"i1", "i5"}));
  put({core::RemoveMemory{.holder = ann_with_gardener, .id = "i1"}});
  EXPECT_EQ(by_vector({1, 0, 0}, 2), (Ids{"i5", "i2"}));
  backend_->reopen();
  EXPECT_EQ(by_vector({1, 0, 0}, 2), (Ids{"i5", "i2"}));
}

TEST_P(StoreMemory, AMatchHasBothScores) {
  keep(memory_of("i1", "red tulips"), {1, 0});
  keep(memory_of("i2", "red roses"), {0.6F, 0.8F});
  auto found = matching(
      {.words = {"tulips"}, .vector = core::MemoryVector{"m", {0.6F, 0.8F}}, .candidates = 1});
  std::ranges::sort(found, {}, [](const core::MemoryMatch& match) { return match.item.id; });
  ASSERT_EQ(ids_of(found), (Ids{"i1", "i2"}));
  EXPECT_GT(found[0].lexical, 0);
  EXPECT_NEAR(found[0].similarity, 0.6, 0.02);
  EXPECT_EQ(found[1].lexical, 0);
  EXPECT_NEAR(found[1].similarity, 1, 0.02);
}

TEST_P(StoreMemory, DemotedAndExpiredItemsAreNotFound) {
  core::MemoryItem demoted = memory_of("i1", "tulips demoted");
  demoted.demoted = true;
  core::MemoryItem expiring = memory_of("i2", "tulips expiring");
  expiring.expires_at = now;
  keep(demoted, {1, 0});
  keep(expiring, {1, 0});
  keep(memory_of("i3", "tulips"), {1, 0});
  EXPECT_EQ(by_words({"tulips"}), Ids{"i3"});
  EXPECT_EQ(by_vector({1, 0}), Ids{"i3"});
  EXPECT_TRUE(get("i1"));
  EXPECT_FALSE(get("i2"));
  EXPECT_EQ(listed({}).size(), 2U);
  const Time before{now.micros - 1};
  EXPECT_TRUE(get("i2", ann_with_gardener, here, before));
  EXPECT_EQ(by_words({"tulips"}, ann_with_gardener, here, before).size(), 2U);
  demoted.demoted = false;
  keep(demoted, {1, 0});
  EXPECT_EQ(by_words({"tulips"}).size(), 2U);
  EXPECT_EQ(by_vector({1, 0}).size(), 2U);
}

TEST_P(StoreMemory, AFullMemoryTakesNothingNew) {
  core::PutMemory one = put_of(memory_of("i1", "one"));
  one.items_max = 2;
  core::PutMemory two = put_of(memory_of("i2", "two"));
  two.items_max = 2;
  core::PutMemory three = put_of(memory_of("i3", "three"));
  three.items_max = 2;
  put({one, two});
  EXPECT_EQ(refusal(three), ErrorKind::too_large);
  one.item.updated_at = {5000};
  put({one});  // replacing needs no room
  put({core::RemoveMemory{.holder = ann_with_gardener, .id = "i2"}});
  put({three});
  EXPECT_EQ(listed({}), (Ids{"i1", "i3"}));
}

TEST_P(StoreMemory, AUnitThatFailsLeavesNoMemory) {
  core::Unit unit{.scope = here};
  unit.changes.emplace_back(put_of(memory_of("i1", "tulips"), {1, 0}));
  unit.changes.emplace_back(core::DeleteThread{.id = "none"});
  EXPECT_FALSE(commit(std::move(unit)));
  EXPECT_FALSE(get("i1"));
  EXPECT_EQ(by_words({"tulips"}), Ids{});
  EXPECT_EQ(by_vector({1, 0}), Ids{});
  keep(memory_of("i2", "tulips"), {1, 0});
  EXPECT_EQ(by_vector({1, 0}), Ids{"i2"});
}

// A change that was under way when the item was removed does not bring it back.
TEST_P(StoreMemory, AChangeOfWhatIsGoneIsRefused) {
  core::PutMemory change = put_of(memory_of("i1", "one"));
  change.item_must_exist = true;
  EXPECT_EQ(refusal(change), ErrorKind::not_found);
  keep(memory_of("i1", "one"));
  change.item.text = "other";
  put({change});
  EXPECT_EQ(get("i1")->text, "other");
  put({core::RemoveMemory{.holder = ann_with_gardener, .id = "i1"}});
  EXPECT_EQ(refusal(change), ErrorKind::not_found);
  EXPECT_FALSE(get("i1"));
}

TEST_P(StoreMemory, WhatAnErasedAgentRemembersIsRefused) {
  core::PutMemory item = put_of(memory_of("i1", "one"));
  item.agent_must_exist = true;
  EXPECT_EQ(refusal(item), ErrorKind::not_found);
  put({core::PutAgent{.agent = {.id = "gardener", .scope = here, .name = "gardener"}}});
  put({item});
  put({core::DeleteAgent{.id = "gardener"}, core::RemoveMemoriesOfAgent{.agent_id = "gardener"}});
  item.item.id = "i2";
  EXPECT_EQ(refusal(item), ErrorKind::not_found);
  EXPECT_FALSE(get("i1"));
}

TEST_P(StoreMemory, AnAgentsMemoryGoesWithIt) {
  core::MemoryItem bob = memory_of("b1", "tulips of bob");
  bob.holder = bob_with_gardener;
  core::MemoryItem cook = memory_of("c1", "tulips with salt");
  cook.holder = ann_with_cook;
  for (int i = 0; i < 5; ++i) {
    keep(memory_of("i" + std::to_string(i), "tulips " + std::to_string(i)), {1, 0});
  }
  keep(bob);
  keep(cook);
  EXPECT_FALSE(*awaited(stores().memories.memories_to_sweep(now)));
  put({core::RemoveMemoriesOfAgent{.agent_id = "gardener"}});
  put({core::RemoveMemoriesOfAgent{.agent_id = "nobody"}});
  EXPECT_EQ(listed({}), Ids{});
  EXPECT_EQ(by_words({"tulips"}), Ids{});
  EXPECT_EQ(by_words({"tulips"}, bob_with_gardener), Ids{});
  EXPECT_EQ(by_words({"tulips"}, ann_with_cook), Ids{"c1"});
  // A new agent of that name begins with nothing.
  keep(memory_of("n1", "new tulips"), {1, 0});
  int sweeps = 0;
  while (*awaited(stores().memories.memories_to_sweep(now)) && sweeps < 10) {
    put({core::SweepMemories{.now = now, .limit = 2}});
    ++sweeps;
  }
  EXPECT_EQ(sweeps, 3);
  EXPECT_EQ(listed({}), Ids{"n1"});
  EXPECT_EQ(by_vector({1, 0}), Ids{"n1"});
  EXPECT_EQ(by_words({"salt"}, ann_with_cook), Ids{"c1"});
}

TEST_P(StoreMemory, SweepsWhatHasExpired) {
  core::MemoryItem expiring = memory_of("i1", "tulips");
  expiring.expires_at = Time{5000};
  keep(expiring, {1, 0});
  keep(memory_of("i2", "roses"));
  EXPECT_FALSE(*awaited(stores().memories.memories_to_sweep({4999})));
  EXPECT_TRUE(*awaited(stores().memories.memories_to_sweep({5000})));
  put({core::SweepMemories{.now = {5000}, .limit = 100}});
  EXPECT_FALSE(*awaited(stores().memories.memories_to_sweep({5000})));
  EXPECT_FALSE(get("i1", ann_with_gardener, here, {1}));
  EXPECT_TRUE(get("i2"));
}

TEST_P(StoreMemory, KnowsWhatLacksAVectorOfAModel) {
  keep(memory_of("i1", "one"));
  keep(memory_of("i2", "two"), {1, 0});
  keep(memory_of("i3", "three", "key"));
  EXPECT_EQ(unplaced("m"), Ids{"i1"});
  EXPECT_EQ(unplaced("other"), (Ids{"i1", "i2"}));
  const core::MemoryVector vector{.model = "m", .values = {0, 1}};
  put({core::PlaceMemory{
           .holder = ann_with_gardener, .id = "i1", .updated_at = {1}, .vector = vector},
       core::PlaceMemory{
           .holder = ann_with_gardener, .id = "gone", .updated_at = {1000}, .vector = vector}});
  EXPECT_EQ(unplaced("m"), Ids{"i1"});
  put({core::PlaceMemory{
      .holder = ann_with_gardener, .id = "i1", .updated_at = {1000}, .vector = vector}});
  EXPECT_EQ(unplaced("m"), Ids{});
  EXPECT_EQ(by_vector({0, 1}, 1), Ids{"i1"});
  // A model that has nothing to say about a text was asked about it nevertheless.
  put({core::PlaceMemory{
      .holder = ann_with_gardener, .id = "i1", .updated_at = {1000}, .vector = {"m", {}}}});
  EXPECT_EQ(unplaced("m"), Ids{});
  EXPECT_EQ(by_vector({0, 1}), Ids{"i2"});
}

}  // namespace colonnade::conformance
