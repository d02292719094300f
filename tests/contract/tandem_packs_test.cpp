// Packs over Tandem's wire (tandem §2.11, §4.10): the contract's examples, and that what a pack
// brings is there after its installation, works, and is gone after its removal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/signing_key.hpp"
#include "core/agents/agent_store.hpp"
#include "core/packs/pack_store.hpp"
#include "core/packs/pack_trust.hpp"
#include "tandem_examples.hpp"
#include "tandem_services_fixture.hpp"
#include "tests/packs/hostile_archives.hpp"
#include "tests/packs/zip_maker.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Files = std::vector<std::pair<std::string, std::string>>;

constexpr const char* routine_yaml =
    "name: Daily digest\n"
    "schedule:\n  type: interval\n  interval_seconds: 3600\n"
    "entrypoint: Summarize today\n"
    "allowed_tools: [read, mcp.github.*]\n"
    "requires_approval: false\n";
constexpr const char* agent_yaml =
    "name: Reviewer\nsystem_prompt: Review what you are shown.\ntools: [read, bash]\n";
constexpr const char* skill_text =
    "---\nname: triage\ndescription: How issues are sorted\n---\nSort them by age.\n";

std::string manifest(const std::string& version = "1.0.0", const std::string& more = "") {
  return "name: release-tools\nversion: " + version +
         "\ntype: workflow\n"
         "contents:\n"
         "  agents:\n    - {id: reviewer, path: agents/reviewer.yaml}\n"
         "  routines:\n    - {id: daily, path: routines/daily.yaml}\n"
         "  skills:\n    - {id: triage, path: skills/triage/SKILL.md}\n"
         "  workflows:\n    - {id: release, path: workflows/release.yaml}\n" +
         more;
}

Files whole_pack(const std::string& version = "1.0.0", const std::string& more = "") {
  return {{"tandempack.yaml", manifest(version, more)},
          {"agents/reviewer.yaml", agent_yaml},
          {"routines/daily.yaml", routine_yaml},
          {"skills/triage/SKILL.md", skill_text},
          {"workflows/release.yaml", "steps: []\n"}};
}

class TandemPackServer : public TandemServicesTest {
 protected:
  Answer upload(const std::string& target, const std::string& bytes) {
    return server_.ask("POST", target, bytes, {{"Content-Type", "application/zip"}});
  }
  Json install(const std::string& bytes) {
    const Answer answer = upload("/packs/install", bytes);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? answer.json().at("installed") : Json::object();
  }
  std::string refusal(const std::string& bytes) {
    const Answer answer = upload("/packs/install", bytes);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.json().at("code"), "PACK_INSTALL_FAILED");
    return answer.json().at("error");
  }
  std::vector<std::string> agent_names() {
    const auto all =
        server_.engine.run(server_.engine.store->stores().agents.agents(core::Scope::main(), {}));
    std::vector<std::string> out;
    for (const core::Agent& one : *all) out.push_back(one.name);
    return out;
  }
  std::vector<std::string> ids(const std::string& target, const char* list) {
    std::vector<std::string> out;
    for (const Json& one : get(target).at(list)) out.push_back(one.at("id"));
    return out;
  }
  std::vector<std::string> files_of_packs() {
    std::vector<std::string> out;
    const std::string folder = folder_.file("colonnade.db.packs");
    if (!fs::exists(folder)) return out;
    for (const auto& one : fs::recursive_directory_iterator(folder)) {
      if (!one.is_directory()) out.push_back(fs::relative(one.path(), folder));
    }
    return out;
  }
  std::string written(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.file(name), std::ios::binary) << bytes;
    return folder_.file(name);
  }
  std::vector<std::string> audited() {
    std::vector<std::string> out;
    const auto page = server_.engine.run(server_.engine.store->stores().audit.audit(0, 1000));
    for (const core::AuditRecord& one : *page) {
      if (one.kind == core::audit_kind::pack) {
        out.push_back(Json::parse(one.text).at("details").at("change"));
      }
    }
    return out;
  }
};

