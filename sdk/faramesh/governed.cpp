// Governed tools: one flow for both clients (faramesh §8).
#include <coroutine>
#include <iostream>
#include <utility>

#include "sdk/faramesh/flows.hpp"
#include "sdk/faramesh/hash.hpp"

namespace colonnade::inline v1::faramesh {
namespace detail {

// Shared by the calls and copies of one wrapper.
struct GovernedTool {
  flows::Caller caller{};
  std::string name{};
  GovernedOptions options{};
  // Gets the request as the server approved it.
  std::function<Task<Json>(const ActionRequest& approved_request)> function{};

  ActionRequest request(const Json& params) const {
    return {.agent_id = options.agent_id,
            .tool = name,
            .operation = options.operation,
            .params = params,
            .context = options.context};
  }
};

}  // namespace detail

namespace {

using Tool = std::shared_ptr<const detail::GovernedTool>;

Tool make_tool(const std::shared_ptr<const detail::Session>& session, Calling calling,
               std::string_view name, GovernedOptions options,
               std::function<Task<Json>(const ActionRequest&)> function) {
  if (options.agent_id.empty()) options.agent_id = session->agent_id;
  // Not a root itself: it must not close the client's connections when it goes.
  auto derived = detail::derive(*session, CallOptions{});
  return std::make_shared<const detail::GovernedTool>(
      detail::GovernedTool{.caller = {.session = std::move(derived), .calling = calling},
                           .name = std::string(name),
                           .options = std::move(options),
                           .function = std::move(function)});
}

[[noreturn]] void mismatch(const std::string& message) {
  throw HashMismatchError(Failure{.kind = ErrorKind::malformed, .message = message},
                          "hash_mismatch");
}

// The request as the server recorded it, when it may run now, and is this tool's, and is what was
// hashed.
ActionRequest runnable(const detail::GovernedTool& tool, const Action& action) {
  if (action.status == Status::denied) throw DeniedError(action);
  if (action.status != Status::allowed && action.status != Status::approved) {
    throw NotAllowedError(decision_of(action));
  }
  const ActionRequest approved_request = request_of(action);
  const ActionRequest own = trimmed(tool.request(Json::object()));
  if (approved_request.agent_id != own.agent_id || approved_request.tool != own.tool ||
      approved_request.operation != own.operation) {
    mismatch("action " + action.id + " is about " + approved_request.agent_id + " doing " +
             approved_request.tool + "/" + approved_request.operation + ", not about this tool");
  }
  if (!verify_request_hash(approved_request, action.request_hash)) {
    mismatch("the params of action " + action.id + " do not have its request_hash");
  }
  return approved_request;
}

void log_report_failure(const detail::GovernedTool& tool, const std::string& id,
                        const Failure& failure) {
  const colonnade::Error error(failure);
  if (!tool.options.on_report_failure) {
    const std::string line = "faramesh: the result of action " + id +
                             " could not be reported: " + failure.message + "\n";
    std::clog << line;  // allow(iostream): the SDK has no log of its own; the option replaces it
    return;
  }
  try {
    tool.options.on_report_failure(id, error);
  } catch (...) {
    // A watcher's fault is not the call's.
  }
}

std::string message_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    const std::string words = error.what();
    return words.empty() ? "the tool failed" : words;
  } catch (...) {
    return "the tool threw something that is no std::exception";
  }
}

// The requests whose tools run right now, innermost first: for coroutines below the tool of `hash`
// by their promise, for the blocking client by thread.
struct RunningRequest {
  std::string hash;
  const RunningRequest* outer;

  static bool contains(const RunningRequest* innermost, const std::string& hash) {
    for (const RunningRequest* one = innermost; one != nullptr; one = one->outer) {
      if (one->hash == hash) return true;
    }
    return false;
  }
};

// Awaited, it gives the promise of the coroutine that awaits it, without suspending it.
struct PromiseOfAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> here) noexcept {
    promise = &here.promise();
    return false;
  }
  colonnade::detail::PromiseBase* await_resume() const noexcept { return promise; }
  colonnade::detail::PromiseBase* promise = nullptr;
};

// Runs the tool; whatever it awaits finds the request in its promise's scope.
Task<Json> run_approved(Tool tool, ActionRequest approved_request) {
  PromiseOfAwaiter awaiter;
  colonnade::detail::PromiseBase* own = co_await awaiter;
  const RunningRequest here{.hash = compute_request_hash(approved_request),
                            .outer = static_cast<const RunningRequest*>(own->scope)};
  own->scope = &here;
  Task<Json> running = tool->function(approved_request);
  Json value = co_await std::move(running);
  co_return value;
}

// Runs the tool, once, and reports how it went; the report changes nothing about it.
Task<Json> run_and_report(Tool tool, std::string id, ActionRequest approved_request) {
  Json value;
  std::exception_ptr thrown;
  try {
    value = co_await run_approved(tool, approved_request);
  } catch (...) {
    thrown = std::current_exception();
  }
  const ExecutionResult result{.success = !thrown, .error = thrown ? message_of(thrown) : ""};
  Task<Action> reporting = tool->caller(calls::report(id, result));
  Result<Action> reported = co_await attempt(std::move(reporting));
  if (!reported) log_report_failure(*tool, id, reported.error());
  if (thrown) std::rethrow_exception(thrown);
  co_return value;
}

