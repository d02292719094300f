// Artifacts and attachments.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

class StoreArtifacts : public StoreSuite {
 protected:
  StoreArtifacts() {
    put_thread("t1");
    put_thread("t2");
  }
  static core::Artifact artifact_of(std::string id, std::string key, int revision, std::int64_t at,
                                    std::string thread = "t1") {
    return {.id = std::move(id),
            .scope = here,
            .thread_id = std::move(thread),
            .run_id = "r1",
            .key = std::move(key),
            .revision = revision,
            .kind = core::ArtifactKind::code,
            .title = "a title",
            .language = "python",
            .content = "content of " + std::to_string(at),
            .metadata = {{"tone", "dry"}},
            .created_at = {at}};
  }
  static core::Attachment attachment_of(std::string id, std::int64_t expires_at,
                                        std::int64_t bytes = 10) {
    return {.id = std::move(id),
            .scope = here,
            .owner = "ann",
            .kind = core::AttachmentKind::image,
            .mime = "image/png",
            .name = "a.png",
            .bytes = bytes,
            .created_at = {100},
            .expires_at = {expires_at}};
  }
  core::UseAttachment use_of(std::string id, std::string thread = "t1") {
    return {.id = std::move(id),
            .owner = "ann",
            .thread_id = std::move(thread),
            .at = {150},
            .expires_at = {1000}};
  }
  Ids listed(core::ArtifactPage page, const std::string& thread = "t1") {
    Ids ids;
    const auto found = awaited(stores().artifacts.artifacts(here, thread, std::move(page)));
    EXPECT_TRUE(found) << found.error().message;
    for (const core::Artifact& one : *found) ids.push_back(one.id);
    return ids;
  }
  std::optional<core::Attachment> attachment(const std::string& id) {
    const auto found = awaited(stores().attachments.attachment(here, id));
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  Ids to_remove(std::int64_t now) {
    Ids ids;
    const auto found = awaited(stores().attachments.files_to_remove({now}, {}));
    EXPECT_TRUE(found) << found.error().message;
    for (const core::FilePlace& one : *found) ids.push_back(one.id);
    return ids;
  }
};

TEST_P(StoreArtifacts, ARevisionComesBackWhole) {
  const core::Artifact stored = artifact_of("a1", "k", 1, 10);
  put({core::InsertArtifact{stored}});
  const auto by_id = awaited(stores().artifacts.artifact(here, "a1"));
  const auto by_key = awaited(stores().artifacts.artifact_by_key(here, "t1", "k"));
  for (const auto* found : {&by_id, &by_key}) {
    ASSERT_TRUE(*found && **found);
    const core::Artifact& one = ***found;
    EXPECT_EQ(one.id, "a1");
    EXPECT_EQ(one.scope, here);
    EXPECT_EQ(one.thread_id, "t1");
    EXPECT_EQ(one.run_id, "r1");
    EXPECT_EQ(one.key, "k");
    EXPECT_EQ(one.revision, 1);
    EXPECT_EQ(one.kind, core::ArtifactKind::code);
    EXPECT_EQ(one.title, "a title");
    EXPECT_EQ(one.language, "python");
    EXPECT_EQ(one.content, stored.content);
    EXPECT_EQ(one.metadata, stored.metadata);
    EXPECT_EQ(one.created_at, stored.created_at);
  }
  EXPECT_FALSE(*awaited(stores().artifacts.artifact(elsewhere, "a1")));
  EXPECT_FALSE(*awaited(stores().artifacts.artifact_by_key(elsewhere, "t1", "k")));
  EXPECT_FALSE(*awaited(stores().artifacts.artifact_by_key(here, "t2", "k")));
}

TEST_P(StoreArtifacts, RevisionsFollowEachOther) {
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("a2", "k", 2, 10)}), ErrorKind::conflict);
  put({core::InsertArtifact{artifact_of("a1", "k", 1, 10)}});
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("a2", "k", 1, 20)}), ErrorKind::conflict);
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("a2", "k", 3, 20)}), ErrorKind::conflict);
  core::Artifact other = artifact_of("a2", "k", 2, 20);
  other.kind = core::ArtifactKind::markdown;
  EXPECT_EQ(refusal(core::InsertArtifact{other}), ErrorKind::conflict) << "the kind stays";
  put({core::InsertArtifact{artifact_of("a2", "k", 2, 20)},
       core::InsertArtifact{artifact_of("b1", "k", 1, 30, "t2")}});  // another thread's
  EXPECT_EQ((*awaited(stores().artifacts.artifact_by_key(here, "t1", "k")))->id, "a2");
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("x", "k", 1, 30, "nowhere")}),
            ErrorKind::not_found);
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("x", "n", 1, 30)}, elsewhere),
            ErrorKind::not_found);
}

