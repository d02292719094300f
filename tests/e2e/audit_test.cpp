// The audit trail of a server that ran a tool: shown, exported, checked and tampered with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../contract/wire_client.hpp"
#include "base/signing_key.hpp"
#include "net/testing.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using tests::Answer;
using Json = nlohmann::json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

// The number, from 1, of the first line with this text; 0 when there is none.
std::size_t line_with(const std::vector<std::string>& lines, std::string_view text) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].contains(text)) return i + 1;
  }
  return 0;
}

// The trail also has what the start of a server is worth noting, so tests count from what is there.
class Audit : public testing::Test {
 protected:
  void SetUp() override {
    server_ = std::make_unique<ServerProcess>(folder_);
    ASSERT_TRUE(server_->ready().is_object());
    token_ = server_->ready()["first_token"].get<std::string>();
    call_a_tool("6*7", "42");
  }

  void call_a_tool(const std::string& expression, const std::string& result) {
    const auto sent =
        run({"send", "/tool calculator {\"expression\":\"" + expression + "\"}"}, folder_);
    ASSERT_EQ(sent.code, 0) << sent.err;
    ASSERT_THAT(sent.out, HasSubstr(result));
  }
  Answer get(const std::string& query, const std::string& token) const {
    return tests::call(server_->port(),
                       {.target = "/api/v1/operator/audit" + query, .token = token});
  }
  std::string database() const { return folder_ / ".local/share/colonnade/colonnade.db"; }

  const Folder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string token_;
};

TEST_F(Audit, AnExportVerifiesAndATamperedOneDoesNot) {
  const auto exported = run({"audit", "export", "--output", "trail.jsonl"}, folder_);
  ASSERT_EQ(exported.code, 0) << exported.err;
  const std::string text = read_file(folder_ / "trail.jsonl");
  const auto lines = lines_of(text);
  ASSERT_GE(lines.size(), 4U);  // decision, start and end of the tool, end of the trail
  const std::string count = std::to_string(lines.size() - 1);
  EXPECT_THAT(exported.out, HasSubstr(": " + count + " records, last hash "));
  const Json end = Json::parse(lines.back());
  EXPECT_EQ(end["count"], lines.size() - 1);
  EXPECT_EQ(run({"audit", "export"}, folder_).out, text);

  const auto whole = run({"audit", "verify", "trail.jsonl"}, folder_);
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out, StartsWith("whole: " + count + " records, last hash " +
                                    end["last_hash"].get<std::string>() + "\n"));
  // The export was signed first: all but the signature itself.
  EXPECT_THAT(whole.out, HasSubstr("\nsigned up to record " + std::to_string(lines.size() - 2) +
                                   " by the key "));
  EXPECT_EQ(run({"audit", "verify", "-"}, folder_, text).code, 0);

  std::string tampered = text;
  tampered.replace(tampered.find("calculator"), 10, "calculatoR");
  folder_.write("tampered.jsonl", tampered);
  const auto fault = run({"audit", "verify", "tampered.jsonl"}, folder_);
  EXPECT_EQ(fault.code, 1);
  const std::size_t at = line_with(lines, "calculator");
  const std::string number = std::to_string(at);
  EXPECT_THAT(fault.err, HasSubstr("tampered.jsonl:" + number + ": record " + number +
                                   ": its hash is not that of its text"));
  const auto json = run({"audit", "verify", "tampered.jsonl", "--json"}, folder_);
  EXPECT_EQ(json.code, 1);
  EXPECT_EQ(Json::parse(json.out)["record"], at);
  EXPECT_EQ(Json::parse(json.out)["whole"], false);

  folder_.write("cut.jsonl", text.substr(0, text.size() - lines.back().size() - 1));
  const auto cut = run({"audit", "verify", "cut.jsonl"}, folder_);
  EXPECT_EQ(cut.code, 1);
  EXPECT_THAT(cut.err, HasSubstr("cut.jsonl:" + std::to_string(lines.size()) + ": "));
}