class TandemPackExamples : public TandemPackServer {
 protected:
  void TearDown() override { expect_played(played_); }
  Json replay(const std::string& name) {
    const Json& row = examples_.at(name);
    played_.insert(name);
    const Json request = row.value("request", Json());
    std::string body = request.is_null() ? "" : request.dump();
    const std::string theirs = "/srv/in/my-pack.zip";
    if (const auto at = body.find(theirs); at != std::string::npos) {
      body.replace(at, theirs.size(), folder_.file("my-pack.zip"));
    }
    const Answer answer =
        server_.ask(row.at("method").get<std::string>(), row.at("path").get<std::string>(), body);
    EXPECT_EQ(answer.status, row.at("status")) << name << ": " << answer.body;
    const Json got = answer.json();
    has_members(row.at("response"), got, name);
    return got;
  }

  std::map<std::string, Json> examples_ = tandem_examples();
  std::set<std::string> played_{};
};

TEST_F(TandemPackExamples, OfPacks) {
  written("my-pack.zip",
          zip_of({{"tandempack.yaml", "name: my-pack\nversion: 1.0.0\ntype: workflow\n"}}));
  const Json detected = replay("packs.detect");
  EXPECT_EQ(detected.at("is_pack"), true);
  const auto told = server_.services.told_of(core::NoticeKind::pack_detected);
  ASSERT_EQ(told.size(), 1U);
  played_.insert("event.pack.detected");
  has_members(examples_.at("event.pack.detected").at("event").at("properties"), told.at(0).details,
              "event.pack.detected");
  const Json installed = replay("packs.install");
  EXPECT_EQ(installed.at("installed").at("source"), (Json{{"kind", "local"}}));
  replay("packs.list");
  const Json sheet = replay("packs.inspect").at("pack");
  EXPECT_EQ(sheet.at("trust").at("signature"), "unsigned");
  EXPECT_EQ(sheet.at("permission_sheet").at("risk_level"), "standard");
  replay("packs.export");
  replay("packs.updates");
  EXPECT_EQ(replay("packs.update").at("reason"), "updates_not_implemented");
  replay("packs.uninstall.nothing_named");
  replay("packs.uninstall");
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty());
}

class TandemPacksTest : public TandemPackServer {};

TEST_F(TandemPacksTest, WhatAPackBringsIsThereWorksAndGoesWithIt) {
  const auto agents_before = agent_names();
  const auto skills_before = ids("/skills", "skills");
  const Json pack = install(zip_of(whole_pack()));
  EXPECT_EQ(pack.at("pack_id"), "release-tools");
  EXPECT_EQ(pack.at("source"), (Json{{"kind", "upload"}}));
  EXPECT_TRUE(fs::exists(pack.at("install_path").get<std::string>() + "/tandempack.yaml"));

  EXPECT_THAT(agent_names(), Contains("Reviewer"));
  EXPECT_THAT(ids("/skills", "skills"), Contains("release-tools:triage"));
  const Json skill = get("/skills/release-tools:triage");
  EXPECT_EQ(skill.at("content"), "Sort them by age.\n");
  EXPECT_EQ(skill.at("description"), "How issues are sorted");
  const std::string routine = "release-tools:1.0.0:daily";
  const Json routines = get("/routines").at("routines");
  ASSERT_EQ(routines.size(), 1U);
  EXPECT_EQ(routines.at(0).at("id"), routine);
  EXPECT_EQ(routines.at(0).at("status"), "paused") << "installing enables nothing";
  EXPECT_EQ(routines.at(0).at("creator_type"), "pack");
  EXPECT_EQ(routines.at(0).at("creator_id"), "release-tools@1.0.0");

  const Json sheet = get("/packs/release-tools").at("pack");
  EXPECT_EQ(sheet.at("registered").size(), 2U);
  EXPECT_EQ(sheet.at("permission_sheet").at("routines").at(0).at("allowed_tools"),
            Json::array({"read", "mcp.github.*"}));
  EXPECT_EQ(sheet.at("workflow_extensions").at("workflow_count"), 1);
  EXPECT_EQ(send("POST", "/routines/" + routine + "/run_now", Json::object()).status, 200);

  const Answer removed = send("POST", "/packs/uninstall", {{"name", "release-tools"}});
  EXPECT_EQ(removed.status, 200) << removed.body;
  EXPECT_EQ(removed.json().at("removed").at("version"), "1.0.0");
  EXPECT_EQ(agent_names(), agents_before);
  EXPECT_EQ(ids("/skills", "skills"), skills_before);
  EXPECT_THAT(get("/routines").at("routines"), IsEmpty());
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty());
  EXPECT_THAT(files_of_packs(), IsEmpty());
  EXPECT_EQ(server_.get("/packs/release-tools").status, 404);
  EXPECT_EQ(server_.get("/skills/release-tools:triage").status, 404);
  EXPECT_EQ(send("POST", "/packs/uninstall", {{"name", "release-tools"}}).status, 404);
  EXPECT_THAT(audited(), UnorderedElementsAre("installed", "uninstalled"));
}