TEST_P(StoreArtifacts, AListHasTheNewestRevisionOfEachNewestFirst) {
  put({core::InsertArtifact{artifact_of("a1", "a", 1, 10)},
       core::InsertArtifact{artifact_of("b1", "b", 1, 20)},
       core::InsertArtifact{artifact_of("c1", "c", 1, 20)},
       core::InsertArtifact{artifact_of("a2", "a", 2, 30)},
       core::InsertArtifact{artifact_of("d1", "d", 1, 40, "t2")}});
  EXPECT_EQ(listed({.as_of = {100}}), (Ids{"a2", "c1", "b1"}));
  EXPECT_EQ(listed({.as_of = {100}, .limit = 2}), (Ids{"a2", "c1"}));
  EXPECT_EQ(listed({.as_of = {100}, .after = core::ArtifactPage::Mark{{20}, "c1"}}), (Ids{"b1"}));
  EXPECT_EQ(listed({.as_of = {100}}, "t2"), (Ids{"d1"}));
  EXPECT_EQ(listed({.as_of = {100}}, "nowhere"), Ids{});
  // As it was then: what was revised since is listed as it was.
  EXPECT_EQ(listed({.as_of = {25}}), (Ids{"c1", "b1", "a1"}));
}

TEST_P(StoreArtifacts, AThreadHoldsSoManyAndNoMore) {
  const auto first = artifact_of("a1", "a", 1, 10);
  const std::size_t bytes = first.content.size();
  put({core::InsertArtifact{first}});
  const auto second = artifact_of("b1", "b", 1, 20);
  EXPECT_EQ(refusal(core::InsertArtifact{.artifact = second, .revisions_max = 1}),
            ErrorKind::too_large);
  EXPECT_EQ(refusal(core::InsertArtifact{.artifact = second, .bytes_max = 2 * bytes - 1}),
            ErrorKind::too_large);
  put({core::InsertArtifact{.artifact = second, .revisions_max = 2, .bytes_max = 2 * bytes}});
}

TEST_P(StoreArtifacts, GoWithTheirThread) {
  put({core::InsertArtifact{artifact_of("a1", "a", 1, 10)},
       core::InsertArtifact{artifact_of("b1", "b", 1, 10, "t2")}});
  put({core::EraseThread{.id = "t1", .at = {50}}});
  EXPECT_EQ(listed({.as_of = {100}}), Ids{}) << "hidden at once";
  EXPECT_FALSE(*awaited(stores().artifacts.artifact(here, "a1")));
  EXPECT_FALSE(*awaited(stores().artifacts.artifact_by_key(here, "t1", "a")));
  EXPECT_EQ(refusal(core::InsertArtifact{artifact_of("a2", "a", 2, 60)}), ErrorKind::not_found);
  put({core::PurgeThread{"t1"}});
  EXPECT_EQ(listed({.as_of = {100}}, "t2"), (Ids{"b1"}));
}

