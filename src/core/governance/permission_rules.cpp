#include "core/governance/permission_rules.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "core/governance/action_records.hpp"
#include "core/governance/shell_command.hpp"

namespace colonnade::core {
namespace {

std::string plain_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

const std::string* text_in(const base::Json& arguments, const char* name) {
  if (!arguments.is_object()) return nullptr;
  const auto found = arguments.find(name);
  if (found == arguments.end() || !found->is_string()) return nullptr;
  return found->get_ptr<const std::string*>();
}

// What one look at the rules is about.
struct Subject {
  std::string text{};
  std::string absolute{};  // of a path in a directory; "" for none
  bool unclear = false;    // it may do more than can be seen in the text
};

bool is_general(const PermissionRule& rule, const RuledCall& call) {
  return rule.pattern == "*" || names_tool(rule.pattern, call.tool, call.aliases);
}

bool fits(const PermissionRule& rule, const Subject& subject) {
  return wildcard_fits(rule.pattern, subject.text) ||
         (!subject.absolute.empty() && wildcard_fits(rule.pattern, subject.absolute));
}

// Whether what the pattern names may lie in this folder ("." or with a slash at its end).
bool may_lie_in(const PermissionRule& rule, const Subject& folder) {
  const std::string_view named = std::string_view(rule.pattern).substr(0, rule.pattern.find('*'));
  const auto overlap = [&](const std::string& path) {
    return named.starts_with(path) || std::string_view(path).starts_with(named);
  };
  return folder.text == "." || overlap(folder.text) ||
         (!folder.absolute.empty() && overlap(folder.absolute));
}

std::optional<RuleAction> action_for(const std::vector<PermissionRule>& rules,
                                     const RuledCall& call, const Subject& subject) {
  const bool is_folder = subject.text == "." || subject.text.ends_with('/');
  for (const PermissionRule& rule : rules | std::views::reverse) {
    if (!names_tool(rule.permission, call.tool, call.aliases)) continue;
    if (is_general(rule, call)) return rule.action;
    // What a pattern's last `*` stands for may go on with the names in the folder.
    const bool certain = !subject.unclear || rule.pattern == subject.text ||
                         (is_folder && rule.pattern.ends_with('*'));
    if (rule.action == RuleAction::allow) {
      if (certain && fits(rule, subject)) return RuleAction::allow;
      continue;
    }
    if (fits(rule, subject)) return rule.action;
    if (subject.unclear && (!is_folder || may_lie_in(rule, subject))) return RuleAction::ask;
  }
  return std::nullopt;
}

// The stricter of the two comes first.
int leniency(const std::optional<RuleAction>& action) {
  if (!action) return 2;
  switch (*action) {
    case RuleAction::deny: return 0;
    case RuleAction::ask: return 1;
    case RuleAction::allow: break;
  }
  return 3;
}

Subject subject_of(const RuledCall& call, const std::string& path) {
  const bool is_folder = path == "." || path.ends_with('/');
  const std::string name = path == "." ? "" : path;
  return {.text = path,
          .absolute = call.directory.empty() ? "" : call.directory + "/" + name,
          .unclear = is_folder};
}

std::vector<Subject> subjects_of(const RuledCall& call, const base::Json& arguments) {
  const std::string* command = text_in(arguments, "command");
  const std::string* cmd = text_in(arguments, "cmd");
  // Which of the two runs is the tool's secret.
  if (command != nullptr && cmd != nullptr) {
    return {{.text = base::to_text(arguments), .unclear = true}};
  }
  if (command == nullptr) command = cmd;
  if (command != nullptr) {
    const auto commands = simple_commands(*command);
    if (!commands) return {{.text = *command, .unclear = true}};
    std::vector<Subject> out;
    for (const std::string& one : *commands) out.push_back({.text = one});
    return out;
  }
  if (const std::string* path = text_in(arguments, "path")) return {subject_of(call, *path)};
  // Of a call that reaches several files each is looked at.
  const auto paths = arguments.is_object() ? arguments.find("paths") : arguments.end();
  if (paths != arguments.end() && paths->is_array() && !paths->empty()) {
    std::vector<Subject> out;
    for (const base::Json& path : *paths) {
      if (path.is_string()) out.push_back(subject_of(call, path.get_ref<const std::string&>()));
    }
    if (out.size() == paths->size()) return out;
  }
  if (const std::string* url = text_in(arguments, "url")) return {{.text = *url}};
  return {{.text = base::to_text(arguments)}};
}

}  // namespace

bool wildcard_fits(std::string_view pattern, std::string_view text) {
  std::string escaped;
  for (const char c : pattern) {
    if (c == '?' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return matches_pattern(text, escaped);
}

bool names_tool(std::string_view pattern, std::string_view tool,
                const std::vector<std::string>& aliases) {
  const std::string wanted = plain_name(pattern);
  return wildcard_fits(wanted, plain_name(tool)) ||
         std::ranges::any_of(aliases, [&](const std::string& alias) {
           return wildcard_fits(wanted, plain_name(alias));
         });
}

std::optional<RuleAction> rule_for(const std::vector<PermissionRule>& rules, const RuledCall& call,
                                   const base::Json& arguments) {
  if (rules.empty()) return std::nullopt;
  std::optional<RuleAction> out = RuleAction::allow;
  for (const Subject& subject : subjects_of(call, arguments)) {
    const auto action = action_for(rules, call, subject);
    if (leniency(action) < leniency(out)) out = action;
  }
  return out;
}

}  // namespace colonnade::core