TEST_F(TandemPacksTest, WhatItWillTouchIsShownBefore) {
  const Answer answer = upload("/packs/detect", zip_of(whole_pack()));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json sheet = answer.json().at("pack").at("permission_sheet");
  EXPECT_EQ(sheet.at("agents").at(0).at("name"), "Reviewer");
  EXPECT_EQ(sheet.at("agents").at(0).at("tools"), Json::array({"read", "bash"}));
  EXPECT_EQ(sheet.at("routines").at(0).at("routine_id"), "release-tools:1.0.0:daily");
  EXPECT_EQ(sheet.at("skills"), Json::array({"release-tools:triage"}));
  EXPECT_EQ(sheet.at("risk_level"), "elevated");
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty()) << "detecting installs nothing";
  EXPECT_THAT(files_of_packs(), IsEmpty());
  const Answer none = upload("/packs/detect", zip_of({{"deeper/tandempack.yaml", "x"}}));
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.json().at("is_pack"), false) << "only the root counts";
  EXPECT_EQ(upload("/packs/detect", "no zip").status, 400);
}

TEST_F(TandemPacksTest, ManyVersionsAreTakenApart) {
  install(zip_of(whole_pack("1.0.0")));
  install(zip_of(whole_pack("1.1.0")));
  EXPECT_THAT(refusal(zip_of(whole_pack("1.1.0"))), HasSubstr("already"));
  EXPECT_EQ(get("/packs").at("packs").size(), 2U);
  EXPECT_EQ(get("/packs/release-tools").at("pack").at("installed").at("version"), "1.1.0");
  EXPECT_EQ(get("/packs/release-tools@1.0.0").at("pack").at("installed").at("version"), "1.0.0");
  EXPECT_EQ(
      send("POST", "/packs/uninstall", {{"name", "release-tools"}, {"version", "2.0.0"}}).status,
      404);
  const Answer removed = send("POST", "/packs/uninstall", {{"pack_id", "release-tools"}});
  EXPECT_EQ(removed.json().at("removed").at("version"), "1.1.0") << "the one installed last";
  EXPECT_THAT(ids("/routines", "routines"), UnorderedElementsAre("release-tools:1.0.0:daily"));
}

TEST_F(TandemPacksTest, AnInstallationThatFailsLeavesNothing) {
  send("POST", "/routines",
       {{"routine_id", "release-tools:1.0.0:daily"},
        {"name", "mine"},
        {"entrypoint", "e"},
        {"schedule", {{"type", "manual"}}}});
  const auto agents_before = agent_names();
  EXPECT_THAT(refusal(zip_of(whole_pack())), HasSubstr("release-tools:1.0.0:daily"));
  EXPECT_EQ(agent_names(), agents_before);
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty());
  EXPECT_THAT(files_of_packs(), IsEmpty());
  EXPECT_THAT(ids("/routines", "routines"), UnorderedElementsAre("release-tools:1.0.0:daily"))
      << "it was there before, and is no pack's";
}

TEST_F(TandemPacksTest, AnotherRoutineOfThatIdIsNotThePacks) {
  install(zip_of(whole_pack()));
  const std::string id = "release-tools:1.0.0:daily";
  ASSERT_EQ(server_.ask("DELETE", "/routines/" + id).status, 200);
  send("POST", "/routines",
       {{"routine_id", id},
        {"name", "mine"},
        {"entrypoint", "e"},
        {"schedule", {{"type", "manual"}}}});
  EXPECT_EQ(send("POST", "/packs/uninstall", {{"name", "release-tools"}}).status, 200);
  EXPECT_THAT(ids("/routines", "routines"), UnorderedElementsAre(id));
}

