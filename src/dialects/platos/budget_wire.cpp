#include "dialects/platos/budget_wire.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "core/budgets/limits.hpp"
#include "dialects/platos/caller.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;
using base::Result;

std::unexpected<base::Error> wrong_budget_member(const std::string& name, const std::string& must) {
  return fail(ErrorKind::invalid, name + " " + must, name);
}

void write_emails(JsonWriter& json, const std::string& emails, EmailForm form) {
  if (form == EmailForm::text_or_null) return write_text_or_null(json, "alertEmails", emails);
  json.key("alertEmails").array();
  std::string_view rest = emails;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) json.value(one);
  }
  json.end_array();
}

void write_percentages(JsonWriter& json, std::string_view name, const std::vector<double>& all) {
  json.key(name).array();
  for (const double one : all) json.value(one);
  json.end_array();
}

void write_cap(JsonWriter& json, const core::BudgetCap& cap, const BudgetView& view) {
  const ScopeNames names = names_of(cap.scope);
  json.object().field("id", cap.id).field("organizationId", names.organization);
  json.field("projectId", names.project).field("environmentId", names.environment);
  json.field("scopeType", core::to_string(cap.key.holder)).field("targetId", cap.key.target);
  json.field("period", core::to_string(cap.key.period));
  json.field("limitCents", cents_of(cap.limit_micros)).field("runsLimit", cap.runs_max);
  write_percentages(json, "alertThresholds", cap.thresholds);
  write_text_or_null(json, "alertWebhookUrl", view.with_alerts ? cap.webhook_url : "");
  write_emails(json, view.with_alerts ? cap.emails : "", view.emails);
  write_optional_time(json, "overrideUntil", cap.override_until);
  write_text_or_null(json, "overrideBy", cap.override_by);
  json.field("enabled", cap.enabled).field("tier", core::to_string(cap.key.tier));
  write_text_or_null(json, "skillSlug", cap.key.skill);
  write_text_or_null(json, "agentId", cap.key.agent_id);
  json.field("createdAt", wire_time(cap.created_at));
  json.field("updatedAt", wire_time(cap.updated_at)).end_object();
}

// --- reading ------------------------------------------------------------------------------------

// nullopt when it is not there; null is "".
Result<std::optional<std::string>> budget_text(const Json& body, const std::string& name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::optional<std::string>();
  if (found->is_null()) return std::optional<std::string>("");
  if (!found->is_string()) return wrong_budget_member(name, "must be a string");
  return found->get<std::string>();
}

Result<double> budget_number(const Json& body, const std::string& name) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return 0.0;
  const double number = found->is_number() ? found->get<double>() : -1;
  if (!(number >= 0)) return wrong_budget_member(name, "must be a number, 0 (none) or more");
  return number;
}

template <class Value, class From>
Result<Value> budget_word(const Json& body, const std::string& name, From from,
                          const std::string& words, std::optional<Value> otherwise = {}) {
  const auto found = body.find(name);
  if (otherwise && (found == body.end() || found->is_null())) return *otherwise;
  std::optional<Value> value;
  if (found != body.end() && found->is_string()) value = from(found->get<std::string>());
  if (!value) return wrong_budget_member(name, "must be one of " + words);
  return *value;
}

std::optional<core::BudgetHolder> wire_holder(std::string_view text) {
  if (text != "scope" && text != "agent" && text != "user") return std::nullopt;
  return core::budget_holder_from(text);
}

Result<std::optional<std::vector<double>>> budget_thresholds(const Json& body) {
  const auto found = body.find("alertThresholds");
  if (found == body.end() || found->is_null()) return std::optional<std::vector<double>>();
  const auto wrong = [] {
    return wrong_budget_member("alertThresholds",
                               "must be a list of numbers above 0 and up to 200");
  };
  if (!found->is_array()) return wrong();
  std::vector<double> out;
  for (const Json& one : *found) {
    if (!one.is_number()) return wrong();
    const double percent = one.get<double>();
    if (!(percent > 0 && percent <= limits::budget_threshold_max)) return wrong();
    out.push_back(percent);
  }
  return out;
}

// A text with commas, or a list.
Result<std::optional<std::string>> budget_emails(const Json& body) {
  const auto found = body.find("alertEmails");
  if (found == body.end() || !found->is_array()) return budget_text(body, "alertEmails");
  std::string out;
  for (const Json& one : *found) {
    if (!one.is_string()) return wrong_budget_member("alertEmails", "must be a list of strings");
    if (!out.empty()) out += ',';
    out += one.get_ref<const std::string&>();
  }
  return std::optional<std::string>(std::move(out));
}

