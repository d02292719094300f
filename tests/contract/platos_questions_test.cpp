// A question of a Platos turn is answered over MCP: one question, whichever client shows it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "mcp_client.hpp"
#include "platos_socket.hpp"
#include "platos_tenants.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

class PlatosQuestions : public PlatosTenants {
 protected:
  // Ann's socket, whose turn asks whether it may run a command.
  PlatosSocket asking(const std::string& thread_id) {
    PlatosSocket out(server_.port(), ann_.headers);
    out.emit("message",
             {{"threadId", thread_id}, {"message", R"(/tool shell {"command":"echo zebra"})"}});
    return out;
  }
  // The open question, as MCP lists it for that token.
  Json listed(McpClient& client) {
    const Json page = client.use("list_approvals");
    EXPECT_EQ(page.at("approvals").size(), 1U) << page;
    return page.at("approvals").empty() ? Json::object() : page.at("approvals")[0];
  }
  // What the last answer of the thread says.
  std::string last_said(const std::string& thread_id) {
    const std::string target = std::string(threads_path) + "/" + thread_id + "/messages";
    return ask(ann_, "GET", target).json().at("messages").back().at("content");
  }

  const std::string thread_ = made(ann_, threads_path, {{"agentId", "default"}}).at("id");
};

TEST_F(PlatosQuestions, OneIsApprovedOverMcpAndTheTurnGoesOn) {
  PlatosSocket socket = asking(thread_);
  const Json question = socket.until("approval_needed").back();
  McpClient client(server_.port(), root_.bearer);
  const Json seen = listed(client);
  EXPECT_EQ(seen.at("approval_id"), question.at("approvalId"));
  EXPECT_EQ(seen.at("tool"), "shell");
  EXPECT_EQ(seen.at("arguments"), (Json{{"command", "echo zebra"}}));
  client.use("approve", {{"approval_id", seen.at("approval_id")}, {"reason", "looked at it"}});
  const Json resolved = socket.until("approval_resolved").back();
  EXPECT_EQ(resolved.at("approvalId"), question.at("approvalId"));
  EXPECT_EQ(resolved.at("status"), "approved");
  EXPECT_EQ(resolved.at("respondedBy"), "root");
  EXPECT_TRUE(socket.until("done").back().contains("usage"));
  EXPECT_TRUE(last_said(thread_).contains("zebra")) << last_said(thread_);
  EXPECT_TRUE(client.use("list_approvals").at("approvals").empty());
}

TEST_F(PlatosQuestions, OneIsDeniedOverMcpAndTheTurnGoesOnWithoutTheTool) {
  PlatosSocket socket = asking(thread_);
  const Json question = socket.until("approval_needed").back();
  // By its own user, with a token of hers.
  McpClient client(server_.port(), ann_bearer_);
  EXPECT_EQ(listed(client).at("approval_id"), question.at("approvalId"));
  client.use("deny", {{"approval_id", question.at("approvalId")}, {"reason", "not now"}});
  const Json resolved = socket.until("approval_resolved").back();
  EXPECT_EQ(resolved.at("approvalId"), question.at("approvalId"));
  EXPECT_EQ(resolved.at("status"), "rejected");
  EXPECT_EQ(resolved.at("respondedBy"), "ann");
  socket.until("done");
  const Json late = client.tool("approve", {{"approval_id", question.at("approvalId")}});
  EXPECT_EQ(late.at("isError"), true) << late;
}

}  // namespace
}  // namespace colonnade::tests