TEST_F(Audit, ExpectationsAreCompared) {
  const auto lines = lines_of(run({"audit", "export"}, folder_).out);
  ASSERT_GE(lines.size(), 4U);
  const std::string count = std::to_string(lines.size() - 1);
  const std::string last = Json::parse(lines.back())["last_hash"];
  const std::string second = Json::parse(lines[1])["hash"];
  const auto verify = [&](const Arguments& more) {
    Arguments arguments{"audit", "verify"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, folder_);
  };
  EXPECT_EQ(verify({"--expect-last", last, "--expect-count", count}).code, 0);
  EXPECT_EQ(verify({"--expect-last", second}).code, 1);
  EXPECT_EQ(verify({"--expect-count", count + "0"}).code, 1);
  EXPECT_EQ(verify({"--expect-record", count + ":" + second}).code, 1);
  // A record that was noted is still there when the trail has grown.
  call_a_tool("2+3", "5");
  EXPECT_EQ(verify({"--expect-record", "2:" + second}).code, 0);
  EXPECT_EQ(verify({"--expect-last", last}).code, 1);
  for (const Arguments& wrong : std::vector<Arguments>{{"--expect-last", "abc"},
                                                       {"--expect-record", last},
                                                       {"--expect-record", "0:" + last},
                                                       {"--expect-record", "2:abc"},
                                                       {"--expect-count", "-1"}}) {
    const auto ended = verify(wrong);
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr(wrong.front()));
  }
}

TEST_F(Audit, ShowPrintsTheRecords) {
  const auto text = run({"audit", "show"}, folder_);
  ASSERT_EQ(text.code, 0) << text.err;
  const auto lines = lines_of(text.out);
  ASSERT_GE(lines.size(), 3U);
  EXPECT_THAT(lines[lines.size() - 3], HasSubstr("  decision  "));
  EXPECT_THAT(lines[lines.size() - 3], HasSubstr("  calculator call  EXECUTE  "));
  EXPECT_THAT(lines.back(), HasSubstr("  calculator call  succeeded  42  "));

  call_a_tool("2+3", "5");
  const auto records = [this](Arguments arguments) {
    arguments.insert(arguments.begin(), {"audit", "show", "--json"});
    return Json::parse(run(arguments, folder_).out)["records"];
  };
  const Json all = records({});
  ASSERT_EQ(all.size(), lines.size() + 3);
  const Json second = all[lines.size()];
  EXPECT_EQ(second["kind"], "decision");
  const Json about = records({"--subject", second["subject"]});
  ASSERT_EQ(about.size(), 3U);
  EXPECT_EQ(about[0], second);
  const Json newest = records({"--last", "2"});
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[1], all.back());
  EXPECT_EQ(records({"--kind", "decision", "--last", "1"}), Json::array({second}));
  EXPECT_EQ(run({"audit", "show", "--kind", "nosuch"}, folder_).out, "");
}

TEST_F(Audit, TheRoutePages) {
  const Answer all = get("", token_);
  ASSERT_EQ(all.status, 200) << all.body;
  EXPECT_EQ(all.header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(all.header("Cache-Control"), "no-store");
  const auto lines = lines_of(all.body);
  ASSERT_GE(lines.size(), 3U);
  const std::string newest = std::to_string(lines.size());
  EXPECT_EQ(all.header("X-Colonnade-Audit-Newest"), newest);
  EXPECT_EQ(Json::parse(lines[1])["previous_hash"], Json::parse(lines[0])["hash"]);
  EXPECT_EQ(get("?after=1&limit=1", token_).body, lines[1] + "\n");
  const Answer end = get("?after=" + newest, token_);
  EXPECT_EQ(end.body, "");
  EXPECT_EQ(end.header("X-Colonnade-Audit-Newest"), newest);
  for (const char* wrong : {"?limit=0", "?limit=1001", "?limit=x", "?after=-1", "?after="}) {
    const Answer refused = get(wrong, token_);
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_THAT(refused.body, HasSubstr("must be an integer from "));
  }
}

TEST_F(Audit, OnlyTheOperatorMayReadIt) {
  EXPECT_EQ(get("", "").status, 401);
  EXPECT_EQ(get("", "nosuchtoken").status, 401);
  const auto made = run({"token", "create", "--name", "api", "--scope", "main/main/main", "--user",
                         "admin", "--role", "member", "--save", "api.token"},
                        folder_);
  ASSERT_EQ(made.code, 0) << made.err;
  std::string token = read_file(folder_ / "api.token");
  token.pop_back();
  const Answer refused = get("", token);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("only the operator's token"));
  const auto ended = run({"audit", "export", "--token-file", "api.token"}, folder_);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("only the operator's token"));
  EXPECT_EQ(ended.out, "");
}

