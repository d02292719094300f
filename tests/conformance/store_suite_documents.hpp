// Documents.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

inline core::PutDocument document_put(std::string owner, std::string key, std::string text,
                                      std::int64_t at = 5) {
  return {.document = {.scope = here,
                       .collection = "shelf",
                       .owner = std::move(owner),
                       .key = std::move(key),
                       .text = std::move(text),
                       .changed_by = "ann",
                       .created_at = {at},
                       .changed_at = {at}},
          .documents_max = 3};
}

TEST_P(StoreSuite, DocumentsKeepTheirTextAndCountTheirChanges) {
  put({document_put("ann", "a/b", "one", 5)});
  put({document_put("ann", "a/b", "two", 6)});
  put({document_put("", "a/b", "everybody's")});
  backend_->reopen();
  const auto found = awaited(stores().documents.document({here, "shelf", "ann"}, "a/b"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->text, "two");
  EXPECT_EQ((*found)->revision, 2);
  EXPECT_EQ((*found)->changed_by, "ann");
  EXPECT_EQ((*found)->created_at, Time{5});
  EXPECT_EQ((*found)->changed_at, Time{6});
  for (const core::DocumentPlace& other :
       {core::DocumentPlace(elsewhere, "shelf", "ann"), core::DocumentPlace(here, "box", "ann"),
        core::DocumentPlace(here, "shelf", "bob")}) {
    EXPECT_EQ(*awaited(stores().documents.document(other, "a/b")), std::nullopt);
  }
  const auto all = awaited(stores().documents.documents_of_every_scope("shelf", 10));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().text, "everybody's");
  EXPECT_EQ(all->front().scope, here);
}

TEST_P(StoreSuite, DocumentsAreChangedOnlyAtTheRevisionThatIsMeant) {
  const auto at = [](std::int64_t revision) {
    core::PutDocument out = document_put("ann", "k", "text");
    out.revision_before = revision;
    return out;
  };
  const auto without = [](std::optional<std::int64_t> revision) {
    return core::RemoveDocument{
        .collection = "shelf", .owner = "ann", .key = "k", .revision_before = revision};
  };
  EXPECT_EQ(refusal(at(1)), ErrorKind::conflict) << "there is none";
  put({at(0)});
  EXPECT_EQ(refusal(at(0)), ErrorKind::conflict) << "there is one";
  put({at(1)});
  EXPECT_EQ(refusal(without(1)), ErrorKind::conflict);
  EXPECT_EQ(refusal(without(2), elsewhere), ErrorKind::not_found);
  put({without(2)});
  EXPECT_EQ(refusal(without(std::nullopt)), ErrorKind::not_found);
}

TEST_P(StoreSuite, DocumentsAreBoundedPerPlace) {
  for (const char* key : {"1", "2", "3"}) put({document_put("ann", key, "text")});
  EXPECT_EQ(refusal(document_put("ann", "4", "text")), ErrorKind::too_large);
  put({document_put("ann", "3", "changed"), document_put("bob", "4", "another's")});
  core::PutDocument newest = document_put("ann", "4", "text");
  newest.first_make_room = true;
  put({newest});
  const auto left = awaited(stores().documents.documents({here, "shelf", "ann"}, {}));
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 3U);
  EXPECT_EQ(left->front().key, "2");
  EXPECT_EQ(left->back().key, "4");
}

TEST_P(StoreSuite, DocumentsAreListedByKeyInPagesAndByPrefix) {
  for (const char* key : {"a/1", "a/2", "a_3", "b"}) {
    core::PutDocument one = document_put("ann", key, "text");
    one.documents_max = 10;
    put({one});
  }
  const auto keys = [&](core::DocumentPage page) {
    Ids out;
    const auto rows = awaited(stores().documents.documents({here, "shelf", "ann"}, page));
    for (const core::Document& one : *rows) out.push_back(one.key);
    return out;
  };
  EXPECT_EQ(keys({}), (Ids{"a/1", "a/2", "a_3", "b"}));
  EXPECT_EQ(keys({.prefix = "a/"}), (Ids{"a/1", "a/2"}));
  EXPECT_EQ(keys({.after = "a/1", .limit = 2}), (Ids{"a/2", "a_3"}));
  EXPECT_EQ(keys({.backwards = true, .limit = 2}), (Ids{"b", "a_3"}));
  EXPECT_EQ(keys({.after = "a_3", .backwards = true}), (Ids{"a/2", "a/1"}));
}

}  // namespace colonnade::conformance
