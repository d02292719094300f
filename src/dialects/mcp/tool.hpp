// One tool of the server's: what clients are told of it, and what it does.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/access/principal.hpp"
#include "core/spans/trace_parent.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/mcp/calls.hpp"

namespace colonnade::dialects::mcp {

using core::Principal;

// Tells whoever waits for a call how far it is; on the call's lane.
using ReportProgress = std::function<void(std::string_view message)>;

// One call of a tool.
struct Call {
  Principal who;
  base::Lane* lane = nullptr;  // the calling one
  base::Json arguments = base::Json::object();
  std::string text{};         // the whole message, as it was sent
  core::TraceParent trace{};  // that the request is part of
  std::shared_ptr<Calls::Ticket> ticket{};
  ReportProgress progress{};  // may be empty
};

// A tool's answer is the members of an MCP result, in the response's body; the status counts for
// the client's idempotency key only (see AnswerOnce).
using RunTool = std::function<base::Task<Attempted>(Call, Attempt)>;

struct Tool {
  std::string_view name;
  std::string_view definition;  // JSON text: what tools/list says, without the name
  RunTool run;
  bool once = false;   // takes an idempotency_key
  bool waits = false;  // may take long; whoever can is told of its progress
};

// `structured` is a JSON object's text. It is given as such and as text, for clients of either
// kind.
Attempted answered(const std::string& structured);
// The same for what a model should treat as a failure.
Attempted answered_with_failure(const std::string& structured);
// A failure without any effect. `remedy` says what to do about it, "" for nothing.
Attempted failed(const base::Error& error, std::string_view remedy = {});
// The members of a result that says so.
std::string failure_members(std::string_view message);

}  // namespace colonnade::dialects::mcp
