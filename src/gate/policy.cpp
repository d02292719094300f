#include "gate/policy.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "gate/canonical.hpp"
#include "gate/limits.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

constexpr std::array<std::string_view, 16> match_keys = {
    "tool",       "op",         "contains",      "amount_gt",        "amount_lt",
    "amount_gte", "amount_lte", "path_contains", "path_starts_with", "path_ends_with",
    "method",     "branch",     "agent_id",      "pattern",          "field",
    "value"};
constexpr std::array<std::string_view, 8> rule_keys = {
    "match", "allow", "deny", "require_approval", "description", "risk", "name", "id"};
constexpr std::array<std::string_view, 4> risk_rule_keys = {"name", "when", "risk_level",
                                                            "description"};

std::string item(std::string_view list, std::size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

bool is_in(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

// The line of a member, or of what holds it.
int line_of(const Value& object, const Lines& lines, std::string_view key) {
  const auto& members = *object.object();
  const auto found = std::ranges::find(members, key, &Value::Member::key);
  if (found == members.end()) return lines.line;
  return lines.at(static_cast<std::size_t>(found - members.begin())).line;
}

const Lines& lines_of(const Value& object, const Lines& lines, std::string_view key) {
  const auto& members = *object.object();
  const auto found = std::ranges::find(members, key, &Value::Member::key);
  return lines.at(static_cast<std::size_t>(found - members.begin()));
}

void expect_object(const Value& value, const Lines& lines, const std::string& path) {
  if (value.object() != nullptr) return;
  throw DocumentError{lines.line, path,
                      "must be a group of keys, not " + std::string(value.kind())};
}

void expect_match_keys(const Value& match, const Lines& lines, const std::string& path,
                       bool operation_too) {
  for (const auto& member : *match.object()) {
    if (is_in(match_keys, member.key)) continue;
    if (member.key == "operation" && operation_too) continue;
    throw DocumentError{
        line_of(match, lines, member.key), path + "." + member.key,
        member.key == "operation" ? "unknown key; write op" : "unknown key; it would be ignored"};
  }
}

void warn_of_other_keys(const Value& object, const Lines& lines, const std::string& path,
                        std::span<const std::string_view> known, std::vector<Warning>& warnings) {
  for (const auto& member : *object.object()) {
    if (is_in(known, member.key)) continue;
    warnings.push_back({.line = line_of(object, lines, member.key),
                        .path = path + "." + member.key,
                        .message = "unknown key; it is ignored"});
  }
}

Effect effect_of(const Value& rule, const Lines& lines, const std::string& path) {
  constexpr std::array<std::pair<std::string_view, Effect>, 3> effects = {
      {{"allow", Effect::allow},
       {"deny", Effect::deny},
       {"require_approval", Effect::require_approval}}};
  std::optional<Effect> out;
  for (const auto& [key, effect] : effects) {
    const Value* value = rule.find(key);
    if (value == nullptr || value->is_null()) continue;
    const int line = line_of(rule, lines, key);
    // Text would count as true, "false" too.
    if (value->boolean() == nullptr) {
      throw DocumentError{line, path + "." + std::string(key), "must be true or false"};
    }
    if (!*value->boolean()) continue;
    if (out)
      throw DocumentError{line, path, "has two effects; keep one of allow, deny, require_approval"};
    out = effect;
  }
  if (!out)
    throw DocumentError{lines.line, path, "needs one of allow, deny, require_approval: true"};
  return *out;
}

std::string text_member(const Value& rule, const Lines& lines, const std::string& path,
                        std::string_view key) {
  const Value* value = rule.find(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->text() != nullptr) return *value->text();
  throw DocumentError{line_of(rule, lines, key), path + "." + std::string(key),
                      "must be a string; put it in quotes"};
}

std::optional<Risk> risk_member(const Value& rule, const Lines& lines, const std::string& path,
                                std::string_view key) {
  const Value* value = rule.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->text() != nullptr) {
    if (const auto risk = risk_from(*value->text())) return risk;
  }
  throw DocumentError{line_of(rule, lines, key), path + "." + std::string(key),
                      "must be low, medium or high"};
}

std::string_view default_reason(Effect effect) {
  switch (effect) {
    case Effect::allow: return "Allowed by policy rule";
    case Effect::require_approval: return "Requires approval by policy rule";
    case Effect::deny: break;
  }
  return "Denied by policy rule";
}

const Value::Array& list_member(const Value& object, const Lines& lines, std::string_view key,
                                const std::string& path) {
  const Value* list = object.find(key);
  if (list == nullptr || list->array() == nullptr) {
    throw DocumentError{line_of(object, lines, key), path,
                        list == nullptr ? "is missing; write a list, which may be empty"
                                        : "must be a list, not " + std::string(list->kind())};
  }
  if (list->array()->size() > limits::policy_rules_max) {
    throw DocumentError{line_of(object, lines, key), path,
                        "has more than " + std::to_string(limits::policy_rules_max) + " rules"};
  }
  return *list->array();
}

}  // namespace

std::string content_version(std::string_view text, std::string_view name) {
  return std::string(name) + "@" + sha256_hex(text).substr(0, 12);
}