Result<core::BudgetKey> decode_key(const Json& body) {
  const auto holder =
      budget_word<core::BudgetHolder>(body, "scopeType", wire_holder, "scope, agent, user");
  if (!holder) return fail(holder.error());
  const auto period = budget_word<core::BudgetPeriod>(body, "period", core::budget_period_from,
                                                      "hour, day, week, month");
  if (!period) return fail(period.error());
  const auto tier = budget_word<core::BudgetTier>(body, "tier", core::budget_tier_from,
                                                  "llm, skill", core::BudgetTier::llm);
  if (!tier) return fail(tier.error());
  core::BudgetKey out{.holder = *holder, .period = *period, .tier = *tier};
  const std::array<std::pair<const char*, std::string*>, 3> texts{
      {{"targetId", &out.target}, {"skillSlug", &out.skill}, {"agentId", &out.agent_id}}};
  for (const auto& [name, text] : texts) {
    auto read = budget_text(body, name);
    if (!read) return fail(std::move(read.error()));
    *text = read->value_or("");
  }
  if (out.target == core::every_user && out.holder != core::BudgetHolder::user) {
    return wrong_budget_member("targetId", "\"*\" is for scopeType \"user\" only");
  }
  if (!out.skill.empty() && out.tier != core::BudgetTier::skill) {
    return wrong_budget_member("skillSlug", "is for tier \"skill\" only");
  }
  return out;
}

}  // namespace

BudgetView budget_view(const core::Principal& who, EmailForm emails) {
  return {.emails = emails, .with_alerts = who.is_operator()};
}

std::string encode_budget(const core::BudgetCap& cap, const BudgetView& view) {
  std::string out;
  JsonWriter json(out);
  json.object().key("cap");
  write_cap(json, cap, view);
  json.end_object();
  return out;
}

std::string encode_budgets(const std::vector<core::BudgetCap>& caps, const BudgetView& view) {
  std::string out;
  JsonWriter json(out);
  json.object().key("caps").array();
  for (const core::BudgetCap& cap : caps) write_cap(json, cap, view);
  json.end_array().end_object();
  return out;
}

std::string encode_budget_status(const core::BudgetStatus& status, const BudgetView& view) {
  std::string out;
  JsonWriter json(out);
  json.object().key("caps").array();
  for (const core::BudgetStanding& one : status.caps) {
    json.object().key("cap");
    write_cap(json, one.cap, view);
    json.field("windowKey", one.window.key).field("spentCents", cents_of(one.used_micros()));
    json.field("reservedCents", cents_of(one.reserved_micros)).field("runs", one.runs);
    json.field("percent", one.percent()).field("runsPercent", one.runs_percent());
    json.field("blocked", one.blocks(status.now));
    json.field("overrideActive", one.cap.is_overridden(status.now));
    write_percentages(json, "crossedThresholds", one.crossed_thresholds());
    json.end_object();
  }
  json.end_array().field("blocked", !status.reason.empty());
  if (!status.reason.empty()) json.field("reason", status.reason);
  json.end_object();
  return out;
}

Result<core::NewBudgetCap> decode_budget(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return fail(body.error());
  auto key = decode_key(*body);
  if (!key) return fail(std::move(key.error()));
  const auto limit = budget_number(*body, "limitCents");
  if (!limit) return fail(limit.error());
  const auto runs = budget_number(*body, "runsLimit");
  if (!runs) return fail(runs.error());
  if (*limit > cents_of(limits::budget_micros_max))
    return wrong_budget_member("limitCents", "is too large");
  if (*runs > static_cast<double>(limits::budget_runs_max) || *runs != std::floor(*runs)) {
    return wrong_budget_member("runsLimit", "must be a whole number, 0 (none) to " +
                                                std::to_string(limits::budget_runs_max));
  }
  auto thresholds = budget_thresholds(*body);
  if (!thresholds) return fail(std::move(thresholds.error()));
  auto webhook = budget_text(*body, "alertWebhookUrl");
  if (!webhook) return fail(std::move(webhook.error()));
  auto emails = budget_emails(*body);
  if (!emails) return fail(std::move(emails.error()));
  core::NewBudgetCap out{.key = std::move(*key),
                         .limit_micros = std::llround(*limit * micros_per_cent),
                         .runs_max = std::llround(*runs),
                         .thresholds = std::move(*thresholds),
                         .webhook_url = std::move(*webhook),
                         .emails = std::move(*emails)};
  if (const auto enabled = body->find("enabled"); enabled != body->end() && !enabled->is_null()) {
    if (!enabled->is_boolean()) return wrong_budget_member("enabled", "must be true or false");
    out.enabled = enabled->get<bool>();
  }
  return out;
}

Result<int> decode_override(std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return fail(body.error());
  const auto found = body->find("minutes");
  const bool whole = found != body->end() && found->is_number();
  const double minutes = whole ? found->get<double>() : -1;
  if (minutes >= 0 && minutes <= limits::budget_override_minutes_max &&
      minutes == std::floor(minutes)) {
    return static_cast<int>(minutes);
  }
  return wrong_budget_member("minutes", "must be a whole number from 0 to " +
                                            std::to_string(limits::budget_override_minutes_max));
}

base::Error budget_error(base::Error error) {
  if (error.kind == ErrorKind::not_found) error.message = "Budget cap not found";
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names{
      {{"target", "targetId"},
       {"skill", "skillSlug"},
       {"agent_id", "agentId"},
       {"limit", "limitCents"},
       {"runs", "runsLimit"},
       {"thresholds", "alertThresholds"},
       {"webhook_url", "alertWebhookUrl"},
       {"emails", "alertEmails"}}};
  for (const auto& [ours, theirs] : names) {
    if (error.field != ours) continue;
    if (error.message.starts_with(ours)) error.message.replace(0, ours.size(), theirs);
    error.field = theirs;
    break;
  }
  return error;
}

}  // namespace colonnade::dialects::platos
