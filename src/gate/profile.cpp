#include "gate/profile.hpp"

#include <algorithm>

#include "core/tools/tool_names.hpp"
#include "gate/canonical.hpp"
#include "gate/limits.hpp"
#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

struct Found {
  const Value* value = nullptr;  // nullptr when there is none or it is null
  Lines lines{};
};

Found find(const Value& object, const Lines& lines, std::string_view key) {
  const auto& members = *object.object();
  const auto found = std::ranges::find(members, key, &Value::Member::key);
  if (found == members.end()) return {.value = nullptr, .lines = {.line = lines.line}};
  return {.value = found->value.is_null() ? nullptr : &found->value,
          .lines = lines.at(static_cast<std::size_t>(found - members.begin()))};
}

std::string text_of(const Value& object, const Lines& lines, const std::string& path,
                    std::string_view key, const char* otherwise = nullptr) {
  const Found found = find(object, lines, key);
  const std::string where = path.empty() ? std::string(key) : path + "." + std::string(key);
  if (found.value == nullptr && otherwise != nullptr) return otherwise;
  if (found.value == nullptr) throw DocumentError{found.lines.line, where, "is missing"};
  if (const auto* text = found.value->text()) return *text;
  throw DocumentError{
      found.lines.line, where,
      "must be text, not " + std::string(found.value->kind()) + "; put it in quotes"};
}

// Words that were meant to restrict, whatever they mean here.
bool reads_as_restriction(std::string outcome) {
  outcome = upper_case(std::move(outcome));
  return outcome == "HALT" || outcome == "DENY" || outcome == "BLOCK" || outcome == "REJECT" ||
         outcome == "ABSTAIN" || outcome == "DEFER" || outcome == "PENDING" ||
         outcome == "REQUIRE_APPROVAL";
}

}  // namespace

bool ProfileRule::matches(Facts& facts) const {
  const ActionRequest& request = facts.request();
  return can_match && (!tool || *tool == request.tool() || known_tool == request.tool()) &&
         (!operation || *operation == request.operation()) &&
         (!pattern || pattern->is_in(facts.probe()));
}

base::Result<std::shared_ptr<const Profile>> Profile::parse(std::string_view text,
                                                            std::string_view name) {
  const auto document = parse_document(text, name);
  if (!document) return base::fail(document.error());
  return compile(*document, name);
}

base::Result<std::shared_ptr<const Profile>> Profile::compile(const Document& document,
                                                              std::string_view name,
                                                              Reading reading) {
  std::shared_ptr<Profile> profile(new Profile(reading));
  try {
    profile->read(document);
  } catch (const DocumentError& broken) {
    return base::fail(to_error(broken, name));
  }
  return profile;
}

void Profile::read(const Document& document) {
  const auto& [root, lines] = document;
  if (root.object() == nullptr) {
    throw DocumentError{lines.line, "", "the file must be a group of keys"};
  }
  id_ = text_of(root, lines, "", "id");
  version_ = text_of(root, lines, "", "version");
  read_tools(document);
  Value::Array hashed_rules;
  if (const Found rules = find(root, lines, "rules"); rules.value != nullptr) {
    if (rules.value->array() == nullptr)
      throw DocumentError{rules.lines.line, "rules", "must be a list"};
    const auto& items = *rules.value->array();
    if (items.size() > limits::policy_rules_max) {
      throw DocumentError{rules.lines.line, "rules",
                          "has more than " + std::to_string(limits::policy_rules_max) + " rules"};
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string path = "rules[" + std::to_string(i) + "]";
      hashed_rules.push_back(read_rule(items[i], rules.lines.at(i), path));
    }
  }
  requires_approval_token_ = read_controls(root, lines);
  hash_ = canonical_hash(Value::Object{
      {.key = "id", .value = id_},
      {.key = "version", .value = version_},
      {.key = "allowed_tools", .value = *root.find("allowed_tools")},
      {.key = "rules", .value = std::move(hashed_rules)},
      {.key = "required_controls",
       .value = Value::Object{{.key = "approval_token", .value = requires_approval_token_}}}});
}

void Profile::read_tools(const Document& document) {
  const Found tools = find(document.value, document.lines, "allowed_tools");
  if (tools.value == nullptr || tools.value->array() == nullptr) {
    throw DocumentError{tools.lines.line, "allowed_tools",
                        "must be a list of the tools that may be used"};
  }
  const auto& items = *tools.value->array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].text() == nullptr) {
      throw DocumentError{tools.lines.at(i).line, "allowed_tools[" + std::to_string(i) + "]",
                          "must be a string"};
    }
    tools_.insert(*items[i].text());
    tools_.insert(std::string(core::known_tool(*items[i].text())));
  }
}

// A rule that halts or asks must be able to; one that lets pass need not.
void Profile::can_never_match(int line, const std::string& path, const std::string& why,
                              ProfileRule& rule) {
  if (rule.outcome != Outcome::execute && reading_ == Reading::loading) {
    throw DocumentError{line, path, why + "; the rule would never match and restrict nothing"};
  }
  rule.can_match = false;
  warnings_.push_back({.line = line, .path = path, .message = "the rule never matches: " + why});
}