TEST_P(StoreArtifacts, AnAttachmentComesBackWhole) {
  put({core::InsertAttachment{attachment_of("f1", 200)}});
  const auto found = attachment("f1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->scope, here);
  EXPECT_EQ(found->owner, "ann");
  EXPECT_EQ(found->kind, core::AttachmentKind::image);
  EXPECT_EQ(found->mime, "image/png");
  EXPECT_EQ(found->name, "a.png");
  EXPECT_EQ(found->bytes, 10);
  EXPECT_EQ(found->created_at, Time{100});
  EXPECT_EQ(found->expires_at, Time{200});
  EXPECT_FALSE(*awaited(stores().attachments.attachment(elsewhere, "f1")));
  EXPECT_TRUE(*awaited(stores().attachments.any_attachment("f1")));
  EXPECT_FALSE(*awaited(stores().attachments.any_attachment("f2")));
  EXPECT_EQ(refusal(core::InsertAttachment{attachment_of("f1", 200)}), ErrorKind::conflict);
}

TEST_P(StoreArtifacts, AUserHasSoManyAttachmentsAndNoMore) {
  put({core::InsertAttachment{attachment_of("f1", 200)}});
  const auto second = attachment_of("f2", 200);
  EXPECT_EQ(refusal(core::InsertAttachment{.attachment = second, .rows_max = 1}),
            ErrorKind::too_large);
  EXPECT_EQ(refusal(core::InsertAttachment{.attachment = second, .bytes_max = 19}),
            ErrorKind::too_large);
  core::Attachment bobs = second;
  bobs.owner = "bob";
  put({core::InsertAttachment{.attachment = bobs, .rows_max = 1, .bytes_max = 10}});
}

TEST_P(StoreArtifacts, AMessageKeepsItsAttachments) {
  put({core::InsertAttachment{attachment_of("f1", 200)}});
  put({use_of("f1")});
  EXPECT_EQ(attachment("f1")->expires_at, Time{1000});
  auto shorter = use_of("f1");
  shorter.expires_at = {300};
  put({shorter});
  EXPECT_EQ(attachment("f1")->expires_at, Time{1000}) << "never shortened";
  auto bobs = use_of("f1");
  bobs.owner = "bob";
  EXPECT_EQ(refusal(bobs), ErrorKind::not_found);
  auto late = use_of("f1");
  late.at = {1000};
  EXPECT_EQ(refusal(late), ErrorKind::not_found) << "it has expired";
  EXPECT_EQ(refusal(use_of("f2")), ErrorKind::not_found);
  EXPECT_EQ(refusal(use_of("f1", "nowhere")), ErrorKind::not_found);
  EXPECT_EQ(refusal(use_of("f1"), elsewhere), ErrorKind::not_found);
}

TEST_P(StoreArtifacts, ExpiredAttachmentsAreListedUntilTheyAreRemoved) {
  put({core::InsertAttachment{attachment_of("f1", 200)},
       core::InsertAttachment{attachment_of("f2", 201)}});
  EXPECT_EQ(to_remove(199), Ids{});
  EXPECT_EQ(to_remove(200), (Ids{"f1"}));
  EXPECT_EQ(to_remove(300), (Ids{"f1", "f2"}));
  put({core::RemoveAttachment{.id = "f1"}});
  EXPECT_EQ(to_remove(300), (Ids{"f2"}));
  EXPECT_FALSE(attachment("f1"));
  put({core::RemoveAttachment{.id = "f1"}});  // nothing is left to be done
}

TEST_P(StoreArtifacts, AnAttachmentGoesWithTheLastThreadThatUsesIt) {
  put({core::InsertAttachment{attachment_of("f1", 200)},
       core::InsertAttachment{attachment_of("f2", 200)},
       core::InsertAttachment{attachment_of("f3", 200)}});
  put({use_of("f1"), use_of("f2"), use_of("f2", "t2")});
  put({core::EraseThread{.id = "t1", .at = {150}}, core::PurgeThread{"t1"}});
  EXPECT_EQ(to_remove(151), (Ids{"f1"}));
  EXPECT_EQ(attachment("f2")->expires_at, Time{1000}) << "the other thread has it";
  EXPECT_EQ(attachment("f3")->expires_at, Time{200}) << "no thread had it";
  put({core::EraseThread{.id = "t2", .at = {160}}, core::PurgeThread{"t2"}});
  EXPECT_EQ(to_remove(161), (Ids{"f1", "f2"}));
  put({core::RemoveAttachment{.id = "f1"}, core::RemoveAttachment{.id = "f2"}});
  EXPECT_EQ(to_remove(161), Ids{});
}

}  // namespace colonnade::conformance
