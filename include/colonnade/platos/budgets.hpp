// Data and requests of budgets. Include colonnade/platos.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::platos {

using colonnade::Timestamp;

// A limit of money, of runs or of both, for each window of a period. All that fit a turn count.
struct Cap {
  std::string id{};
  std::string scope_type{};                // scope, agent, user
  std::string target_id{};                 // "" of a scope; an id; "*": of every user separately
  std::string period{};                    // hour, day, week (seven days back), month
  double limit_cents = 0;                  // 0 is no limit of money
  std::int64_t runs_limit = 0;             // 0 is no limit of runs
  std::vector<double> alert_thresholds{};  // percent
  std::optional<std::string> alert_webhook_url{};
  std::vector<std::string> alert_emails{};
  std::optional<Timestamp> override_until{};  // until then it stops nothing
  std::optional<std::string> override_by{};
  bool enabled = false;
  std::string tier{};  // llm, skill
  std::optional<std::string> skill_slug{};
  std::optional<std::string> agent_id{};
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

// A cap to set: it replaces the one of the same scope, target, period, tier, skill and agent. What
// is empty or not set is the server's own default.
struct SetCap {
  std::string scope_type{"scope"};  // scope, agent, user
  std::string target_id{};          // of an agent or a user; "*": of every user separately
  std::string period{"day"};        // hour, day, week, month; windows are those of UTC
  std::optional<double> limit_cents{};
  std::optional<std::int64_t> runs_limit{};
  std::vector<double> alert_thresholds{};  // percent, above 0 and up to 200; each tells once
  std::string alert_webhook_url{};         // a public address
  std::vector<std::string> alert_emails{};
  std::optional<bool> enabled{};
  std::string tier{};        // llm, skill
  std::string skill_slug{};  // with the tier "skill" alone
  std::string agent_id{};
  Json more{};  // an object: any other member, by its name on the wire
};

struct CapStatus {
  Cap cap{};
  std::string window_key{};  // 2026-05-12T09, 2026-05-12, W2026-05-10, 2026-05
  double spent_cents = 0;    // with what is reserved
  double reserved_cents = 0;
  std::int64_t runs = 0;
  double percent = 0;  // of the money
  double runs_percent = 0;
  bool blocked = false;  // a turn would be refused
  bool override_active = false;
  std::vector<double> crossed_thresholds{};
  Json extra{};
};

struct BudgetStatus {
  std::vector<CapStatus> caps{};
  bool blocked = false;
  std::string reason{};  // when blocked
  // Of the cap with a limit of money that is nearest to it; 0 without one.
  double spent_usd = 0;
  double cap_usd = 0;
};

}  // namespace colonnade::inline v1::platos
