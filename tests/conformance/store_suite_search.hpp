// Part of the store suite: full-text search.
#pragma once

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

class StoreSearch : public StoreSuite {
 protected:
  StoreSearch() {
    put_thread("t1");
    put_thread("t2");
    core::Thread foreign = thread_of("t3", 1000, "bob");
    put({core::RenameThread{.id = "t1", .title = "Tulips", .at = {1}}, core::InsertThread{foreign},
         core::InsertMessage{message_of("m1", "t1", "Plant the red tulips in autumn.", 10)},
         core::InsertMessage{message_of("m2", "t1", "What's the C++ name for it? foo-bar!", 20)},
         core::InsertMessage{message_of("m3", "t2", "Tulips, tulips, tulips", 30)},
         core::InsertMessage{message_of("m4", "t3", "bob has tulips too", 40)}});
    core::Message reply = message_of("m5", "t2", "", 50);
    reply.role = core::Role::assistant;
    reply.parts = {core::ToolResultPart{.content = "hidden"}, core::TextPart{"caf\xC3\xA9 found"}};
    put({core::InsertMessage{reply}});
  }
  Ids found(std::string_view query, const Scope& scope = here) {
    const auto hits = stores().threads.search(scope, "ann", query, 20, {});
    EXPECT_TRUE(hits) << query << ": " << hits.error().message;
    Ids ids;
    if (hits) {
      for (const core::SearchHit& hit : *hits) ids.push_back(hit.message_id);
    }
    return ids;
  }
};

TEST_P(StoreSearch, FindsWordsOfTheOwnersLiveThreads) {
  EXPECT_EQ(found("tulips"), (Ids{"m3", "m1"}));
  EXPECT_EQ(found("TULIPS red"), (Ids{"m1"}));
  EXPECT_EQ(found("cafe"), (Ids{"m5"}));
  EXPECT_EQ(found("hidden"), Ids{});
  EXPECT_EQ(found("tulips", elsewhere), Ids{});
  put({core::DeleteThread{.id = "t2", .at = {60}}});
  EXPECT_EQ(found("tulips"), (Ids{"m1"}));
  put({core::RestoreThread{.id = "t2", .at = {61}}});
  EXPECT_EQ(found("tulips"), (Ids{"m3", "m1"}));
}

TEST_P(StoreSearch, HitsSayWhereAndMarkTheMatch) {
  const auto hits = stores().threads.search(here, "ann", "red", 20, {});
  ASSERT_TRUE(hits);
  ASSERT_EQ(hits->size(), 1U);
  EXPECT_EQ((*hits)[0].thread_id, "t1");
  EXPECT_EQ((*hits)[0].thread_title, "Tulips");
  EXPECT_EQ((*hits)[0].role, core::Role::user);
  EXPECT_EQ((*hits)[0].created_at, Time{10});
  EXPECT_EQ((*hits)[0].snippet, "Plant the <mark>red</mark> tulips in autumn.");
  EXPECT_EQ(stores().threads.search(here, "ann", "tulips", 1, {})->size(), 1U);
}

TEST_P(StoreSearch, PlainWordsJustWork) {
  EXPECT_EQ(found("what's the C++"), (Ids{"m2"}));
  EXPECT_EQ(found("foo-bar"), (Ids{"m2"}));
  EXPECT_EQ(found("foo - bar?"), (Ids{"m2"}));
  EXPECT_EQ(found("name:for"), (Ids{"m2"}));
  EXPECT_EQ(found("(red)"), (Ids{"m1"}));
  EXPECT_EQ(found("not"), Ids{});
  EXPECT_EQ(found(""), Ids{});
  EXPECT_EQ(found("?! \xF0\x9F\x8C\xB7"), Ids{});
  EXPECT_EQ(found(std::string_view("red\0tulips", 10)), (Ids{"m1"}));
  EXPECT_EQ(found("\xFF red"), (Ids{"m1"}));
}

TEST_P(StoreSearch, PhrasesPrefixesAndOperators) {
  EXPECT_EQ(found("\"red tulips\""), (Ids{"m1"}));
  EXPECT_EQ(found("\"tulips red\""), Ids{});
  EXPECT_EQ(found("tul*"), (Ids{"m3", "m1"}));
  EXPECT_EQ(found("tulips NOT red"), (Ids{"m3"}));
  EXPECT_EQ(found("red AND autumn"), (Ids{"m1"}));
  EXPECT_EQ(found("autumn OR cafe").size(), 2U);
}

TEST_P(StoreSearch, BadSyntaxNamesTheField) {
  for (const std::string_view query : {"\"open", "AND red", "red OR", "red AND OR blue", "NOT x"}) {
    const auto hits = stores().threads.search(here, "ann", query, 20, {});
    ASSERT_FALSE(hits) << query;
    EXPECT_EQ(hits.error().kind, ErrorKind::invalid) << query;
    EXPECT_EQ(hits.error().field, "q") << query;
  }
}

}  // namespace colonnade::conformance
