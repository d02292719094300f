// POST /memory/import: folders of the server's machine, and records as lists give them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tandem_services_fixture.hpp"

namespace colonnade::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class TandemImport : public TandemServicesTest {
 protected:
  TandemImport() { fs::create_directories(notes("sub")); }
  std::string notes(const std::string& name = {}) const {
    return folder_.file(name.empty() ? "notes" : "notes/" + name);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(notes(name), std::ios::binary) << text;
  }
  Json import_folder(Json more = Json::object()) {
    more["source"] = {{"kind", "path"}, {"path", notes()}};
    const Answer answer = server_.post("/memory/import", more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (const Json& one : get("/memory").at("items")) out.push_back(one.at("content"));
    return out;
  }
};

TEST_F(TandemImport, AFolderIsRemembered) {
  write("a.md", "The roof is slate.");
  write("sub/b.txt", "The door is oak.");
  write("image.png", std::string("\0\1", 2));
  const Json done = import_folder({{"project_id", "house"}, {"source_binding_id", "b-1"}});
  EXPECT_EQ(done.at("ok"), true);
  EXPECT_EQ(done.at("format"), "directory");
  EXPECT_EQ(done.at("tier"), "project");
  EXPECT_EQ(done.at("project_id"), "house");
  EXPECT_EQ(done.at("source_binding_id"), "b-1");
  EXPECT_EQ(done.at("source"), (Json{{"kind", "path"}, {"path", notes()}}));
  EXPECT_EQ(done.at("sync_deletes"), false);
  EXPECT_EQ(done.at("discovered_files"), 3);
  EXPECT_EQ(done.at("files_processed"), 2);
  EXPECT_EQ(done.at("indexed_files"), 2);
  EXPECT_EQ(done.at("skipped_files"), 1);
  EXPECT_EQ(done.at("deleted_files"), 0);
  EXPECT_EQ(done.at("chunks_created"), 2);
  EXPECT_EQ(done.at("errors"), 0);
  EXPECT_EQ(done.at("ids").size(), 2U);
  const Json found = server_.post("/memory/search", {{"query", "what is the roof of?"}}).json();
  ASSERT_GE(found.at("count").get<int>(), 1);
  const Json& first = found.at("results").front();
  EXPECT_EQ(first.at("content"), "The roof is slate.");
  EXPECT_EQ(first.at("tier"), "project");
  EXPECT_EQ(first.at("source_type"), "import");
  EXPECT_EQ(first.at("linkage").at("partition_key"), "local/default/house/project");
  EXPECT_EQ(first.at("visibility"), "private");
  const Json audit = get("/memory/audit").at("entries");
  ASSERT_EQ(audit.size(), 2U) << "the search, and one for the whole import";
  EXPECT_EQ(audit.back().at("action"), "memory_import");
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::memory_imported).size(), 1U);
  EXPECT_EQ(server_.services.told_of(core::NoticeKind::memory_put).size(), 0U) << "one for all";
}

TEST_F(TandemImport, TheSameFolderAgainIsKnownAndMaySync) {
  write("a.md", "The roof is slate.");
  write("b.md", "The door is oak.");
  EXPECT_EQ(import_folder().at("chunks_created"), 2);
  const Json again = import_folder();
  EXPECT_EQ(again.at("chunks_created"), 0);
  EXPECT_EQ(again.at("deduped"), 2);
  EXPECT_EQ(again.at("indexed_files"), 2);
  server_.post("/memory/put", {{"text", "Mine by hand."}});
  fs::remove(notes("b.md"));
  write("a.md", "The roof is copper.");
  EXPECT_EQ(import_folder().at("deleted_files"), 0) << "only where it is asked for";
  const Json synced = import_folder({{"sync_deletes", true}});
  EXPECT_EQ(synced.at("sync_deletes"), true);
  EXPECT_EQ(synced.at("removed"), 2);
  EXPECT_EQ(synced.at("deleted_files"), 1) << "a.md is still there, with another text";
  EXPECT_THAT(texts(), UnorderedElementsAre("The roof is copper.", "Mine by hand."));
}

TEST_F(TandemImport, OneFileAndMarkdownAlone) {
  write("a.md", "The roof is slate.");
  write("b.txt", "The door is oak.");
  EXPECT_EQ(import_folder({{"format", "openclaw"}, {"tier", "global"}}).at("chunks_created"), 1);
  EXPECT_EQ(get("/memory").at("items").at(0).at("tier"), "curated");
  const Json one = server_.post("/memory/import", {{"path", notes("b.txt")}}).json();
  EXPECT_EQ(one.at("discovered_files"), 1);
  EXPECT_EQ(one.at("chunks_created"), 1);
}

