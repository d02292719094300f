#include "dialects/operator/wire.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/governance/audit_lines.hpp"
#include "dialects/operator/errors.hpp"
#include "dialects/operator/limits.hpp"

namespace colonnade::dialects::operators {
namespace {

net::Request with_query(std::string query) {
  net::Request out;
  out.query = std::move(query);
  return out;
}

core::Credential credential() {
  return {.id = "c1",
          .scope = core::Scope("acme", "shop", "live"),
          .kind = core::CredentialKind::api_token,
          .user_id = "ann",
          .role = core::UserRole::member,
          .name = "laptop"};
}

TEST(OperatorWire, ReadsANewToken) {
  const auto token = decode_new_token(
      R"({"name":"laptop","scope":"acme/shop/live","user":"ann","role":"member"})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->name, "laptop");
  EXPECT_EQ(token->scope, "acme/shop/live");
  EXPECT_EQ(token->user, "ann");
  EXPECT_EQ(token->role, "member");
}

TEST(OperatorWire, RefusesATokenThatLacksAString) {
  for (const char* body : {"", "[]", R"({"name":"a","scope":"b","user":"c"})",
                           R"({"name":1,"scope":"acme/shop/live","user":"ann","role":"member"})"}) {
    const auto token = decode_new_token(body);
    ASSERT_FALSE(token) << body;
    EXPECT_EQ(token.error().kind, base::ErrorKind::invalid) << body;
  }
}

TEST(OperatorWire, ATokenIsShownOnlyWhenItIsNew) {
  constexpr const char* row =
      R"("id":"c1","name":"laptop","user":"ann","scope":"acme/shop/live","role":"member",)"
      R"("kind":"api_token","created_at":"1970-01-01T00:00:00)";
  const std::string made = encode_token({.credential = credential(), .token = "secret"});
  EXPECT_TRUE(made.starts_with("{" + std::string(row))) << made;
  EXPECT_TRUE(made.ends_with(R"(,"token":"secret"})")) << made;
  const core::Credential rows[] = {credential()};
  const std::string listed = encode_tokens(rows);
  EXPECT_TRUE(listed.starts_with(R"({"tokens":[{)" + std::string(row))) << listed;
  EXPECT_EQ(base::Json::parse(listed)["tokens"][0].contains("token"), false) << listed;
}

TEST(OperatorWire, AnAuditQueryHasDefaultsAndBounds) {
  const auto all = decode_audit_query(with_query(""));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->after, 0);
  EXPECT_EQ(all->records_max, limits::audit_page_records_max);
  EXPECT_EQ(all->bytes_max, limits::audit_page_bytes_max);
  const auto some = decode_audit_query(with_query("after=7&limit=3"));
  ASSERT_TRUE(some);
  EXPECT_EQ(some->after, 7);
  EXPECT_EQ(some->records_max, 3U);
  EXPECT_FALSE(some->sign_first);
  EXPECT_TRUE(decode_audit_query(with_query("after=0&sign=1"))->sign_first);
  for (const auto& [query, field] : {std::pair{"after=-1", "after"},
                                     {"after=x", "after"},
                                     {"limit=0", "limit"},
                                     {"limit=1001", "limit"},
                                     {"limit=", "limit"},
                                     {"sign=2", "sign"}}) {
    const auto refused = decode_audit_query(with_query(query));
    ASSERT_FALSE(refused) << query;
    EXPECT_EQ(refused.error().field, field) << query;
  }
}

TEST(OperatorWire, AuditRecordsAreLines) {
  const core::AuditRecord records[] = {
      {.seq = 1, .scope = core::Scope::main(), .text = "one", .hash = "h1"},
      {.seq = 2, .scope = core::Scope::main(), .text = "two", .previous_hash = "h1"}};
  EXPECT_EQ(encode_audit(records),
            core::audit_line(records[0]) + "\n" + core::audit_line(records[1]) + "\n");
  EXPECT_EQ(encode_audit({}), "");
}

TEST(OperatorWire, SaysHowMcpServersAre) {
  const core::ToolServerConnection rows[] = {{.id = "s1",
                                              .name = "files",
                                              .state = core::ToolServerState::held_back,
                                              .reason = "its tools changed",
                                              .failures = 2,
                                              .revision = "2025-06-18",
                                              .server_name = "fs",
                                              .server_version = "1.0",
                                              .tools = {"files__read"},
                                              .refused = {"x: no schema"},
                                              .held_back_set = "abc",
                                              .authorization_url = "https://as.example/"}};
  EXPECT_EQ(encode_mcp_servers(rows),
            R"({"servers":[{"authorization_url":"https://as.example/","failures":2,)"
            R"("held_back_set":"abc","id":"s1","name":"files","reason":"its tools changed",)"
            R"("refused":["x: no schema"],"revision":"2025-06-18","server":"fs",)"
            R"("server_version":"1.0","state":"held_back","tools":["files__read"]}]})");
}

TEST(OperatorWire, ReadsTheSetThatIsAccepted) {
  EXPECT_EQ(decode_accepted_set(R"({"set":"abc"})"), "abc");
  for (const char* body : {"", "[]", "{}", R"({"set":1})"}) {
    EXPECT_FALSE(decode_accepted_set(body)) << body;
  }
}

TEST(OperatorErrors, AreAStatusAndAText) {
  const net::Response refused =
      error_response({.kind = base::ErrorKind::unauthorized, .message = "no token"});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, R"({"error":"no token"})");
  ASSERT_EQ(refused.headers.size(), 1U);
  EXPECT_EQ(refused.headers[0].name, "WWW-Authenticate");
  const net::Response unnamed = error_response({.kind = base::ErrorKind::conflict});
  EXPECT_EQ(unnamed.status, 409);
  EXPECT_EQ(unnamed.body, R"({"error":"conflict"})");
}

}  // namespace
}  // namespace colonnade::dialects::operators
