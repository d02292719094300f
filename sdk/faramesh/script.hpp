// For tests of the Faramesh client: what a scripted server says.
#pragma once

#include <string>
#include <string_view>

#include "colonnade/faramesh.hpp"
#include "colonnade/testing.hpp"

namespace colonnade::faramesh_script {

using namespace std::chrono_literals;
using faramesh::ActionRequest;
using faramesh::AsyncClient;
using faramesh::Client;
using faramesh::Options;

inline Options options_of(const testing::ScriptedTransport& wire) {
  return {.base_url = "http://test",
          .token = "t",
          .retry_delay = 0ms,
          .http = {.transport = wire.transport()}};
}
inline Client client_of(const testing::ScriptedTransport& wire) { return Client(options_of(wire)); }

inline const ActionRequest list_files{
    .agent_id = "my-agent", .tool = "shell", .operation = "exec", .params = {{"cmd", "ls -la"}}};
inline const std::string list_files_hash =
    "f9f698b965f212192406cdff6c93e2ef913faccaff369a1a0642604f9f3488d6";

inline std::string action_json(std::string_view status, Json more = Json::object()) {
  Json out{{"id", "a1"},
           {"agent_id", "my-agent"},
           {"tool", "shell"},
           {"operation", "exec"},
           {"params", {{"cmd", "ls -la"}}},
           {"context", Json::object()},
           {"status", status},
           {"decision", status == "denied" ? "deny" : "allow"},
           {"reason", "because"},
           {"reason_code", "POLICY"},
           {"request_hash", list_files_hash}};
  for (const auto& [key, value] : more.as_object()) out.set(key, value);
  return out.dump();
}

inline std::string decision_json(std::string_view outcome,
                                 std::string_view hash = list_files_hash) {
  return Json{{"outcome", outcome},
              {"reason_code", "POLICY_X"},
              {"reason", "because"},
              {"request_hash", hash}}
      .dump();
}

}  // namespace colonnade::faramesh_script