// What a `when` asks of the tool or operation; nullptr: nothing.
void Profile::read_name(const Value* wanted, int line, const std::string& path,
                        std::optional<std::string>& out, ProfileRule& rule) {
  if (wanted == nullptr) return;
  if (wanted->text() == nullptr)
    return can_never_match(line, path, "it is " + std::string(wanted->kind()) + ", not a string",
                           rule);
  if (*wanted->text() != "*") out = *wanted->text();
}

void Profile::read_outcome(const Value& rule, const Lines& lines, const std::string& path,
                           const std::string& outcome, ProfileRule& out) {
  out.outcome = outcome == "HALT"      ? Outcome::halt
                : outcome == "ABSTAIN" ? Outcome::abstain
                                       : Outcome::execute;
  if (out.outcome != Outcome::execute || outcome == "EXECUTE") return;
  const int line = find(rule, lines, "outcome").lines.line;
  if (reading_ == Reading::loading && reads_as_restriction(outcome)) {
    throw DocumentError{line, path + ".outcome",
                        "\"" + outcome + "\" would mean EXECUTE; write HALT or ABSTAIN"};
  }
  warnings_.push_back({.line = line,
                       .path = path + ".outcome",
                       .message = "an outcome other than HALT or ABSTAIN means EXECUTE"});
}

// Returns what of the rule counts for the hash.
Value Profile::read_rule(const Value& rule, const Lines& lines, const std::string& path) {
  if (rule.object() == nullptr) throw DocumentError{lines.line, path, "must be a group of keys"};
  ProfileRule out;
  out.line = lines.line;
  out.name = text_of(rule, lines, path, "name");
  const std::string outcome = text_of(rule, lines, path, "outcome", "HALT");
  read_outcome(rule, lines, path, outcome, out);
  const Found when = find(rule, lines, "when");
  Value hashed_when = Value::Object{};
  if (when.value != nullptr) {
    if (when.value->object() == nullptr) {
      throw DocumentError{when.lines.line, path + ".when", "must be a group of keys"};
    }
    hashed_when = *when.value;
  }
  read_when(hashed_when, when.lines, path + ".when", out);
  const Found pattern = find(rule, lines, "pattern");
  if (pattern.value != nullptr) read_pattern(*pattern.value, pattern.lines, path + ".pattern", out);
  out.reason_code = text_of(rule, lines, path, "reason_code", "PROFILE_RULE_DENY");
  Value hashed = Value::Object{
      {.key = "name", .value = out.name},
      {.key = "when", .value = std::move(hashed_when)},
      {.key = "pattern", .value = pattern.value == nullptr ? Value() : *pattern.value},
      {.key = "outcome", .value = outcome},
      {.key = "reason_code", .value = out.reason_code}};
  rules_.push_back(std::move(out));
  return hashed;
}

void Profile::read_when(const Value& when, const Lines& lines, const std::string& path,
                        ProfileRule& out) {
  if (when.object()->empty()) {
    return can_never_match(lines.line, path, "when is empty; name a tool, or \"*\"", out);
  }
  const Found tool = find(when, lines, "tool");
  read_name(tool.value, tool.lines.line, path + ".tool", out.tool, out);
  if (out.tool) out.known_tool = core::known_tool(*out.tool);
  Found operation = find(when, lines, "operation");
  const bool given = operation.value != nullptr && python::truthy(*operation.value);
  if (!given) operation = find(when, lines, "op");
  read_name(operation.value, operation.lines.line, path + ".operation", out.operation, out);
  for (const auto& member : *when.object()) {
    if (member.key == "tool" || member.key == "operation" || member.key == "op") continue;
    warnings_.push_back({.line = find(when, lines, member.key).lines.line,
                         .path = path + "." + member.key,
                         .message = "a profile compares tool and operation only; this is ignored"});
  }
}

void Profile::read_pattern(const Value& value, const Lines& lines, const std::string& path,
                           ProfileRule& out) {
  if (value.text() == nullptr) throw DocumentError{lines.line, path, "must be a string"};
  if (value.text()->empty()) return;
  auto compiled = Pattern::compile(*value.text());
  if (const auto* unsupported = std::get_if<Pattern::Unsupported>(&compiled)) {
    throw DocumentError{lines.line, path,
                        "the regular expression is not supported: " + unsupported->reason};
  }
  if (const auto* malformed = std::get_if<Pattern::Malformed>(&compiled)) {
    return can_never_match(lines.line, path, "not a regular expression: " + malformed->reason, out);
  }
  out.pattern = std::get<Pattern>(std::move(compiled));
}

bool Profile::read_controls(const Value& root, const Lines& lines) {
  const Found controls = find(root, lines, "required_controls");
  if (controls.value == nullptr) return false;
  if (controls.value->object() == nullptr) {
    throw DocumentError{controls.lines.line, "required_controls", "must be a group of keys"};
  }
  const Found token = find(*controls.value, controls.lines, "approval_token");
  if (token.value == nullptr) return false;
  if (token.value->boolean() == nullptr) {
    throw DocumentError{token.lines.line, "required_controls.approval_token",
                        "must be true or false"};
  }
  return *token.value->boolean();
}

}  // namespace colonnade::gate
