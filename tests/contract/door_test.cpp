// Who is let in, and what a stranger can make the server hold: the same for every dialect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faramesh_server.hpp"

namespace colonnade::tests {
namespace {

using testing::HasSubstr;

struct Place {
  std::string target;
  std::string refusal;  // in the dialect's own words
};

const std::vector<Place>& places() {
  static const std::vector<Place> out = {
      {"/api/v1/threads", R"({"error":"Missing or invalid Authorization header)"},
      {"/api/v1/threads/none/messages", R"({"error":"Missing or invalid Authorization header)"},
      {"/v1/agents", R"({"detail":"Invalid or missing API key"})"},
      {"/v1/conversations/none/messages", R"({"detail":"Invalid or missing API key"})"},
      {"/v1/actions/batch", R"("detail":"Missing or invalid Authorization header")"},
      {"/v1/policy/validate", R"("code":"unauthorized")"},
      {"/api/v1/operator/tokens", R"({"error":"Missing or invalid Authorization header)"},
      {"/api/v1/operator/mcp-servers/files/accept",
       R"({"error":"Missing or invalid Authorization header)"},
      {"/api/mcp", R"({"jsonrpc":"2.0","error":{"code":-32000,)"},
  };
  return out;
}

std::string head_of(const std::string& target, const std::string& more = {}) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         "Content-Length: 12582912\r\n" +
         more + "\r\n";
}

class Door : public testing::Test {
 protected:
  TemporaryFolder folder;
  FarameshServer server{folder};
};

// Nothing of the twelve mebibytes is sent, and the answer is there: nothing was waited for.
TEST_F(Door, AStrangerIsRefusedByTheHeadInTheDialectsOwnWords) {
  for (const Place& place : places()) {
    WireConnection connection(server.port());
    connection.send_text(head_of(place.target));
    const Answer answer = connection.read_answer();
    EXPECT_EQ(answer.status, 401) << place.target;
    EXPECT_THAT(answer.body, HasSubstr(place.refusal)) << place.target;
    EXPECT_EQ(answer.header("Connection"), "close") << place.target;
  }
}

TEST_F(Door, APageOfElsewhereIsRefusedByTheHeadToo) {
  WireConnection connection(server.port());
  connection.send_text(head_of("/api/mcp", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(connection.read_answer().status, 403);
}

TEST_F(Door, WhoeverIsNoOperatorIsRefusedByTheHeadOfTheOperatorsRoutes) {
  const std::string ann = server.token_of("ann");
  const std::string root = server.token_of("root", "operator");
  for (const auto& [target, token] :
       {std::pair{"/api/v1/operator/tokens", ann},
        std::pair{"/api/v1/operator/mcp-servers/files/accept", root}}) {
    WireConnection connection(server.port());
    connection.send_text(head_of(target, "Authorization: Bearer " + token + "\r\n"));
    const Answer answer = connection.read_answer();
    EXPECT_EQ(answer.status, 403) << target;
    EXPECT_THAT(answer.body, HasSubstr("colonnade token path")) << target;
  }
}

TEST_F(Door, AnUnknownPathIsAnsweredByTheHead) {
  WireConnection connection(server.port());
  connection.send_text(head_of("/api/v1/nothing"));
  EXPECT_EQ(connection.read_answer().status, 404);
}

TEST_F(Door, WhoeverIsKnownHearsThatTheBodyIsTooLarge) {
  for (const Place& place : places()) {
    if (place.target == "/v1/actions/batch") continue;  // it takes that much
    WireConnection connection(server.port());
    connection.send_text(head_of(place.target, "Authorization: Bearer " + server.token + "\r\n"));
    EXPECT_EQ(connection.read_answer().status, 413) << place.target;
  }
}

TEST_F(Door, AnUnknownPathHasTheBodyOfTheDialectWhosePrefixItHas) {
  EXPECT_EQ(server.get("/api/v1/nothing").body, R"({"error":"no such path"})");
  EXPECT_EQ(server.get("/api/v1/operator/nothing").body, R"({"error":"no such path"})");
  EXPECT_THAT(server.get("/v1/nothing").body, HasSubstr(R"("code":"not_found")"));
  EXPECT_EQ(server.get("/v1/agents/a/nothing").body, R"({"detail":"Not found"})");
  EXPECT_THAT(server.get("/api/mcp/nothing").body, HasSubstr("jsonrpc"));
}

TEST_F(Door, AnUnknownPathOfNobodysHasANeutralBody) {
  for (const char* path : {"/", "/nothing", "/v2/agents", "/api", "/apiary/v1"}) {
    const Answer answer = server.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, "no such path") << path;
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8") << path;
  }
}

}  // namespace
}  // namespace colonnade::tests
