// Options, data and requests of the Platos client. Include colonnade/platos.hpp.
//
// Data keeps what it has no member for in `extra`: null, or an object with the names of the wire.
// Money is in cents on the wire; what is called …_usd here is a hundredth of it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

using colonnade::Timestamp;

// --- options
// --------------------------------------------------------------------------------------

// Whose rows a call sees. The first three belong together.
struct Scope {
  std::string organization_id{};
  std::string project_id{};
  std::string environment_id{};
  std::string user_id{};  // with an API key: this or Options::default_user must be given
};

// What is known when a token is refused.
struct TokenRefreshContext {
  std::string current_token{};
  int status = 0;  // 401 or 403
};

// A function that gives a new session token: `std::string()` or `std::string(const
// TokenRefreshContext&)`; an optional string may say that there is none. It runs on a thread that
// makes a call, one at a time for a client and those derived from it; the other calls wait for it.
// What it throws counts as no token.
class TokenRefresh {
 public:
  TokenRefresh() = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, TokenRefresh> &&
             (std::invocable<F&, const TokenRefreshContext&> || std::invocable<F&>))
  TokenRefresh(F refresh) {
    if constexpr (std::invocable<F&, const TokenRefreshContext&>) {
      call_ = [refresh = std::move(refresh)](
                  const TokenRefreshContext& context) mutable -> std::optional<std::string> {
        return refresh(context);
      };
    } else {
      call_ = [refresh = std::move(refresh)](
                  const TokenRefreshContext&) mutable -> std::optional<std::string> {
        return refresh();
      };
    }
  }

  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  std::optional<std::string> operator()(const TokenRefreshContext& context) const {
    return call_(context);
  }

 private:
  std::function<std::optional<std::string>(const TokenRefreshContext&)> call_{};
};

