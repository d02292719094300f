// Tools that run only when the gate lets them. Include colonnade/faramesh.hpp.
//
//   auto list = faramesh::governed(gate, "shell", [](const Json& params) { return run(params); });
//   Json listing = list({{"cmd", "ls"}});
//
// A call asks the server first and fails closed: the function does not run when the server cannot
// be reached, answers what cannot be understood, or does not say yes. It runs at most once per
// call, with the params the server hashed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "colonnade/faramesh/async_client.hpp"
#include "colonnade/faramesh/client.hpp"
#include "colonnade/faramesh/types.hpp"
#include "colonnade/json.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

struct GovernedOptions {
  std::string agent_id{};  // "": the client's
  std::string operation = "call";
  Json context{};  // an object, or null for {}
  // action: every call is submitted, waits for approval where the policy asks for it, and its end
  // is reported. gate: asks only; nothing is recorded, and what needs approval is refused.
  enum class Mode { action, gate } mode = Mode::action;
  // For the approval. A timeout of 0 does not wait: PendingApprovalError.
  Polling approval{.interval = std::chrono::seconds(2), .timeout = std::chrono::seconds(300)};
  // Told when the end of a call could not be reported; the call's own outcome stands. Empty: one
  // line on std::clog.
  std::function<void(const std::string& action_id, const colonnade::Error& error)>
      on_report_failure{};
};

namespace detail {
struct GovernedTool;

}  // namespace detail

// A callable. Copies share the function. It derives its client, so it may outlive a derived client
// it was made with, but not the root.
class COLONNADE_API Governed {
 public:
  using Function = std::function<Json(const Json& params)>;

  Governed(const Client& client, std::string_view tool, Function function,
           GovernedOptions options = {});

  // Gives, or throws, what the function does. Before it ran: PolicyError, DeniedError,
  // ApprovalTimeoutError, PendingApprovalError, NotAllowedError, HashMismatchError and what any
  // call may throw. While the function runs, a governed call of the same agent, tool, operation,
  // params and context inside it, on the same thread, belongs to this call and is not judged again;
  // any other one is.
  Json operator()(const Json& params) const;
  // Goes on with an action that was pending: waits, then runs the function once with its params.
  Json resume(std::string_view action_id) const;

 private:
  std::shared_ptr<const detail::GovernedTool> tool_;
};

// The same for coroutines. A call inside belongs to the outer one when it is awaited, directly or
// not, by the outer function's coroutine.
class COLONNADE_API AsyncGoverned {
 public:
  using Function = std::function<Task<Json>(Json params)>;

  AsyncGoverned(const AsyncClient& client, std::string_view tool, Function function,
                GovernedOptions options = {});

  Task<Json> operator()(const Json& params) const;
  Task<Json> operator()(Json&&) const = delete;
  Task<Json> resume(std::string_view action_id) const;

 private:
  std::shared_ptr<const detail::GovernedTool> tool_;
};

inline Governed governed(const Client& client, std::string_view tool, Governed::Function function,
                         GovernedOptions options = {}) {
  return Governed(client, tool, std::move(function), std::move(options));
}
inline AsyncGoverned governed(const AsyncClient& client, std::string_view tool,
                              AsyncGoverned::Function function, GovernedOptions options = {}) {
  return AsyncGoverned(client, tool, std::move(function), std::move(options));
}
// With the process-wide client of configure().
COLONNADE_API Governed governed(std::string_view tool, Governed::Function function,
                                GovernedOptions options = {});

}  // namespace colonnade::inline v1::faramesh