TEST_F(TandemImport, SecretsDoNotComeIn) {
  // In pieces, so that nobody takes it for one.
  const std::string secret = std::string("ghp") + "_0123456789abcdefghij0123456789";
  write("a.md", "The key is " + secret + ".");
  write("b.md", std::string("-----BEGIN ") + "PRIVATE KEY-----");
  const Json done = import_folder();
  EXPECT_EQ(done.at("errors"), 1);
  EXPECT_EQ(done.at("redactions"), 1);
  EXPECT_EQ(done.at("chunks_created"), 1);
  EXPECT_THAT(get("/memory").dump(), Not(HasSubstr(secret)));
}

// What a list gave goes in again, into another account.
TEST_F(TandemImport, RecordsOfAListComeBack) {
  server_.post("/memory/put", {{"text", "Use WAL mode."},
                               {"tags", {"db"}},
                               {"source", "chat"},
                               {"kind", "fact"},
                               {"classification", "restricted"},
                               {"metadata", {{"k", 1}}}});
  const std::string demoted = server_.post("/memory/put", {{"text", "Old news."}}).json().at("id");
  server_.post("/memory/demote", {{"id", demoted}});
  const Json items = get("/memory").at("items");
  ASSERT_EQ(items.size(), 2U);
  const std::string bob = server_.new_token("bob");
  const Json body = {{"items", items}};
  const Answer answer = as(bob, "POST", "/memory/import", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("stored"), 1);
  EXPECT_EQ(answer.json().at("left_out"), 1) << "what was demoted";
  EXPECT_EQ(answer.json().at("format"), "records");
  const Json back = as(bob, "GET", "/memory").json().at("items");
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back.at(0).at("content"), "Use WAL mode.");
  EXPECT_EQ(back.at(0).at("tags"), Json::array({"db"}));
  EXPECT_EQ(back.at(0).at("source_type"), "chat");
  EXPECT_EQ(back.at(0).at("kind"), "fact");
  EXPECT_EQ(back.at(0).at("classification"), "restricted");
  EXPECT_EQ(back.at(0).at("metadata"), (Json{{"k", 1}}));
  EXPECT_EQ(back.at(0).at("tier"), "session");
  EXPECT_EQ(as(bob, "POST", "/memory/import", body).json().at("deduped"), 1);
}

TEST_F(TandemImport, WrongBodiesAreNamed) {
  struct Row {
    Json body;
    int status;
    const char* field;
  };
  const Json item = {{"text", "x"}};
  const Row rows[] = {
      {Json::object(), 422, "source"},
      {{{"path", notes()}, {"items", Json::array({item})}}, 422, "source"},
      {{{"source", "x"}}, 422, "source"},
      {{{"source", {{"kind", "url"}, {"path", "/x"}}}}, 422, "source.kind"},
      {{{"source", {{"kind", "path"}}}}, 422, "source.path"},
      {{{"path", "relative"}}, 422, "source.path"},
      {{{"path", notes("absent")}}, 404, ""},
      {{{"path", notes()}, {"format", "zip"}}, 422, "format"},
      {{{"path", notes()}, {"tier", "moon"}}, 422, "tier"},
      {{{"path", notes()}, {"project_id", std::string(200, 'p')}}, 422, "project_id"},
      {{{"items", "x"}}, 422, "items"},
      {{{"items", Json::array({1})}}, 422, "items[0]"},
      {{{"items", Json::array({item, {{"kind", "note"}}})}}, 422, "items[1].text"},
      {{{"items", Json::array({item, {{"text", "y"}, {"tier", "moon"}}})}}, 422, "items[1].tier"},
  };
  for (const Row& row : rows) {
    const Answer answer = server_.post("/memory/import", row.body);
    EXPECT_EQ(answer.status, row.status) << row.body << answer.body;
    EXPECT_EQ(answer.json().value("field", ""), row.field) << row.body << answer.body;
  }
  EXPECT_EQ(get("/memory").at("count"), 0);
  // A capability counts, where there is one.
  const Json may_read = {{"memory", {{"read_tiers", {"session"}}, {"write_tiers", {"session"}}}}};
  const Answer refused =
      server_.post("/memory/import", {{"path", notes()}, {"capability", may_read}});
  EXPECT_EQ(refused.status, 403) << refused.body;
}

}  // namespace
}  // namespace colonnade::tests