TEST_F(TandemPacksTest, WhatWasLeftHalfDoneIsTakenOutAtTheStart) {
  const auto agents_before = agent_names();
  install(zip_of(whole_pack()));
  core::PackStore& store = server_.engine.store->stores().packs;
  // As a process that ended in the middle leaves it.
  auto all = server_.engine.run(store.packs(core::Scope::main()));
  ASSERT_TRUE(all) << all.error().message;
  core::Pack left = all->front();
  left.state = core::PackState::installing;
  ++left.revision;
  core::Unit unit{.scope = core::Scope::main()};
  unit.changes.emplace_back(core::pack_change(core::PutPack{.pack = left}));
  ASSERT_TRUE(server_.engine.run(server_.engine.feed.commit(std::move(unit))));
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty()) << "it is not installed";
  EXPECT_EQ(send("POST", "/packs/uninstall", {{"name", "release-tools"}}).status, 409);
  server_.engine.run(server_.services.packs.packs.recover());
  EXPECT_EQ(agent_names(), agents_before);
  EXPECT_THAT(get("/routines").at("routines"), IsEmpty());
  EXPECT_THAT(files_of_packs(), IsEmpty());
  EXPECT_TRUE(server_.engine.run(store.packs(core::Scope::main()))->empty());
  install(zip_of(whole_pack()));
}

TEST_F(TandemPacksTest, AManifestIsRefusedWithItsFault) {
  const auto of = [&](const std::string& text) {
    return refusal(zip_of({{"tandempack.yaml", text}}));
  };
  EXPECT_THAT(of("- a\n"), HasSubstr("group of keys"));
  EXPECT_THAT(of("name: [\n"), HasSubstr("tandempack.yaml:"));
  EXPECT_THAT(of("version: 1\ntype: skill\n"), HasSubstr("name must have"));
  EXPECT_THAT(of("name: ../a\nversion: 1\ntype: skill\n"), HasSubstr("name must have"));
  EXPECT_THAT(of("name: a\nversion: ..\ntype: skill\n"), HasSubstr("version must have"));
  EXPECT_THAT(of("name: a\nversion: 1\n"), HasSubstr("type must have"));
  EXPECT_THAT(of("name: a\nversion: 1\ntype: skill\n"), HasSubstr("SKILL.md"));
  EXPECT_THAT(of("name: a\nversion: 1\ntype: w\ncontents:\n  routines: {}\n"),
              HasSubstr("must be a list"));
  EXPECT_THAT(of("name: a\nversion: 1\ntype: w\ncontents:\n  agents: [{id: x, path: ../x}]\n"),
              HasSubstr("not in the archive"));
  EXPECT_THAT(of("name: a\nversion: 1\ntype: w\ncapabilities:\n  required: x\n"),
              HasSubstr("capabilities.required"));
  Files wrong = whole_pack();
  wrong.at(2).second = "name: x\nentrypoint: e\nschedule: {type: manual}\nallowed_tools: x\n";
  EXPECT_THAT(refusal(zip_of(wrong)), HasSubstr("routines/daily.yaml"));
  wrong = whole_pack();
  wrong.at(1).second = "name: x\n";
  EXPECT_THAT(refusal(zip_of(wrong)), HasSubstr("system_prompt is missing"));
  EXPECT_THAT(refusal(zip_of({{"readme.txt", "x"}})), HasSubstr("is no pack"));
}

TEST_F(TandemPacksTest, HostileArchivesAreRefusedOverTheWire) {
  for (const HostileArchive& one : hostile_archives()) {
    const Answer answer = upload("/packs/install", one.bytes);
    EXPECT_EQ(answer.status, 400) << one.what << answer.body;
  }
  EXPECT_THAT(get("/packs").at("packs"), IsEmpty());
  EXPECT_THAT(files_of_packs(), IsEmpty());
}