// From an action that was recorded to the end of the tool.
Task<Json> finish(Tool tool, Action action) {
  const std::string id = action.id;
  const std::string hash = action.request_hash;
  if (action.status == Status::pending_approval) {
    if (tool->options.approval.timeout.count() == 0) throw PendingApprovalError(std::move(action));
    action = co_await flows::block_until_approved(tool->caller, id, tool->options.approval);
  }
  const ActionRequest approved_request = runnable(*tool, action);
  if (action.id != id || action.request_hash != hash) mismatch("action " + id + " has changed");
  Json value = co_await run_and_report(tool, id, approved_request);
  co_return value;
}

Task<Json> submit_and_finish(Tool tool, ActionRequest request) {
  Action action = co_await flows::submit(tool->caller, request);
  // It must be the answer to this request before its own hash counts for anything.
  [[maybe_unused]] const ActionRequest own = detail::hashed_request(request, action.request_hash);
  Json value = co_await finish(tool, std::move(action));
  co_return value;
}

Task<Json> ask_and_run(Tool tool, ActionRequest request) {
  GateDecision decision = co_await tool->caller(calls::decide(request));
  const ActionRequest allowed = detail::allowed_request(request, decision);
  Json value = co_await run_approved(tool, allowed);
  co_return value;
}

Task<Json> call_tool(Tool tool, ActionRequest request) {
  PromiseOfAwaiter awaiter;
  colonnade::detail::PromiseBase* own = co_await awaiter;
  if (own->scope != nullptr) {
    const ActionRequest inner = trimmed(request);
    const std::string hash = compute_request_hash(inner);
    if (RunningRequest::contains(static_cast<const RunningRequest*>(own->scope), hash)) {
      Task<Json> running = tool->function(inner);
      Json value = co_await std::move(running);
      co_return value;
    }
  }
  const bool asks_only = tool->options.mode == GovernedOptions::Mode::gate;
  Task<Json> submission = asks_only ? ask_and_run(tool, request) : submit_and_finish(tool, request);
  Json value = co_await std::move(submission);
  co_return value;
}

Task<Json> resume_tool(Tool tool, std::string id) {
  Action action = co_await tool->caller(calls::get(id));
  Json value = co_await finish(tool, std::move(action));
  co_return value;
}

thread_local const RunningRequest* innermost_running = nullptr;

// The blocking tool, told to what it calls on this thread.
Task<Json> run_here(std::shared_ptr<const Governed::Function> function,
                    ActionRequest approved_request) {
  const RunningRequest here{.hash = compute_request_hash(approved_request),
                            .outer = innermost_running};
  struct Scope {
    explicit Scope(const RunningRequest* inner) : outer(std::exchange(innermost_running, inner)) {}
    ~Scope() { innermost_running = outer; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    const RunningRequest* outer;
  } const scope(&here);
  co_return (*function)(approved_request.params);
}

void require_function(bool given) {
  if (given) return;
  throw ValidationError(
      Failure{.kind = ErrorKind::usage, .message = "governed(): the function is empty"});
}

}  // namespace

Governed::Governed(const Client& client, std::string_view tool, Function function,
                   GovernedOptions options) {
  require_function(static_cast<bool>(function));
  auto shared = std::make_shared<const Function>(std::move(function));
  tool_ = make_tool(client.session_, Calling::blocking, tool, std::move(options),
                    [shared](const ActionRequest& approved_request) {
                      return run_here(shared, approved_request);
                    });
}

Json Governed::operator()(const Json& params) const {
  ActionRequest request = tool_->request(params);
  if (innermost_running != nullptr) {
    const ActionRequest inner = trimmed(request);
    if (RunningRequest::contains(innermost_running, compute_request_hash(inner))) {
      return run(tool_->function(inner));
    }
  }
  return run(call_tool(tool_, std::move(request)));
}

Json Governed::resume(std::string_view action_id) const {
  return run(resume_tool(tool_, std::string(action_id)));
}

AsyncGoverned::AsyncGoverned(const AsyncClient& client, std::string_view tool, Function function,
                             GovernedOptions options) {
  require_function(static_cast<bool>(function));
  auto shared = std::make_shared<const Function>(std::move(function));
  tool_ = make_tool(client.session_, Calling::background, tool, std::move(options),
                    [shared](const ActionRequest& approved_request) {
                      return (*shared)(approved_request.params);
                    });
}

Task<Json> AsyncGoverned::operator()(const Json& params) const {
  return call_tool(tool_, tool_->request(params));
}

Task<Json> AsyncGoverned::resume(std::string_view action_id) const {
  return resume_tool(tool_, std::string(action_id));
}

namespace detail {

void throw_out_of_range(const Json& value) {
  throw JsonError(Failure{.kind = ErrorKind::usage,
                          .message = value.dump() + " does not fit the tool's argument"});
}

void throw_names_differ(std::string_view tool, std::size_t names, std::size_t arguments) {
  throw ValidationError(Failure{.kind = ErrorKind::usage,
                                .message = "governed tool " + std::string(tool) + " has " +
                                           std::to_string(names) + " names for " +
                                           std::to_string(arguments) + " arguments"});
}

}  // namespace detail

}  // namespace colonnade::inline v1::faramesh
