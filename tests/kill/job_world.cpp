#include "job_world.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "requests.hpp"

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr const char* writes = " >> \"";

// As a value of YAML.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string agent_task(const std::string& id, int attempts) {
  return "    - task_id: " + id + "\n      name: " + id +
         "\n      handler: agent\n      agent_id: default\n      prompt: '{{payload.text}}'\n"
         "      max_retries: " +
         std::to_string(attempts) + "\n";
}

std::string tool_task(const std::string& id, const std::string& args) {
  return "    - task_id: " + id + "\n      name: " + id +
         "\n      handler: tool\n      tool: shell\n" +
         (args.empty() ? "" : "      args: " + quoted(args) + "\n");
}

json every(int seconds) { return {{"interval_seconds", {{"seconds", seconds}}}}; }

}  // namespace

void write_configuration(const JobWorld& world, const std::string& file) {
  std::filesystem::create_directories(world.folder + "/tries");
  const std::string policy = world.folder + "-policy.yaml";
  const std::string prices = world.folder + "-prices.yaml";
  std::ofstream(policy) << "rules:\n  - match: {tool: \"*\"}\n    allow: true\n";
  // A token costs a micro-dollar.
  std::ofstream(prices) << "dated: 2026-01-01\nprices:\n"
                           "  openai:\n    \"*\": {input: 1, output: 1}\n"
                           "  offline:\n    \"*\": {input: 1, output: 1}\n";
  const std::string tick =
      "echo {{payload.timestamp}}" + std::string(writes) + world.folder + "/ticks.txt\"";
  std::ofstream(file) << "prices_file: " << quoted(prices) << "\ntools:\n  sandbox: off\n"
                      << "policy:\n  file: " << quoted(policy)
                      << "\nplatos:\n  tool_calls_per_minute: 0\n  tasks:\n"
                      << agent_task("turn", 100) << agent_task("brittle", 2)
                      << tool_task("note", "") << tool_task("tick", json{{"command", tick}}.dump());
}

// --- commands -----------------------------------------------------------------------------------

std::string note_command(const JobWorld& world, const std::string& mark) {
  return "echo " + mark + writes + world.folder + "/notes.txt\"";
}

std::string second_try_command(const JobWorld& world, const std::string& mark) {
  const std::string tried = '"' + world.folder + "/tries/" + mark + '"';
  return "[ -e " + tried + " ] || { : > " + tried + "; exit 1; }; " + note_command(world, mark);
}

std::string mark_in(const std::string& command) {
  const std::size_t begin = command.rfind("echo ");
  const std::size_t end = command.rfind(writes);
  if (begin == std::string::npos || end == std::string::npos || end < begin + 5) {
    throw std::logic_error("a command of nobody's: " + command);
  }
  return command.substr(begin + 5, end - begin - 5);
}

// --- requests -----------------------------------------------------------------------------------

std::string user_headers() {
  return "X-Platos-Organization-Id: main\r\nX-Platos-Project-Id: main\r\n"
         "X-Platos-Environment-Id: main\r\nX-Platos-User-Id: ann\r\n";
}

Schedules begin_schedules(const bench::Target& target, const JobWorld& world) {
  Schedules out;
  const std::string said = world.stub_provider ? "tokens=3" : "/tokens 3";
  const json payload = {{"text", said}};
  const auto platos = [&](const json& body) {
    const std::string made =
        ask(target, "POST", "/api/v1/agent/trigger/schedules", body.dump(), user_headers());
    out.platos.push_back(json::parse(made).at("id"));
  };
  platos({{"taskId", "turn"}, {"cron", "* * * * * *"}, {"payload", payload}});
  platos({{"taskId", "turn"},
          {"cron", "*/2 * * * * *"},
          {"timezone", "Europe/Berlin"},
          {"payload", payload}});
  platos({{"taskId", "tick"}, {"cron", "* * * * * *"}});
  const auto tandem = [&](const std::string& id, int seconds, const json& misfire) {
    const json body = {{"routine_id", id},           {"name", id},
                       {"schedule", every(seconds)}, {"misfire_policy", misfire},
                       {"entrypoint", said},         {"requires_approval", false}};
    ask(target, "POST", "/routines", body.dump());
    out.tandem.push_back(id);
  };
  tandem("counted", 1, {{"type", "catch_up"}, {"max_runs", 1000}});
  tandem("skipping", 2, {{"type", "skip"}});
  return out;
}

void stop_schedules(const bench::Target& target, const Schedules& schedules) {
  for (const std::string& id : schedules.platos) {
    ask(target, "POST", "/api/v1/agent/trigger/schedules/" + id + "/deactivate", "",
        user_headers());
  }
  for (const std::string& id : schedules.tandem) {
    ask(target, "PATCH", "/routines/" + id, R"({"status":"paused"})");
  }
}

}  // namespace colonnade::kill
