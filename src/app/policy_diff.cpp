#include "app/policy_diff.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/joined.hpp"
#include "gate/canonical.hpp"
#include "gate/value.hpp"

namespace colonnade::app {
namespace {

using gate::Lines;
using gate::Value;

// One of the two lists of one file.
struct RuleList {
  const Value::Array* rules = nullptr;  // nullptr: there is none
  const Lines* lines = nullptr;

  std::size_t size() const { return rules == nullptr ? 0 : rules->size(); }
  const Value& operator[](std::size_t i) const { return (*rules)[i]; }
  RuleChange::Place place(std::size_t i) const {
    return {.position = i, .line = lines->at(i).line};
  }
};

RuleList member_list(const Value& value, const Lines& lines, std::string_view key) {
  if (value.object() == nullptr) return {};
  const auto& members = *value.object();
  const auto found = std::ranges::find(members, key, &Value::Member::key);
  if (found == members.end()) return {};
  return {.rules = found->value.array(),
          .lines = &lines.at(static_cast<std::size_t>(found - members.begin()))};
}

RuleList risk_rules(const gate::Document& document) {
  const auto& members = *document.value.object();
  const auto found = std::ranges::find(members, "risk", &Value::Member::key);
  if (found == members.end()) return {};
  return member_list(found->value,
                     document.lines.at(static_cast<std::size_t>(found - members.begin())), "rules");
}

std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->text() != nullptr ? *value->text() : gate::canonical_text(*value);
}

const Value* condition_of(const Value& rule) {
  const Value* match = rule.find("match");
  return match != nullptr ? match : rule.find("when");
}

std::string tool_of(const Value& rule, std::string_view key) {
  const Value* condition = condition_of(rule);
  return condition == nullptr ? "" : text_of(condition->find(key));
}

std::string in_short(const Value& rule) {
  std::string out;
  for (const char* effect : {"allow", "deny", "require_approval"}) {
    const Value* flag = rule.find(effect);
    if (flag != nullptr && flag->boolean() != nullptr && *flag->boolean()) out = effect;
  }
  if (out.empty()) out = "risk " + text_of(rule.find("risk_level"));
  const std::string tool = tool_of(rule, "tool");
  const std::string operation = tool_of(rule, "op");
  out += " " + (tool.empty() ? "*" : tool);
  if (!operation.empty()) out += "/" + operation;
  for (const char* key : {"description", "name"}) {
    const std::string text = text_of(rule.find(key));
    if (text.empty()) continue;
    out += ": " + text;
    break;
  }
  return out;
}

// --- which old rule became which new one --------------------------------------------------------

constexpr std::size_t none = static_cast<std::size_t>(-1);

// By position in the new list: its old position, or none.
using Origins = std::vector<std::size_t>;

// Gives new rules without an origin an old one, not taken yet, for which `key` says the same;
// "" stands alone.
void pair_by(const RuleList& before, const RuleList& after, Origins& origins,
             std::vector<bool>& taken, const std::function<std::string(const Value&)>& key) {
  std::map<std::string, std::vector<std::size_t>> free;  // the first one last
  for (std::size_t i = before.size(); i-- > 0;) {
    if (!taken[i]) free[key(before[i])].push_back(i);
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (origins[i] != none) continue;
    const std::string wanted = key(after[i]);
    const auto found = wanted.empty() ? free.end() : free.find(wanted);
    if (found == free.end() || found->second.empty()) continue;
    origins[i] = found->second.back();
    found->second.pop_back();
    taken[origins[i]] = true;
  }
}

// Which of the new rules stay: the longest run whose origins rise.
std::vector<bool> staying(const Origins& origins) {
  std::vector<std::size_t> ends;  // of the best run of each length: a new position
  std::vector<std::size_t> before(origins.size(), none);
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (origins[i] == none) continue;
    const auto at = std::ranges::lower_bound(
        ends, origins[i], {}, [&](std::size_t position) { return origins[position]; });
    if (at != ends.begin()) before[i] = *(at - 1);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> out(origins.size());
  for (std::size_t i = ends.empty() ? none : ends.back(); i != none; i = before[i]) out[i] = true;
  return out;
}

// --- what became of it --------------------------------------------------------------------------

void compare_members(const Value* before, const Value* after, const std::string& path,
                     std::vector<std::string>& out) {
  const auto keys_of = [](const Value* value, std::vector<std::string>& keys) {
    if (value == nullptr || value->object() == nullptr) return;
    for (const Value::Member& member : *value->object()) {
      if (std::ranges::find(keys, member.key) == keys.end()) keys.push_back(member.key);
    }
  };
  std::vector<std::string> keys;
  keys_of(before, keys);
  keys_of(after, keys);
  const auto shown = [](const Value* value) {
    return value == nullptr ? std::string("nothing") : gate::canonical_text(*value);
  };
  for (const std::string& key : keys) {
    const Value* old_value = before == nullptr ? nullptr : before->find(key);
    const Value* new_value = after == nullptr ? nullptr : after->find(key);
    if (shown(old_value) == shown(new_value)) continue;
    if (path.empty() && (key == "match" || key == "when")) {
      compare_members(old_value, new_value, key + ".", out);
    } else {
      out.push_back(path + key + ": " + shown(old_value) + " -> " + shown(new_value));
    }
  }
}

void diff_lists(const std::string& name, const RuleList& before, const RuleList& after,
                std::vector<RuleChange>& out) {
  Origins same(after.size(), none);
  std::vector<bool> taken(before.size());
  pair_by(before, after, same, taken, [](const Value& rule) { return gate::canonical_text(rule); });
  const std::vector<bool> stays = staying(same);
  Origins origins = same;
  for (const char* key : {"name", "id", "description"}) {
    pair_by(before, after, origins, taken, [key](const Value& r) { return text_of(r.find(key)); });
  }
  pair_by(before, after, origins, taken, [](const Value& rule) {
    const Value* condition = condition_of(rule);
    return condition == nullptr ? "" : gate::canonical_text(*condition);
  });
  pair_by(before, after, origins, taken, [](const Value& rule) {
    return base::joined({tool_of(rule, "tool"), tool_of(rule, "op")});
  });
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (taken[i]) continue;
    out.push_back({.kind = RuleChange::Kind::removed,
                   .list = name,
                   .from = before.place(i),
                   .rule = in_short(before[i])});
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (stays[i]) continue;
    RuleChange change{.kind = RuleChange::Kind::added,
                      .list = name,
                      .to = after.place(i),
                      .rule = in_short(after[i])};
    if (origins[i] != none) {
      change.kind = same[i] != none ? RuleChange::Kind::moved : RuleChange::Kind::changed;
      change.from = before.place(origins[i]);
      compare_members(&before[origins[i]], &after[i], "", change.differences);
    }
    out.push_back(std::move(change));
  }
}

}  // namespace

std::string_view to_string(RuleChange::Kind kind) {
  switch (kind) {
    case RuleChange::Kind::added: return "added";
    case RuleChange::Kind::removed: return "removed";
    case RuleChange::Kind::moved: return "moved";
    case RuleChange::Kind::changed: break;
  }
  return "changed";
}

std::vector<RuleChange> diff_rules(const gate::Document& before, const gate::Document& after) {
  std::vector<RuleChange> out;
  diff_lists("rules", member_list(before.value, before.lines, "rules"),
             member_list(after.value, after.lines, "rules"), out);
  diff_lists("risk.rules", risk_rules(before), risk_rules(after), out);
  return out;
}

}  // namespace colonnade::app
