// `colonnade mcp`: the agents for a host that starts programs.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <sstream>

#include "program.hpp"

namespace colonnade::e2e {
namespace {

using Json = nlohmann::json;

std::string line_of(int id, const std::string& method, const Json& params) {
  return Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump() + "\n";
}

Json initialize_params(const std::string& revision = "2025-11-25") {
  return {{"protocolVersion", revision},
          {"capabilities", Json::object()},
          {"clientInfo", {{"name", "test"}, {"version", "1"}}}};
}

Json modern(Json params) {
  params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                     {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
  return params;
}

Json call_of(const std::string& tool, const Json& arguments) {
  return {{"name", tool}, {"arguments", arguments}};
}

// The next message; whatever else comes on standard output fails the test.
Json next(Process& program) {
  const auto line = program.read_line();
  if (!line) {
    ADD_FAILURE() << "no line came: " << program.wait().err;
    return {};
  }
  return Json::parse(*line);
}
// The answer to that id; notifications before it are passed over.
Json answer(Process& program, int id) {
  for (;;) {
    Json message = next(program);
    if (message.is_null() || message.value("id", -1) == id) return message;
  }
}

Json perform_handshake(Process& program) {
  program.write(line_of(1, "initialize", initialize_params()));
  Json out = answer(program, 1);
  program.write("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
  return out;
}

Json content_of(const Json& message) { return message.at("result").at("structuredContent"); }

TEST(Mcp, RunsAServerOfItsOwnWhenThereIsNone) {
  const Folder folder;
  Process program({"mcp"}, {}, folder.path());
  EXPECT_EQ(perform_handshake(program).at("result").at("serverInfo").at("name"), "colonnade");
  program.write(line_of(2, "tools/call", call_of("ask_agent", {{"message", "/say hello"}})));
  EXPECT_EQ(content_of(answer(program, 2)).at("answer"), "hello");
  program.write(line_of(3, "tools/call", modern(call_of("ask_agent", {{"message", "/say new"}}))));
  EXPECT_EQ(content_of(answer(program, 3)).at("answer"), "new");
  const auto ended = program.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
}

TEST(Mcp, AnswersWhatCameBeforeTheEndOfInput) {
  const Folder folder;
  const auto ended =
      run({"mcp"}, folder,
          line_of(1, "server/discover", modern(Json::object())) + "\n{ broken\n" +
              line_of(2, "tools/call", modern(call_of("list_agents", Json::object()))));
  EXPECT_EQ(ended.code, 0) << ended.err;
  std::istringstream lines(ended.out);
  std::vector<Json> messages;
  for (std::string line; std::getline(lines, line);) messages.push_back(Json::parse(line));
  ASSERT_EQ(messages.size(), 3u) << ended.out;
  EXPECT_EQ(messages[0].at("id"), 1);
  EXPECT_EQ(messages[1].at("error").at("code"), -32700);
  EXPECT_EQ(messages[2].at("id"), 2);
}

TEST(Mcp, TalksToTheRunningServerAndOutlivesItsRestart) {
  const Folder folder;
  auto server = std::make_unique<ServerProcess>(folder);
  const std::string url = server->url();
  Process program({"mcp"}, {}, folder.path());
  perform_handshake(program);
  program.write(line_of(2, "tools/call", call_of("ask_agent", {{"message", "/say one"}})));
  EXPECT_EQ(content_of(answer(program, 2)).at("answer"), "one");
  server->stop();
  program.write(line_of(3, "tools/list", Json::object()));
  EXPECT_NE(answer(program, 3).at("error").at("message").get<std::string>().find("cannot be asked"),
            std::string::npos);
  server = std::make_unique<ServerProcess>(folder,
                                           Arguments{"--listen", url.substr(url.find("//") + 2)});
  program.write(line_of(4, "tools/call", call_of("list_threads", Json::object())));
  EXPECT_EQ(content_of(answer(program, 4)).at("threads").size(), 1u);
  EXPECT_EQ(program.wait().code, 0);
}

TEST(Mcp, CancelsInBothEras) {
  const Folder folder;
  Process program({"mcp"}, {}, folder.path());
  perform_handshake(program);
  Json params = call_of("ask_agent", {{"message", "/slow 50\n/tokens 100000"}});
  params["_meta"]["progressToken"] = "p";
  program.write(line_of(2, "tools/call", params));
  EXPECT_EQ(next(program).at("method"), "notifications/progress");
  program.write(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})"
                "\n");
  program.write(line_of(3, "tools/call", call_of("list_threads", Json::object())));
  const Json thread_id = content_of(answer(program, 3)).at("threads").at(0).at("thread_id");
  program.write(line_of(4, "tools/call", call_of("read_thread", {{"thread_id", thread_id}})));
  const Json run_id = content_of(answer(program, 4)).at("messages").at(0).at("run_id");
  program.write(line_of(5, "tools/call", call_of("cancel_run", {{"run_id", run_id}})));
  EXPECT_EQ(content_of(answer(program, 5)).at("state"), "cancelled");
  EXPECT_EQ(program.wait().code, 0);
}

TEST(Mcp, EndsOnASignal) {
  const Folder folder;
  Process program({"mcp"}, {}, folder.path());
  perform_handshake(program);
  program.signal(SIGTERM);
  EXPECT_FALSE(program.read_line());
  EXPECT_EQ(program.wait().code, 0);
}

TEST(Mcp, SaysWhyItIsNotLetIn) {
  const Folder folder;
  const ServerProcess server(folder);
  const std::string token = folder.write("wrong.token", "wrong\n");
  Process program({"mcp", "--url", server.url(), "--token-file", token}, {}, folder.path());
  program.write(line_of(1, "initialize", initialize_params()));
  const std::string why = answer(program, 1).at("error").at("message");
  EXPECT_NE(why.find("--token-file"), std::string::npos) << why;
  EXPECT_EQ(program.wait().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
