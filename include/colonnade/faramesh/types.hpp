// Data of the Faramesh client. Include colonnade/faramesh.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::faramesh {

using colonnade::Timestamp;
using colonnade::to_string;

// --- options
// --------------------------------------------------------------------------------------

struct Options {
  // http or https, with or without a path. Default: FARAMESH_URL, FARAMESH_BASE_URL, FARA_API_BASE,
  // then http://127.0.0.1:8000.
  std::string base_url{};
  // Default: FARAMESH_API_KEY, FARAMESH_TOKEN, FARA_AUTH_TOKEN; none is fine for an open server.
  std::string token{};
  // Who governed tools act as. Default: FARAMESH_AGENT_ID, then "default-agent".
  std::string agent_id{};
  // Further attempts after a failed one; 0 to 20. Default: FARAMESH_RETRIES, then 3. Only what
  // cannot take effect twice is repeated.
  std::optional<int> retries{};
  // Before the first repetition; doubles with each. Default: FARAMESH_RETRY_BACKOFF (seconds), then
  // 500 ms.
  std::optional<std::chrono::milliseconds> retry_delay{};
  HttpOptions http{};
  // Watchers of every attempt of every call but streams; may be empty. What they throw is dropped.
  std::function<void(std::string_view method, std::string_view url)> on_request_start{};
  // `status` is 0 without a reply.
  std::function<void(std::string_view method, std::string_view url, int status,
                     std::chrono::milliseconds elapsed)>
      on_request_end{};
};