TEST_F(Audit, WithoutAServerTheStoreIsRead) {
  const std::string live = run({"audit", "export"}, folder_).out;
  ASSERT_EQ(server_->stop().code, 0);
  const auto exported = run({"audit", "export"}, folder_);
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(exported.out, live);
  EXPECT_EQ(run({"audit", "verify"}, folder_).code, 0);

  // Somebody edits the database itself.
  std::string bytes = read_file(database());
  std::size_t changed = 0;
  for (std::size_t at = 0; (at = bytes.find("6*7", at)) != std::string::npos; ++changed) {
    bytes.replace(at, 3, "6*8");
  }
  ASSERT_GT(changed, 0U);
  std::ofstream(database(), std::ios::binary) << bytes;
  const auto verified = run({"audit", "verify"}, folder_);
  EXPECT_EQ(verified.code, 1);
  const std::string number = std::to_string(line_with(lines_of(live), "6*7"));
  EXPECT_THAT(verified.err, HasSubstr("the trail:" + number + ": record " + number +
                                      ": its hash is not that of its text"));
}

TEST_F(Audit, IsSignedWithAKeyOfTheServersOwn) {
  const std::string data = folder_ / ".local/share/colonnade/";
  const auto mode_of = [](const std::string& path) {
    return std::filesystem::status(path).permissions();
  };
  EXPECT_EQ(mode_of(data + "audit.key"), std::filesystem::perms(0600));
  const std::string ours = folder_.write("ours.pub", read_file(data + "audit.pub"));
  const std::string other =
      folder_.write("other.pub", base::SigningKey::make().verifying_key().to_pem());
  const auto verified = run({"audit", "verify", "--public-key", ours, "--json"}, folder_);
  ASSERT_EQ(verified.code, 0) << verified.err;
  const Json report = Json::parse(verified.out);
  EXPECT_EQ(report["signed_up_to"], report["records"].get<int>() - 1);
  const auto forged = run({"audit", "verify", "--public-key", other}, folder_);
  EXPECT_EQ(forged.code, 1);
  EXPECT_THAT(forged.err, HasSubstr("nothing is signed with the key"));
  EXPECT_EQ(run({"audit", "verify", "--public-key", data + "audit.key"}, folder_).code, 2);

  call_a_tool("2+3", "5");
  EXPECT_EQ(server_->stop().code, 0);  // signs what came since
  const auto last = run({"audit", "verify", "--public-key", ours, "--json"}, folder_);
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(Json::parse(last.out)["signed_up_to"], Json::parse(last.out)["records"].get<int>() - 1);
}

TEST_F(Audit, OneRecordCanBeProvenWithoutTheOthers) {
  const auto proven = run({"audit", "prove", "2"}, folder_);
  ASSERT_EQ(proven.code, 0) << proven.err;
  const Json proof = Json::parse(proven.out);
  EXPECT_EQ(proof["record"]["seq"], 2);
  const auto key = base::VerifyingKey::from_hex(proof["public_key"].get<std::string>());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->to_pem(), read_file(folder_ / ".local/share/colonnade/audit.pub"));
  const auto missing = run({"audit", "prove", "no-such-id"}, folder_);
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("there is no audit record no-such-id"));
}

