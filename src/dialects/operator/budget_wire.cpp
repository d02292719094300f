#include "dialects/operator/budget_wire.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "core/budgets/limits.hpp"

namespace colonnade::dialects::operators {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;

constexpr double micros_of_dollar = 1e6;

std::unexpected<base::Error> wrong_budget(const std::string& member, const std::string& must) {
  return fail(ErrorKind::invalid, member + " " + must, member);
}

base::Result<std::optional<std::string>> text_of(const Json& body, const std::string& member) {
  const auto found = body.find(member);
  if (found == body.end()) return std::optional<std::string>();
  if (!found->is_string()) return wrong_budget(member, "must be a string");
  return std::optional<std::string>(found->get<std::string>());
}

base::Result<double> amount_of(const Json& body, const std::string& member, double most) {
  const auto found = body.find(member);
  if (found == body.end()) return 0.0;
  const double amount = found->is_number() ? found->get<double>() : -1;
  if (amount >= 0 && amount <= most) return amount;
  return wrong_budget(member, "must be a number, 0 (no limit) or more");
}

base::Result<std::optional<std::vector<double>>> percentages_of(const Json& body) {
  const auto found = body.find("thresholds");
  if (found == body.end()) return std::optional<std::vector<double>>();
  const bool are_numbers = found->is_array() && std::ranges::all_of(*found, [](const Json& one) {
                             return one.is_number();
                           });
  if (!are_numbers) return wrong_budget("thresholds", "must be a list of percentages");
  return std::optional<std::vector<double>>(found->get<std::vector<double>>());
}

base::Result<core::BudgetKey> key_of(const Json& body) {
  core::BudgetKey out;
  const auto holder = text_of(body, "holder");
  if (!holder) return fail(holder.error());
  const auto known = core::budget_holder_from(holder->value_or(""));
  if (!known) {
    return wrong_budget("holder", "must be one of scope, agent, user, key, automation");
  }
  const auto period = text_of(body, "period");
  if (!period) return fail(period.error());
  const auto length = core::budget_period_from(period->value_or(""));
  if (!length) return wrong_budget("period", "must be one of hour, day, week, month");
  auto target = text_of(body, "target");
  if (!target) return fail(std::move(target.error()));
  auto agent = text_of(body, "agent_id");
  if (!agent) return fail(std::move(agent.error()));
  out.holder = *known;
  out.period = *length;
  out.target = target->value_or("");
  out.agent_id = agent->value_or("");
  return out;
}

void write_members(base::JsonWriter& json, const core::BudgetCap& cap) {
  json.field("id", cap.id).field("scope", cap.scope.key());
  json.field("holder", core::to_string(cap.key.holder)).field("target", cap.key.target);
  json.field("period", core::to_string(cap.key.period));
  json.field("limit_usd", static_cast<double>(cap.limit_micros) / micros_of_dollar);
  json.field("runs", cap.runs_max).key("thresholds").array();
  for (const double one : cap.thresholds) json.value(one);
  json.end_array().field("webhook_url", cap.webhook_url).field("emails", cap.emails);
  json.key("override_until");
  if (cap.override_until) {
    json.value(base::to_rfc3339(*cap.override_until));
  } else {
    json.null();
  }
  json.field("override_by", cap.override_by).field("enabled", cap.enabled);
  json.field("tier", core::to_string(cap.key.tier)).field("skill", cap.key.skill);
  json.field("agent_id", cap.key.agent_id).field("changed_by", cap.changed_by);
  json.field("created_at", base::to_rfc3339(cap.created_at));
  json.field("updated_at", base::to_rfc3339(cap.updated_at));
}

}  // namespace

base::Result<core::NewBudgetCap> decode_budget(std::string_view text) {
  const auto body = base::parse_json(text, "body");
  if (!body) return fail(body.error());
  if (!body->is_object()) return fail(ErrorKind::invalid, "the body must be an object", "body");
  auto key = key_of(*body);
  if (!key) return fail(std::move(key.error()));
  const double dollars_max = static_cast<double>(limits::budget_micros_max) / micros_of_dollar;
  const auto limit = amount_of(*body, "limit_usd", dollars_max);
  if (!limit) return fail(limit.error());
  const auto runs = amount_of(*body, "runs", static_cast<double>(limits::budget_runs_max));
  if (!runs) return fail(runs.error());
  auto thresholds = percentages_of(*body);
  if (!thresholds) return fail(std::move(thresholds.error()));
  auto webhook = text_of(*body, "webhook_url");
  if (!webhook) return fail(std::move(webhook.error()));
  auto emails = text_of(*body, "emails");
  if (!emails) return fail(std::move(emails.error()));
  core::NewBudgetCap out{.key = std::move(*key),
                         .limit_micros = std::llround(*limit * micros_of_dollar),
                         .runs_max = std::llround(*runs),
                         .thresholds = std::move(*thresholds),
                         .webhook_url = std::move(*webhook),
                         .emails = std::move(*emails)};
  if (const auto enabled = body->find("enabled"); enabled != body->end()) {
    if (!enabled->is_boolean()) return wrong_budget("enabled", "must be true or false");
    out.enabled = enabled->get<bool>();
  }
  return out;
}

base::Result<int> decode_override(std::string_view text) {
  const auto body = base::parse_json(text, "body");
  if (!body) return fail(body.error());
  const auto found = body->is_object() ? body->find("minutes") : body->end();
  const bool whole = body->is_object() && found != body->end() && found->is_number_integer();
  const std::int64_t minutes = whole ? found->get<std::int64_t>() : -1;
  if (minutes >= 0 && minutes <= limits::budget_override_minutes_max) {
    return static_cast<int>(minutes);
  }
  return wrong_budget("minutes", "must be an integer from 0 to " +
                                     std::to_string(limits::budget_override_minutes_max));
}

std::string encode_budget(const core::BudgetCap& cap) {
  std::string out;
  base::JsonWriter json(out);
  json.object();
  write_members(json, cap);
  json.end_object();
  return out;
}

std::string encode_budgets(std::span<const core::BudgetCap> caps) {
  std::string out;
  base::JsonWriter json(out);
  json.object().key("budgets").array();
  for (const core::BudgetCap& cap : caps) {
    json.object();
    write_members(json, cap);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string encode_standing(const core::BudgetStanding& standing, base::Time now) {
  std::string out;
  base::JsonWriter json(out);
  json.object();
  write_members(json, standing.cap);
  json.field("window", standing.window.key).field("user", standing.subject);
  json.field("spent_usd", static_cast<double>(standing.spent_micros) / micros_of_dollar);
  json.field("reserved_usd", static_cast<double>(standing.reserved_micros) / micros_of_dollar);
  json.field("runs_begun", standing.runs).field("percent", standing.percent());
  json.field("blocked", standing.cap.enabled && standing.blocks(now)).end_object();
  return out;
}

}  // namespace colonnade::dialects::operators
