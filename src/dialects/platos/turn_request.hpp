// What a client asks of a turn, and what it is told when there is none (platos §2.2, §3.3, §4.5).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/access/rate_limits.hpp"
#include "core/safety/safety_finding.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

struct TurnRequest {
  std::string message{};
  std::string thread_id{};
  std::string agent_id{};  // "" for the thread's own
  std::string context_type{};
  std::string context_id{};
  std::map<std::string, std::string> dynamic_blocks{};
  std::vector<std::string> attachment_ids{};
  std::string model_label{};
  std::string reply_to{};
  std::string replaces{};  // the message that this turn takes the place of, with all after it
  std::optional<std::string> system_prompt{};
  base::Json output_schema = nullptr;
  base::Json session_context = nullptr;  // sessionContextOverride: counts for operators alone
  std::string config{};                  // the header X-Platos-Config, as it came
  std::string idempotency_key{};         // "" for none
};

// A payload of `message`, or a body of REST. invalid, naming the field. Unknown members are
// ignored; so are known ones that are null. With `may_be_empty` a turn may have nothing to say: it
// says again what was said.
base::Result<TurnRequest> decode_turn(const base::Json& payload, bool may_be_empty = false);
// The member `threadId`; invalid without one.
base::Result<std::string> decode_thread_id(const base::Json& payload);

// Why no turn began.
struct TurnRefusal {
  base::Error error{};
  std::string code{};                           // of §4.5; "" for none
  std::optional<core::OverLimit> over{};        // of rate_limit
  std::vector<core::SafetyFinding> findings{};  // of a text that the filter refused
  std::string provider_id{};                    // of provider_unavailable
};
TurnRefusal refusal(base::ErrorKind kind, std::string code, std::string message);
// An `error` event's object; its `done` is the caller's to send.
std::string encode_refusal(const TurnRefusal& refusal, std::string_view thread_id);
net::Response refusal_response(const TurnRefusal& refusal);

}  // namespace colonnade::dialects::platos