TEST_F(Audit, AnOlderStoreThatIsPutInPlaceIsRecorded) {
  ASSERT_EQ(run({"backup", folder_ / "copy.db"}, folder_).code, 0);
  call_a_tool("2+3", "5");
  ASSERT_EQ(server_->stop().code, 0);
  for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(database() + beside);
  std::filesystem::copy_file(folder_ / "copy.db", database(),
                             std::filesystem::copy_options::overwrite_existing);
  server_ = std::make_unique<ServerProcess>(folder_);
  ASSERT_TRUE(server_->ready().is_object());
  const auto shown = run({"audit", "show", "--kind", "restore", "--json"}, folder_);
  const Json records = Json::parse(shown.out)["records"];
  ASSERT_EQ(records.size(), 1U) << shown.out;
  EXPECT_GT(records[0]["details"]["noted_seq"], records[0]["details"]["newest_seq"]);
  EXPECT_EQ(run({"audit", "verify"}, folder_).code, 0);
  // Another start finds nothing new: the restored trail was signed.
  ASSERT_EQ(server_->stop().code, 0);
  server_ = std::make_unique<ServerProcess>(folder_);
  const auto again = run({"audit", "show", "--kind", "restore", "--json"}, folder_);
  EXPECT_EQ(Json::parse(again.out)["records"].size(), 1U);
}

// Whether or not anything was signed or added since the backup, and however the server ended.
TEST_F(Audit, ARestoreIsRecordedOnce) {
  int copies = 0;
  int restores = 0;
  for (const bool adds : {false, true}) {
    for (const int signal : {SIGTERM, SIGKILL}) {
      SCOPED_TRACE(testing::Message() << "something added: " << adds << ", signal " << signal);
      const std::string copy = folder_ / ("copy" + std::to_string(++copies) + ".db");
      ASSERT_EQ(run({"backup", copy}, folder_).code, 0);
      if (adds) call_a_tool("2+3", "5");
      server_->process().signal(signal);
      server_->process().wait();
      const auto restored = run({"restore", copy}, folder_);
      ASSERT_EQ(restored.code, 0) << restored.err;
      for (int starts = 0; starts < 2; ++starts) {  // the second one finds nothing new
        server_ = std::make_unique<ServerProcess>(folder_);
        ASSERT_TRUE(server_->ready().is_object());
        const auto shown = run({"audit", "show", "--kind", "restore", "--json"}, folder_);
        const Json records = Json::parse(shown.out)["records"];
        ASSERT_EQ(records.size(), static_cast<std::size_t>(restores) + 1) << shown.out;
        if (starts == 0) ASSERT_EQ(server_->stop().code, 0);
      }
      ++restores;
      EXPECT_EQ(run({"audit", "verify"}, folder_).code, 0);
    }
  }
}

TEST_F(Audit, WhatCannotBeReadIsExplained) {
  folder_.write("there.jsonl", "mine");
  const auto there = run({"audit", "export", "--output", "there.jsonl"}, folder_);
  EXPECT_EQ(there.code, 1);
  EXPECT_THAT(there.err, HasSubstr("--output: there.jsonl exists already"));
  EXPECT_EQ(read_file(folder_ / "there.jsonl"), "mine");
  const auto missing = run({"audit", "verify", "nosuch.jsonl"}, folder_);
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("cannot read nosuch.jsonl"));
  const auto empty = run({"audit", "export", "--data-dir", "empty"}, folder_);
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(empty.err, HasSubstr("there is no store in "));
  EXPECT_NE(::access((folder_ / "empty").c_str(), F_OK), 0);
}

// Nothing else asks for it: no export, and no stop.
TEST_F(Audit, IsSignedOnItsScheduleAndAgain) {
  ASSERT_EQ(server_->stop().code, 0);
  server_ = std::make_unique<ServerProcess>(folder_, Arguments{"--audit-sign-seconds", "1"});
  ASSERT_TRUE(server_->ready().is_object());
  for (int round = 0; round < 2; ++round) {
    call_a_tool("2+3", "5");
    EXPECT_TRUE(net::testing::eventually([&] {
      const std::string newest =
          Json::parse(lines_of(get("?limit=1000", token_).body).back())["text"];
      return Json::parse(newest)["kind"] == "signature";
    })) << "round "
        << round;
  }
}

}  // namespace
}  // namespace colonnade::e2e
