// Entities and access keys.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

inline core::Entity entity_of(std::string id, Scope scope) {
  return {.id = std::move(id),
          .scope = std::move(scope),
          .sealed_secret = "sealed",
          .created_at = {5},
          .changed_at = {5}};
}

TEST_P(StoreSuite, EntitiesKeepBothSecretsAndAreOnePerScope) {
  const Scope garden = core::project_scope("acme", "garden");
  const Scope shop = core::project_scope("acme", "shop");
  core::Entity made = entity_of("ent-1", garden);
  made.sealed_second = "second";
  put_in(garden, {core::InsertEntity{made}});
  put_in(shop, {core::InsertEntity{entity_of("ent-1", shop)}});
  EXPECT_EQ(refusal(core::InsertEntity{made}, garden), ErrorKind::conflict);
  backend_->reopen();
  const auto all = awaited(stores().entities.entities({}));
  ASSERT_TRUE(all && all->size() == 2U);
  EXPECT_EQ(all->at(0).id, "ent-1");
  EXPECT_EQ(all->at(0).scope, garden);
  EXPECT_EQ(all->at(0).sealed_secret, "sealed");
  EXPECT_EQ(all->at(0).sealed_second, "second");
  EXPECT_EQ(all->at(0).created_at, Time{5});
  EXPECT_EQ(all->at(1).scope, shop);
}

TEST_P(StoreSuite, EntitySecretsAreChangedOnlyByWhoKnowsTheLastChange) {
  const Scope garden = core::project_scope("acme", "garden");
  put_in(garden, {core::InsertEntity{entity_of("ent-1", garden)}});
  const core::ChangeEntitySecrets change{.id = "ent-1",
                                         .unchanged_since = {5},
                                         .sealed_secret = "new",
                                         .sealed_second = "sealed",
                                         .at = {6}};
  EXPECT_EQ(refusal(change, core::project_scope("acme", "shop")), ErrorKind::conflict);
  put_in(garden, {change});
  EXPECT_EQ(refusal(change, garden), ErrorKind::conflict);
  const auto all = awaited(stores().entities.entities({}));
  ASSERT_TRUE(all && all->size() == 1U);
  EXPECT_EQ(all->front().sealed_secret, "new");
  EXPECT_EQ(all->front().sealed_second, "sealed");
  EXPECT_EQ(all->front().created_at, Time{5});
  EXPECT_EQ(all->front().changed_at, Time{6});
}

TEST_P(StoreSuite, EntitiesAreDeletedInTheirScopeOnly) {
  const Scope garden = core::project_scope("acme", "garden");
  put_in(garden, {core::InsertEntity{entity_of("ent-1", garden)}});
  EXPECT_EQ(refusal(core::DeleteEntity{"ent-1"}, core::project_scope("acme", "shop")),
            ErrorKind::not_found);
  put_in(garden, {core::DeleteEntity{"ent-1"}});
  EXPECT_EQ(refusal(core::DeleteEntity{"ent-1"}, garden), ErrorKind::not_found);
  put_in(garden, {core::InsertEntity{entity_of("ent-1", garden)}});  // the name is free again
}

TEST_P(StoreSuite, EntitiesArePagedOverEveryScope) {
  for (const char* project : {"b", "a"}) {
    const Scope scope = core::project_scope("acme", project);
    for (const char* id : {"y", "x"}) put_in(scope, {core::InsertEntity{entity_of(id, scope)}});
  }
  Ids seen;
  core::EveryScopePage page{.limit = 3};
  for (;;) {
    const auto rows = awaited(stores().entities.entities(page));
    ASSERT_TRUE(rows);
    for (const core::Entity& one : *rows) seen.push_back(one.scope.key() + " " + one.id);
    if (rows->size() < page.limit) break;
    page = page.after(rows->back());
  }
  EXPECT_EQ(seen, (Ids{"acme/a/* x", "acme/a/* y", "acme/b/* x", "acme/b/* y"}));
}

TEST_P(StoreSuite, AccessKeysKeepTheirOriginsAndOneHashIsOneKey) {
  core::AccessKey key{.id = "k1",
                      .scope = here,
                      .name = "web",
                      .key_sha256 = "aa",
                      .origins = {"https://b.example", "https://a.example"},
                      .created_at = {7}};
  put({core::InsertAccessKey{key}});
  core::AccessKey same_hash = key;
  same_hash.id = "k2";
  EXPECT_EQ(refusal(core::InsertAccessKey{same_hash}), ErrorKind::conflict);
  put({core::InsertAccessKey{{.id = "k3", .scope = here, .name = "jobs", .key_sha256 = "bb"}}});
  backend_->reopen();
  const auto all = awaited(stores().access_keys.access_keys({}));
  ASSERT_TRUE(all && all->size() == 2U);
  EXPECT_EQ(all->at(0).id, "k1");
  EXPECT_EQ(all->at(0).scope, here);
  EXPECT_EQ(all->at(0).name, "web");
  EXPECT_EQ(all->at(0).key_sha256, "aa");
  EXPECT_EQ(all->at(0).origins, key.origins);
  EXPECT_EQ(all->at(0).created_at, Time{7});
  EXPECT_TRUE(all->at(1).origins.empty());
  EXPECT_EQ(refusal(core::DeleteAccessKey{"k1"}, elsewhere), ErrorKind::not_found);
  put({core::DeleteAccessKey{"k1"}});
  EXPECT_EQ(refusal(core::DeleteAccessKey{"k1"}), ErrorKind::not_found);
}

}  // namespace colonnade::conformance