base::Result<std::shared_ptr<const Policy>> Policy::parse(std::string_view text,
                                                          std::string_view name,
                                                          std::string_view version) {
  const auto document = parse_document(text, name);
  if (!document) return base::fail(document.error());
  return compile(*document, name,
                 version.empty() ? content_version(text, name) : std::string(version));
}

base::Result<std::shared_ptr<const Policy>> Policy::compile(const Document& document,
                                                            std::string_view name,
                                                            std::string_view version,
                                                            Reading reading) {
  std::shared_ptr<Policy> policy(new Policy(reading));
  try {
    policy->read(document, version);
  } catch (const DocumentError& broken) {
    return base::fail(to_error(broken, name));
  }
  return policy;
}

void Policy::read(const Document& document, std::string_view version) {
  const auto& [root, lines] = document;
  if (root.object() == nullptr) {
    throw DocumentError{lines.line, "", "the file must be a group of keys with a list `rules`"};
  }
  const auto& rules = list_member(root, lines, "rules", "rules");
  const Lines& rule_lines = lines_of(root, lines, "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    read_rule(rules[i], rule_lines.at(i), item("rules", i));
  }
  Value risk_rules = Value::Array{};
  if (const Value* risk = root.find("risk"); risk != nullptr && !risk->is_null()) {
    read_risk(*risk, lines_of(root, lines, "risk"));
    if (const Value* list = risk->find("rules")) risk_rules = *list;
  }
  version_ = version;
  hash_ = canonical_hash(Value::Object{{.key = "version", .value = version_},
                                       {.key = "rules", .value = rules},
                                       {.key = "risk_rules", .value = std::move(risk_rules)}});
}

void Policy::read_rule(const Value& rule, const Lines& lines, const std::string& path) {
  expect_object(rule, lines, path);
  const std::string match_path = path + ".match";
  const Value* match = rule.find("match");
  if (match == nullptr || match->is_null() || (match->object() && match->object()->empty())) {
    throw DocumentError{line_of(rule, lines, "match"), match_path,
                        "is empty; name at least a tool, or \"*\" for all"};
  }
  const Lines& match_lines = lines_of(rule, lines, "match");
  expect_object(*match, match_lines, match_path);
  expect_match_keys(*match, match_lines, match_path, false);
  warn_of_other_keys(rule, lines, path, rule_keys, warnings_);

  PolicyRule out;
  out.line = lines.line;
  out.effect = effect_of(rule, lines, path);
  out.reason = text_member(rule, lines, path, "description");
  if (out.reason.empty()) out.reason = default_reason(out.effect);
  out.reads_as_default = out.effect == Effect::deny && out.reason == no_rule_matched;
  out.risk = risk_member(rule, lines, path, "risk");
  out.condition = Condition::compile(
      *match, match_lines, match_path,
      {.restricts = out.effect != Effect::allow, .reading = reading_}, warnings_);
  count_pattern(out.condition, match_lines.line, match_path);
  rule_index_.add(out.condition);
  rules_.push_back(std::move(out));
}

void Policy::count_pattern(const Condition& condition, int line, const std::string& path) {
  pattern_steps_ += condition.pattern_size();
  if (pattern_steps_ <= limits::policy_pattern_steps_max) return;
  throw DocumentError{
      line, path,
      "the regular expressions up to here are too large together; make them simpler or fewer"};
}

void Policy::read_risk(const Value& risk, const Lines& lines) {
  expect_object(risk, lines, "risk");
  if (risk.find("rules") == nullptr) return;
  const auto& rules = list_member(risk, lines, "rules", "risk.rules");
  const Lines& rule_lines = lines_of(risk, lines, "rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    read_risk_rule(rules[i], rule_lines.at(i), item("risk.rules", i));
  }
}

void Policy::read_risk_rule(const Value& rule, const Lines& lines, const std::string& path) {
  expect_object(rule, lines, path);
  for (const std::string_view key : {"name", "when", "risk_level"}) {
    if (rule.find(key) == nullptr) {
      throw DocumentError{lines.line, path + "." + std::string(key), "is missing"};
    }
  }
  const std::string when_path = path + ".when";
  const Lines& when_lines = lines_of(rule, lines, "when");
  const Value& when = *rule.find("when");
  expect_object(when, when_lines, when_path);
  // The format's own samples write `operation` here, and it is not looked at: the rule counts for
  // every operation (faramesh §4.1).
  expect_match_keys(when, when_lines, when_path, true);
  warn_of_other_keys(rule, lines, path, risk_rule_keys, warnings_);

  RiskRule out;
  out.line = lines.line;
  out.name = text_member(rule, lines, path, "name");
  const auto risk = risk_member(rule, lines, path, "risk_level");
  if (!risk) {
    throw DocumentError{line_of(rule, lines, "risk_level"), path + ".risk_level",
                        "must be low, medium or high"};
  }
  out.risk = *risk;
  // High risk makes an allowed action ask.
  out.condition =
      Condition::compile(when, when_lines, when_path,
                         {.restricts = out.risk == Risk::high, .reading = reading_}, warnings_);
  count_pattern(out.condition, when_lines.line, when_path);
  risk_index_.add(out.condition);
  risk_rules_.push_back(std::move(out));
}

}  // namespace colonnade::gate
