// Sessions and messages as Tandem has them (tandem §2.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/governance/permission_rule.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"
#include "core/threads/threads.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// The model of a body: {"providerID","modelID"} under `model` in any of its spellings, or the two
// at the top; and how it is sampled. Errors name the member.
base::Result<core::ModelSettings> decode_model(const base::Json& body);

// The body of POST /session. "." and "" as directory are the server's own workspace.
struct NewSession {
  core::NewThread thread{};
};
base::Result<NewSession> decode_new_session(const base::Json& body);

// The query of GET /session (tandem §2.2).
struct SessionQuery {
  core::ThreadPage page{};
  std::string workspace{};  // only those that work there; "" for all
};
base::Result<SessionQuery> decode_session_query(const net::Request& request);

// An object with a session's members; `directory` is where its tools work. The caller closes it.
void write_session_members(base::JsonWriter& json, const core::Thread& thread,
                           std::string_view directory);
std::string encode_session(const core::Thread& thread, std::string_view directory);
// "workspace-" and 12 digits, the same for the same folder.
std::string project_id(std::string_view directory);
// The title that a client is shown, also of a session that has none yet.
std::string_view shown_title(const core::Thread& thread);

// {"info":{…},"parts":[…]}
std::string encode_message(const core::Message& message);
// What a run that failed leaves behind: "ENGINE_ERROR: <CODE>: <text>".
std::string encode_failure(const core::Message& user_message, std::string_view error,
                           base::Time at);

}  // namespace colonnade::dialects::tandem