// How often and how long a call looks whether an action got on. `interval` is at least 1 ms.
struct Polling {
  std::chrono::milliseconds interval{1'000};
  std::chrono::milliseconds timeout{60'000};
};

// --- actions
// --------------------------------------------------------------------------------------

enum class Outcome { unknown, execute, abstain, halt };  // of the gate; never changed by a human
enum class Status {
  unknown,  // of a newer server; see Action::status_text
  pending_approval,
  allowed,
  approved,
  denied,  // this and the last three are final
  executing,
  succeeded,
  failed,
  timeout,
};

COLONNADE_API std::string_view to_string(Outcome outcome) noexcept;  // "EXECUTE"; "" for unknown
COLONNADE_API std::string_view to_string(Status status) noexcept;    // "allowed"; "" for unknown
COLONNADE_API bool is_final(Status status) noexcept;

// What an agent wants to do. The server trims all texts before it judges and hashes them.
struct ActionRequest {
  std::string agent_id{};  // these three are not empty
  std::string tool{};
  std::string operation{};
  Json params{};   // an object, or null for {}; no NaN and no infinity
  Json context{};  // same
};

// What the gate says about a request.
struct GateDecision {
  Outcome outcome = Outcome::unknown;
  std::string outcome_text{};
  std::string reason_code{};
  std::string reason{};
  std::string request_hash{};
  std::optional<std::string> policy_version{};
  std::optional<std::string> policy_hash{};
  std::optional<std::string> profile_id{};
  std::optional<std::string> profile_version{};
  std::optional<std::string> profile_hash{};
  std::optional<std::string> runtime_version{};
  std::optional<std::string> provenance_id{};
  Json extra{};  // fields this version does not know; null without any
};

struct Action {
  std::string id{};
  std::string agent_id{};
  std::string tool{};
  std::string operation{};
  Json params{};
  Json context{};
  Status status = Status::unknown;
  std::string status_text{};
  std::string decision{};    // "allow", "deny", "require_approval"; a human verdict rewrites it
  std::string reason{};      // first the rule's, then of the approval, executor or result
  std::string risk_level{};  // "low", "medium", "high"
  std::optional<std::string> approval_token{};  // while pending, and never in lists
  Timestamp created_at{};
  Timestamp updated_at{};
  Outcome outcome = Outcome::unknown;
  std::string outcome_text{};
  std::string reason_code{};
  Json reason_details{};
  std::string request_hash{};
  std::optional<std::string> policy_version{};
  std::optional<std::string> policy_hash{};
  std::optional<std::string> profile_id{};
  std::optional<std::string> profile_version{};
  std::optional<std::string> profile_hash{};
  std::optional<std::string> runtime_version{};
  std::optional<std::string> provenance_id{};  // not unique: equal requests share it
  Json extra{};
};

// The gate's part of an action, and the request it was.
COLONNADE_API GateDecision decision_of(const Action& action);
COLONNADE_API ActionRequest request_of(const Action& action);

// Which actions list_actions() reads, newest first.
struct ListActions {
  int limit = 20;  // 1 to 1000
  int offset = 0;
  std::string agent_id{};  // these three: "" for any
  std::string tool{};
  std::string status{};
};

// What an approval counts for: this once, every such call of this agent in its thread, every one of
// this agent, or every one of every agent.
enum class Remember { once, thread, always, everywhere };
COLONNADE_API std::string_view to_string(Remember remember) noexcept;  // "once"

// A human's verdict.
struct Approval {
  std::string token{};   // "": read from the action first
  std::string reason{};  // "": the server's own words
  // The rest is of approvals at Colonnade servers; others refuse it with ValidationError, so it is
  // sent only when it says something.
  Json
      params{};  // an object to run with instead of what was asked for, judged anew; null: as asked
  Remember remember = Remember::once;
  // What is remembered: params whose JSON text matches, in which * is any run of characters, ? one
  // byte and a backslash makes the next literal. "": exactly these params.
  std::string pattern{};
};

// How an action that its caller ran ended.
struct ExecutionResult {
  bool success = true;
  std::string error{};  // of a failure
};

// What try_execute_if_allowed() gives.
struct Execution {
  GateDecision decision{};
  bool executed = false;
  Json execution_result{};
  std::optional<std::string> execution_error{};  // the executor threw this
};

struct SubmitAndWait {
  // Whether to wait for a human, too; otherwise a pending action is given back as it is.
  bool require_approval = false;
  bool auto_start = false;  // start it when it is allowed, and wait for its end
  Polling polling{.interval = std::chrono::seconds(1), .timeout = std::chrono::seconds(300)};
};

// What replay_decision() gives: whether the gate would say the same today.
struct ReplayResult {
  bool success = false;  // no mismatch
  Action original{};
  GateDecision replayed{};
  bool outcome_match = false;
  bool reason_code_match = false;
  bool request_hash_match = false;
  bool policy_hash_match = false;
  bool profile_hash_match = false;
  bool runtime_version_match = false;
  std::vector<std::string> mismatches{};  // for people
};

// One entry of an action's hash-linked log.
struct ActionEvent {
  std::string id{};
  std::string action_id{};
  std::string event_type{};  // "created", "decision_made", "approved", "denied", "started" …
  Json meta{};
  std::string created_at_text{};  // as it was hashed
  Timestamp created_at{};
  std::optional<std::string> prev_hash{};
  std::string record_hash{};
  Json extra{};
};

struct PolicyInfo {
  std::string policy_file{};
  std::string policy_path{};
  bool exists = false;
  std::optional<std::string> policy_version{};
  Json extra{};
};

// What validate_policy() gives.
struct PolicyCheck {
  bool valid = false;
  std::vector<std::string> errors{};
  Json raw{};  // the whole answer
};

// --- the feed
// -------------------------------------------------------------------------------------

// Something happened to an action: "action.created", "action.approved", "action.denied".
struct FeedEvent {
  std::string type{};
  std::string action_id{};
  Status status = Status::unknown;
  std::string status_text{};
  std::string decision{};
  std::string agent_id{};
  std::string tool{};
  std::string operation{};
  std::string reason{};
  std::string risk_level{};
  Timestamp timestamp{};
  Json data{};  // the whole event
};

// Which events stream_events() gives; the client filters.
struct EventFilter {
  std::vector<std::string> types{};  // empty: all; "action_created" means "action.created"
  std::string action_id{};           // "": of all actions
};

// --- hashes
// ---------------------------------------------------------------------------------------

// The one text of a JSON value that is hashed; ValidationError for NaN and infinities.
COLONNADE_API std::string canonical_json(const Json& value);
// 64 lower-case hexadecimal digits: what the server calls request_hash. Of an object, members that
// describe a decision ("status", "reason", "_…") do not count. The request is hashed as given: the
// server trims texts first (trimmed()).
COLONNADE_API std::string compute_request_hash(const Json& payload);
COLONNADE_API std::string compute_request_hash(const ActionRequest& request);
COLONNADE_API bool verify_request_hash(const Json& payload, std::string_view hash);
COLONNADE_API bool verify_request_hash(const ActionRequest& request, std::string_view hash);
// The request as the server sees it: texts trimmed, null params and context as {}.
COLONNADE_API ActionRequest trimmed(const ActionRequest& request);
// The hash of one log entry after one with `prev_hash` ("" for the first).
COLONNADE_API std::string compute_event_hash(const ActionEvent& event, std::string_view prev_hash);
// Whether a non-empty log, oldest first, is whole: every hash is right and names the one before.
COLONNADE_API bool verify_event_chain(const std::vector<ActionEvent>& events);

}  // namespace colonnade::inline v1::faramesh