// Repeats of failed calls: broken connections, timeouts, HTTP 429 and 5xx but 501, whatever the
// method; a POST keeps its idempotency key. After a 429 the wait is what the server asks for.
struct Retries {
  int retries = 3;                           // besides the first attempt
  std::chrono::milliseconds delay_min{250};  // doubles with every further attempt
  std::chrono::milliseconds delay_max{10'000};
  double jitter = 0.2;  // of the delay, either way
};

// The socket behind threads.send().
struct Sockets {
  std::chrono::milliseconds open_time_max{10'000};  // to a joined socket
  int reconnects = 5;                               // in a row without an event of the turn
  std::chrono::milliseconds delay_min{500};         // doubles with every further attempt
  std::chrono::milliseconds delay_max{10'000};
  // The next three are for servers that number no events, as the real one.
  std::chrono::milliseconds persisted_time_max{2'000};  // for the answer to be stored after `done`
  std::chrono::milliseconds resume_time_max{5'000};     // silence after a reconnect; then it polls
  std::chrono::milliseconds poll_interval{2'000};
  std::chrono::milliseconds lost_time_max{300'000};  // of a turn whose socket is lost
};

struct Options {
  std::string base_url{"http://localhost:3100"};  // with or without a path, without the API's
  std::string session_token{};                    // wins when an API key is given, too
  std::string api_key{};                          // needs a scope
  Scope scope{};
  std::string default_user{};       // for scopes without a user id
  TokenRefresh on_token_refresh{};  // for session tokens only
  std::string user_token{};         // opaque; the server passes it on to its tools
  std::string access_key{};         // platos_live_…, where the scope demands one
  Retries retries{};
  Sockets sockets{};
  HttpOptions http{};

  // From PLATOS_BASE_URL, PLATOS_SESSION_TOKEN, PLATOS_API_KEY, PLATOS_ORGANIZATION_ID,
  // PLATOS_PROJECT_ID, PLATOS_ENVIRONMENT_ID, PLATOS_USER_ID and PLATOS_ACCESS_KEY. Nothing else of
  // this client reads the environment. std::invalid_argument without a token and a key.
  COLONNADE_API static Options from_env();
};

// --- agents and threads
// ---------------------------------------------------------------------------

struct Agent {
  std::string id{};
  std::string name{};
  std::string slug{};
  std::string model{};  // "provider:model"
  std::string system_prompt{};
  bool is_active = false;
  std::optional<std::string> current_version_id{};
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

// What an agent is to be. What is not set stays as it is; of a new agent, as the server makes it.
struct AgentSettings {
  std::optional<std::string> name{};  // a new one needs it
  std::optional<std::string> slug{};
  std::optional<std::string> model{};  // "provider:model"
  std::optional<std::string> system_prompt{};
  std::optional<std::int64_t> max_steps{};
  std::optional<std::int64_t> context_limit{};
  std::optional<bool> is_active{};
  std::optional<std::string> visibility{};  // private, public-guest
  Json more{};                              // an object: any other member, by its name on the wire
};

struct AgentVersion {
  std::string id{};
  std::string agent_id{};
  std::int64_t version_number = 0;
  std::optional<std::string> created_by{};
  std::optional<std::string> note{};
  Json snapshot{};
  Timestamp created_at{};
  bool is_current = false;
  bool is_canary = false;
  Json extra{};
};

struct Thread {
  std::string id{};
  std::string agent_id{};
  std::optional<std::string> user_id{};
  std::optional<std::string> title{};
  std::string status{};  // active, completed, archived
  std::int64_t turn_count = 0;
  std::vector<std::string> tags{};
  std::optional<Timestamp> archived_at{};
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

struct Message {
  std::string id{};
  std::string thread_id{};
  std::string role{};  // user, assistant, tool
  std::string content{};
  Json tool_calls{};  // null, or a list of calls and results
  std::optional<std::string> thinking_content{};
  Json response_json{};  // of an answer: model, usage, cost and more
  Timestamp created_at{};
  Json extra{};
};

struct Artifact {
  std::string id{};
  std::string thread_id{};  // "" from a real server
  std::string artifact_key{};
  std::int64_t revision = 0;
  std::string kind{};
  std::optional<std::string> title{};
  std::optional<std::string> language{};
  std::string content{};
  Json metadata{};
  Timestamp created_at{};
  std::int64_t revision_count = 0;
  Json extra{};
};

struct CreateThread {
  std::string agent_id{"default"};
  std::optional<std::string> title{};
};

// Which archived threads a list has.
enum class Archived { left_out, included, only };

struct ListThreads {
  std::string agent_id{};
  std::int64_t limit = 0;  // 0: the server's own
  std::int64_t offset = 0;
  std::string status{};  // active, completed, archived
  std::string tag{};
  std::optional<bool> pinned{};
  Archived archived = Archived::left_out;
  bool all_users = false;  // for operators
};

struct ForkThread {
  std::string message_id{};  // the last one that the copy has; "": all
  std::optional<std::string> title{};
};

struct UploadAttachment {
  std::string mime_type{"application/octet-stream"};
  std::string name{};  // of the file; "" for none
};

// A file for SendOptions::attachment_ids. Kept an hour until a message names it.
struct Attachment {
  std::string id{};
  std::string kind{};  // image, audio, video, document
  std::string mime_type{};
  std::int64_t bytes = 0;
  std::string original_name{};
  Timestamp expires_at{};
  Json extra{};
};

// What goes with a message; empty members are not sent.
struct SendOptions {
  std::string agent_id{};
  std::string context_type{};
  std::string context_id{};
  std::map<std::string, std::string> dynamic_blocks{};
  std::vector<std::string> attachment_ids{};
  std::string model_label{};
  std::string reply_to_message_id{};
  // One message, however often it is sent. Empty: a random one.
  std::string idempotency_key{};
};

// What a turn used. Zero where the server does not say.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t total_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  double cost_cents = 0;
  double cost_usd = 0;
  Json extra{};
};

// What came of a turn that was waited for.
struct Answer {
  std::string message_id{};  // "" when a stopped turn left none
  std::string thread_id{};
  std::string agent_id{};
  std::string content{};
  bool stopped = false;
  Usage usage{};
  Json extra{};
};

// --- approvals
// ------------------------------------------------------------------------------------

struct Approval {
  std::string approval_id{};
  std::string status{};  // pending, approved, rejected, timed_out
  std::optional<std::string> agent_id{};
  std::optional<std::string> thread_id{};
  std::optional<std::string> run_id{};
  std::string action{};                  // or the question, in the words of another server
  std::optional<std::string> details{};  // or its context
  std::optional<std::string> tool_name{};
  Json args{};
  std::optional<std::string> comment{};
  Timestamp created_at{};
  std::optional<Timestamp> resolved_at{};
  Json extra{};
};

struct ListApprovals {
  std::string status{};  // pending, approved, rejected, timed_out
  std::string agent_id{};
  std::string thread_id{};
  std::int64_t limit = 0;
};

enum class Verdict { approve, reject };

struct Resolution {
  Verdict verdict = Verdict::reject;
  std::string reason{};
  Json edited_args{};  // an object: the tool runs with these; null leaves them alone
};

struct ResolvedApproval {
  std::string approval_id{};
  bool approved = false;  // as decided; the first decision counts
  bool edited_args_applied = false;
  Json extra{};
};

}  // namespace colonnade::inline v1::platos
