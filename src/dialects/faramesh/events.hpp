// The audit trail in Faramesh's words: the hash-linked log of one action (faramesh §3.3, §5.3), and
// the frames of the feed (§3.4).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/governance/action.hpp"
#include "core/governance/audit.hpp"
#include "core/governance/audit_feed.hpp"

namespace colonnade::dialects::faramesh {

struct ActionEvent {
  std::string id{};    // a UUID, made of the audit record's hash: the same at every reading
  std::string type{};  // "created", "decision_made", "approved" …
  std::string meta{};  // a JSON object's text
  base::Time at{};
  std::string prev_hash{};  // "" for the first
  std::string record_hash{};
};

// `records` are what the trail says of the action, oldest first.
std::vector<ActionEvent> events_of(const core::Action& action,
                                   std::span<const core::AuditRecord> records);
std::string encode_events(std::string_view action_id, std::span<const ActionEvent> events);

// One frame of the feed, its `id:` the record's number; "" for records that are about no action.
std::string encode_frame(const core::AuditNews& news);

}  // namespace colonnade::dialects::faramesh
