// The Tandem client and the real server, with a vendor and a tool server in the test's process.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "colonnade/tandem.hpp"
#include "program.hpp"
#include "recording_vendor.hpp"

namespace colonnade::e2e {

// An MCP server over HTTP with one tool, which says what it was told.
class EchoingToolServer {
 public:
  EchoingToolServer() : server_(routes()) {}
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.server.port()) + "/mcp";
  }

 private:
  using Document = nlohmann::json;

  std::vector<net::Route> routes() {
    return {{.method = net::Method::post,
             .pattern = "/mcp",
             .handler = std::bind_front(&EchoingToolServer::serve, this),
             .body_bytes_max = limits::MiB}};
  }
  base::Task<net::Reply> serve(std::shared_ptr<const net::Request> request) {
    co_return net::Reply(answer(Document::parse(request->body)));
  }
  static net::Response answer(const Document& asked) {
    if (!asked.contains("id")) return {.status = 202};
    const std::string method = asked.at("method");
    Document result = {{"resultType", "complete"}};
    if (method == "server/discover") {
      result["supportedVersions"] = {"2026-07-28"};
      result["capabilities"] = {{"tools", Document::object()}};
    } else if (method == "tools/list") {
      Document tool = {
          {"name", "say"},
          {"description", "Says it."},
          {"inputSchema", {{"type", "object"}, {"properties", {{"text", {{"type", "string"}}}}}}}};
      result["tools"] = Document::array({std::move(tool)});
    } else {
      const std::string text = asked.at("params").at("arguments").value("text", "");
      result["content"] = Document::array({{{"type", "text"}, {"text", "said " + text}}});
    }
    return {.body = Document{{"jsonrpc", "2.0"}, {"id", asked["id"]}, {"result", result}}.dump()};
  }

  net::testing::TestServer server_;
};

// As the operator of a server whose users may work in project/, which has a README.md.
class TandemSdkTest : public testing::Test {
 protected:
  TandemSdkTest() {
    std::filesystem::create_directories(project_);
    std::filesystem::create_directories(folder_ / "skills/plan");
    folder_.write("project/README.md", "# Colonnade\n");
    folder_.write("skills/plan/SKILL.md",
                  "---\nname: plan\ndescription: Plans a piece of work.\n---\nThink first.\n");
    server_.emplace(folder_, Arguments{"--config", folder_.write("config.yaml", configuration())});
  }

  std::string configuration() const {
    return vendor_.configuration() + "  openrouter:\n    base_url: " + vendor_.url() +
           "\ntandem:\n  directories: [" + project_ +
           "]\nskills:\n  folder: " + (folder_ / "skills") + "\n";
  }
  std::string token() const { return server_->ready().at("first_token"); }
  tandem::Options options() const { return {.base_url = server_->url(), .token = token()}; }
  // A session that works in project/, where `write` asks nobody unless `asks`.
  tandem::CreateSession in_project(bool asks = false) const {
    tandem::CreateSession out{.title = "My agent", .directory = project_};
    if (!asks) out.permission = {{.permission = "write", .action = "allow"}};
    return out;
  }
  static std::string write_call(const std::string& name, const std::string& content) {
    return R"(call write {"path":")" + name + R"(","content":")" + content + R"("})";
  }
  std::string in_file(const std::string& name) const { return read_file(project_ + "/" + name); }
  // Runs a prompt to its end; its answer.
  std::string run_to_end(const std::string& session, const std::string& prompt) const {
    const auto run = client_->sessions.prompt_async(session, prompt);
    std::string said;
    std::string status;
    for (const auto& event : client_->stream(session, run.run_id)) {
      if (const auto* piece = event.as<tandem::SessionResponse>()) said += piece->delta;
      if (const auto* end = event.as<tandem::RunFinished>()) status = end->status;
    }
    EXPECT_EQ(status, "completed");
    return said;
  }
  // Whether a call is refused with that status.
  template <class Call>
  static int status_of(Call call) {
    try {
      call();
    } catch (const tandem::EngineError& error) {
      return error.status();
    }
    return 200;
  }
  void SetUp() override {
    ASSERT_TRUE(server_->ready().is_object());
    client_.emplace(options());
  }
  void TearDown() override {
    client_.reset();
    EXPECT_EQ(server_->stop().code, 0);
  }

  RecordingVendor vendor_;
  EchoingToolServer tools_;
  Folder folder_;
  std::string project_ = folder_ / "project";
  std::optional<ServerProcess> server_{};
  std::optional<tandem::Client> client_{};
};

}  // namespace colonnade::e2e
