// Packs that are installed, or about to be, or to go.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/packs/pack_manifest.hpp"
#include "core/packs/pack_store.hpp"
#include "tests/conformance/store_backend.hpp"

namespace colonnade::conformance {

class StorePacks : public StoreSuite {
 protected:
  static core::Pack pack_of(std::string name, std::string version = "1.0.0") {
    auto manifest = core::read_pack_manifest(
        {{"name", std::move(name)},
         {"version", std::move(version)},
         {"type", "workflow"},
         {"capabilities", {{"required", {"github.create_issue"}}}},
         {"contents",
          {{"routines", {{{"id", "daily"}, {"path", "routines/daily.yaml"}}}},
           {"skills", {{{"id", "triage"}, {"path", "skills/triage.md"}}}}}}});
    EXPECT_TRUE(manifest) << manifest.error().message;
    core::Pack out{.scope = here, .revision = 1, .installed_at = {100}};
    if (manifest) out.manifest = std::move(*manifest);
    return out;
  }
  template <class One>
  void store(One one) {
    put({core::pack_change(std::move(one))});
  }
  template <class One>
  base::Error kept_out(One one) {
    core::Unit unit{.scope = here};
    unit.changes.emplace_back(core::pack_change(std::move(one)));
    const auto done = commit(std::move(unit));
    EXPECT_FALSE(done);
    return done ? base::Error{.kind = ErrorKind::upstream} : done.error();
  }
  std::vector<core::Pack> packs(const core::Scope& scope = here) {
    auto found = awaited(stores().packs.packs(scope));
    EXPECT_TRUE(found) << found.error().message;
    return std::move(found).value_or(std::vector<core::Pack>{});
  }
};

TEST_P(StorePacks, APackKeepsEveryMember) {
  core::Pack made = pack_of("release-tools");
  made.state = core::PackState::installed;
  made.install_path = "/data/packs/main+main+main/release-tools/1.0.0";
  made.sha256 = std::string(64, 'a');
  made.files = 3;
  made.bytes = 4096;
  made.installed_by = "ann";
  made.source = {{"kind", "path"}, {"path", "/in/release.zip"}};
  made.trust = core::PackTrust::verified;
  made.publisher = "acme";
  made.manifest.items.at(0).sha256 = std::string(64, 'b');
  made.manifest.items.at(1).description = "How issues are sorted";
  made.made = {{.kind = core::PackItemKind::routine,
                .item_id = "daily",
                .id = "release-tools:1.0.0:daily",
                .owner = "ann",
                .created_at = {77}}};
  store(core::PutPack{.pack = made});
  backend_->reopen();
  const auto all = packs();
  ASSERT_EQ(all.size(), 1U);
  const core::Pack& read = all.front();
  EXPECT_EQ(read.scope, here);
  EXPECT_EQ(read.manifest.name, "release-tools");
  EXPECT_EQ(read.manifest.version, "1.0.0");
  EXPECT_EQ(read.manifest.pack_id, "release-tools");
  EXPECT_EQ(read.manifest.tree, made.manifest.tree);
  EXPECT_EQ(read.manifest.capabilities.required, (std::vector<std::string>{"github.create_issue"}));
  ASSERT_EQ(read.manifest.items.size(), 2U);
  EXPECT_EQ(read.manifest.items.at(0).kind, core::PackItemKind::routine);
  EXPECT_EQ(read.manifest.items.at(0).sha256, std::string(64, 'b'));
  EXPECT_EQ(read.manifest.items.at(1).description, "How issues are sorted");
  EXPECT_EQ(read.state, core::PackState::installed);
  EXPECT_EQ(read.revision, 1);
  EXPECT_EQ(read.install_path, made.install_path);
  EXPECT_EQ(read.sha256, made.sha256);
  EXPECT_EQ(read.files, 3U);
  EXPECT_EQ(read.bytes, 4096U);
  EXPECT_EQ(read.installed_at, Time{100});
  EXPECT_EQ(read.installed_by, "ann");
  EXPECT_EQ(read.source, made.source);
  EXPECT_EQ(read.trust, core::PackTrust::verified);
  EXPECT_EQ(read.publisher, "acme");
  ASSERT_EQ(read.made.size(), 1U);
  EXPECT_EQ(read.made.front().id, "release-tools:1.0.0:daily");
  EXPECT_EQ(read.made.front().owner, "ann");
  EXPECT_EQ(read.made.front().created_at, Time{77});
  EXPECT_TRUE(packs(elsewhere).empty()) << "of another scope";
}

TEST_P(StorePacks, OneNameAndVersionIsThereOnce) {
  store(core::PutPack{.pack = pack_of("a")});
  const base::Error again = kept_out(core::PutPack{.pack = pack_of("a")});
  EXPECT_EQ(again.kind, ErrorKind::conflict);
  EXPECT_EQ(again.field, core::pack_revision_field);
  store(core::PutPack{.pack = pack_of("a", "1.1.0")});
  core::Pack later = pack_of("a");
  later.revision = 3;
  EXPECT_EQ(kept_out(core::PutPack{.pack = later}).kind, ErrorKind::conflict);
  later.revision = 2;
  later.state = core::PackState::removing;
  store(core::PutPack{.pack = later});
  ASSERT_EQ(packs().size(), 2U);
  EXPECT_EQ(packs().at(0).state, core::PackState::removing);
  EXPECT_EQ(packs().at(1).manifest.version, "1.1.0");
}

TEST_P(StorePacks, ThereAreNoMoreThanAScopeMayHave) {
  store(core::PutPack{.pack = pack_of("a"), .packs_max = 1});
  EXPECT_EQ(kept_out(core::PutPack{.pack = pack_of("b"), .packs_max = 1}).kind,
            ErrorKind::too_large);
  core::Pack large = pack_of("b");
  large.bytes = 100;
  store(core::RemovePack{.name = "a", .version = "1.0.0"});
  store(core::PutPack{.pack = large, .packs_max = 1});
  EXPECT_EQ(kept_out(core::PutPack{.pack = pack_of("c"), .bytes_max = 99}).kind,
            ErrorKind::too_large);
  store(core::PutPack{.pack = pack_of("c"), .bytes_max = 100});
  EXPECT_EQ(kept_out(core::RemovePack{.name = "a", .version = "1.0.0"}).kind, ErrorKind::not_found);
}

TEST_P(StorePacks, WhatDidNotEndIsFoundInEveryScope) {
  core::Pack done = pack_of("done");
  done.state = core::PackState::installed;
  store(core::PutPack{.pack = done});
  store(core::PutPack{.pack = pack_of("begun")});
  core::Pack other = pack_of("other");
  other.state = core::PackState::removing;
  put_in(elsewhere, {core::pack_change(core::PutPack{.pack = other})});
  const auto found = awaited(stores().packs.unfinished_packs());
  ASSERT_TRUE(found) << found.error().message;
  std::vector<std::string> names;
  for (const core::Pack& one : *found) names.push_back(one.manifest.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("begun", "other"));
}

}  // namespace colonnade::conformance