TEST_F(TandemPacksTest, SignaturesSayWhoVouches) {
  const base::SigningKey key = base::SigningKey::make();
  Files files = whole_pack();
  std::vector<core::PackFile> listed;
  for (const auto& [path, text] : files) {
    listed.push_back({.path = path, .sha256 = base::sha256_hex(text)});
  }
  std::ranges::sort(listed, {}, &core::PackFile::path);
  const Json signature = {{"algorithm", "ed25519"},
                          {"public_key", key.verifying_key().hex()},
                          {"signature", key.sign(core::signed_text_of(listed))}};
  files.emplace_back("tandempack.sig", signature.dump());
  const auto trust = [&](const std::string& bytes) {
    const Answer answer = upload("/packs/detect", bytes);
    return answer.status == 200 ? answer.json().at("pack").at("trust").at("signature")
                                : answer.json().at("error");
  };
  EXPECT_EQ(trust(zip_of(files)), "present_unverified") << "nobody here knows the key";
  const auto vouched = core::judge_signature(
      &files.back().second, listed, {{.name = "acme", .key_hex = key.verifying_key().hex()}});
  ASSERT_TRUE(vouched) << vouched.error().message;
  EXPECT_EQ(vouched->trust, core::PackTrust::verified);
  EXPECT_EQ(vouched->publisher, "acme");
  files.at(3).second += "And by name.\n";
  EXPECT_THAT(trust(zip_of(files)).get<std::string>(), HasSubstr("does not fit the files"));
  files.back().second = "signed by hand";
  EXPECT_EQ(trust(zip_of(files)), "present_unverified");
}

TEST_F(TandemPacksTest, AnUpdateThatAsksForMoreNeedsAnAgreement) {
  install(zip_of(whole_pack("1.0.0")));
  const std::string more = "capabilities:\n  required: [github.create_issue]\n";
  const std::string path = written("next.zip", zip_of(whole_pack("1.1.0", more)));
  const Json asked = send("POST", "/packs/release-tools/update", {{"path", path}}).json();
  EXPECT_EQ(asked.at("updated"), false);
  EXPECT_EQ(asked.at("reapproval_required"), true);
  EXPECT_EQ(asked.at("permissions_diff").at("added_required_capabilities"),
            Json::array({"github.create_issue"}));
  EXPECT_EQ(asked.at("permissions_diff").at("routine_scope_changed"), false);
  EXPECT_EQ(send("POST", "/packs/release-tools/update",
                 {{"path", path}, {"target_version", "3.0.0"}, {"approved", true}})
                .status,
            400);
  const Json done =
      send("POST", "/packs/release-tools/update", {{"path", path}, {"approved", true}}).json();
  EXPECT_EQ(done.at("updated"), true);
  EXPECT_EQ(done.at("current_version"), "1.1.0");
  EXPECT_EQ(get("/packs").at("packs").size(), 1U);
  EXPECT_THAT(ids("/routines", "routines"), UnorderedElementsAre("release-tools:1.1.0:daily"));
}

TEST_F(TandemPacksTest, ARetryWithItsKeyInstallsOnce) {
  const std::string bytes = zip_of(whole_pack());
  const net::Headers headers = {{"Content-Type", "application/zip"}, {"Idempotency-Key", "k1"}};
  const Answer first = server_.ask("POST", "/packs/install", bytes, headers);
  const Answer again = server_.ask("POST", "/packs/install", bytes, headers);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(get("/packs").at("packs").size(), 1U);
}

TEST_F(TandemPacksTest, OnlyOperatorsInstallAndOnlyTheMachinesNamePaths) {
  const std::string path = written("a.zip", zip_of(whole_pack()));
  const std::string bob = server_.new_token("bob");
  for (const char* target : {"/packs/install", "/packs/detect"}) {
    EXPECT_EQ(as(bob, "POST", target, {{"path", path}}).status, 403) << target;
  }
  EXPECT_EQ(send("POST", "/packs/install", {{"path", path}}).status, 200);
  EXPECT_EQ(as(bob, "GET", "/packs").json().at("packs").size(), 1U) << "everybody sees them";
  EXPECT_EQ(as(bob, "POST", "/packs/uninstall", {{"name", "release-tools"}}).status, 403);
  EXPECT_EQ(as(bob, "POST", "/packs/export", {{"name", "release-tools"}}).status, 403);
  const Answer twice = send("POST", "/packs/install", {{"path", path}, {"url", "http://x/a.zip"}});
  EXPECT_EQ(twice.status, 400) << "one place alone";
  EXPECT_EQ(send("POST", "/packs/install", Json::object()).status, 400);
  EXPECT_EQ(send("POST", "/packs/install", {{"url", "http://127.0.0.1:9/a.zip"}}).status, 403);
  EXPECT_EQ(send("POST", "/packs/install", {{"attachment_id", "none"}}).status, 400);
}

}  // namespace
}  // namespace colonnade::tests
