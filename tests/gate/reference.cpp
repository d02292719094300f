#include "reference.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <vector>

namespace colonnade::tests::reference {
namespace {

bool has(const Tree& object, const std::string& key) {
  return object.is_object() && object.contains(key);
}

std::string strip(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\n\r") - first + 1);
}

// §2.5: members at any level of objects, and the items of lists that are members.
Tree trimmed(const Tree& object) {
  Tree out = object;
  for (auto& [key, value] : out.items()) {
    if (value.is_string()) value = strip(value.get<std::string>());
    if (value.is_object()) value = trimmed(value);
    if (!value.is_array()) continue;
    for (auto& item : value) {
      if (item.is_string()) item = strip(item.get<std::string>());
    }
  }
  return out;
}

// The digits of printf with the least precision that reads back equal.
std::string shortest(double number, const char* format) {
  char buffer[400];
  for (int precision = 0; precision < 20; ++precision) {
    std::snprintf(buffer, sizeof buffer, format, precision, number);
    if (std::strtod(buffer, nullptr) == number) return buffer;
  }
  return buffer;
}

// repr(float) for numbers that need no exponent.
std::string python_real(double number) {
  std::string out = shortest(number, "%.*f");
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : between) + parts[i];
  return out;
}

// §4.2: the probe.
std::string python_json(const Tree& value) {
  if (value.is_number_float()) return python_real(value.get<double>());
  std::vector<std::string> parts;
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      parts.push_back(Tree(key).dump(-1, ' ', true) + ": " + python_json(item));
    }
    return "{" + joined(parts, ", ") + "}";
  }
  if (value.is_array()) {
    for (const auto& item : value) parts.push_back(python_json(item));
    return "[" + joined(parts, ", ") + "]";
  }
  return value.dump(-1, ' ', true);  // U+007F is no printable ASCII
}

std::string python_repr(const Tree& value) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number_float()) return python_real(value.get<double>());
  if (value.is_number()) return value.dump();
  std::vector<std::string> parts;
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      parts.push_back(python_repr(key) + ": " + python_repr(item));
    }
    return "{" + joined(parts, ", ") + "}";
  }
  if (value.is_array()) {
    for (const auto& item : value) parts.push_back(python_repr(item));
    return "[" + joined(parts, ", ") + "]";
  }
  const auto text = value.get<std::string>();
  const bool single = text.find('\'') != std::string::npos;
  const bool twofold = text.find('"') != std::string::npos;
  const std::string quote = single && !twofold ? "\"" : "'";
  std::string out = quote;
  for (const char c : text) {
    if (c == '\\' || (c == '\'' && quote == "'")) out += '\\';
    out += c == '\x7f' ? "\\x7f" : std::string(1, c);
  }
  return out + quote;
}

std::string python_str(const Tree& value) {
  return value.is_string() ? value.get<std::string>() : python_repr(value);
}

std::string text_or_empty(const Tree& value) { return value.is_null() ? "" : python_str(value); }

std::optional<double> python_float(const Tree& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  using Regex = std::regex;  // allow(regex): short texts of our own making
  static const Regex number(
      R"(\s*[-+]?((\d(_?\d)*\.?(\d(_?\d)*)?|\.\d(_?\d)*)(e[-+]?\d(_?\d)*)?|inf|infinity|nan)\s*)",
      Regex::icase);
  auto text = value.get<std::string>();
  const bool whole = std::regex_match(text, number);  // allow(regex): as above
  if (!whole) return std::nullopt;
  std::erase(text, '_');
  return std::strtod(text.c_str(), nullptr);
}

bool is_number_like(const Tree& value) { return value.is_number() || value.is_boolean(); }

bool python_equal(const Tree& a, const Tree& b) {
  if (is_number_like(a) && is_number_like(b)) return *python_float(a) == *python_float(b);
  if (a.is_array() && b.is_array()) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!python_equal(a[i], b[i])) return false;
    }
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.size() != b.size()) return false;
    for (const auto& [key, item] : a.items()) {
      if (!has(b, key) || !python_equal(item, b[key])) return false;
    }
    return true;
  }
  return a.type() == b.type() && a == b;
}

bool python_truthy(const Tree& value) {
  if (value.is_null()) return false;
  if (value.is_string()) return !value.get<std::string>().empty();
  if (is_number_like(value)) return *python_float(value) != 0;
  return !value.empty();
}

bool searches(const Tree& pattern, const std::string& probe) {
  if (!pattern.is_string()) return false;
  try {
    const std::regex wanted(pattern.get<std::string>());  // allow(regex): short texts
    return std::regex_search(probe, wanted);              // allow(regex): short texts
  } catch (const std::regex_error&) {                     // allow(regex): short texts
    return false;
  }
}

// §4.2: get(k).
Tree get(const Tree& action, const std::string& key, const Tree& otherwise) {
  const Tree& params = action["params"];
  if (has(params, key)) return params[key];
  if (has(action["context"], key)) return action["context"][key];
  if (key.find('.') == std::string::npos) return otherwise;
  Tree at = params;
  std::istringstream segments(key);
  for (std::string segment; std::getline(segments, segment, '.');) {
    if (!at.is_object()) return otherwise;
    at = has(at, segment) ? Tree(at[segment]) : Tree();
  }
  return at;
}

bool name_fits(const Tree& match, const std::string& key, const Tree& actual) {
  if (!has(match, key) || match[key].is_null()) return true;
  return match[key] == "*" || match[key] == actual;
}

// An amount that is no number is beyond every bound of what restricts, and within none of what
// permits.
bool amounts_fit(const Tree& match, const Tree& action, bool restricts) {
  for (const std::string key : {"amount_gt", "amount_lt", "amount_gte", "amount_lte"}) {
    if (!has(match, key)) continue;
    const auto amount = python_float(get(action, "amount", 0));
    const auto bound = python_float(match[key]);
    if (!bound || (!amount && !restricts)) return false;
    if (!amount) continue;
    if (std::isnan(*amount) || std::isnan(*bound)) continue;
    if (key == "amount_gt" && *amount <= *bound) return false;
    if (key == "amount_lt" && *amount >= *bound) return false;
    if (key == "amount_gte" && *amount < *bound) return false;
    if (key == "amount_lte" && *amount > *bound) return false;
  }
  return true;
}

bool paths_fit(const Tree& match, const Tree& action) {
  const std::string path = text_or_empty(get(action, "path", ""));
  const auto part = [&](const char* key) { return text_or_empty(match[key]); };
  if (has(match, "path_contains") && path.find(part("path_contains")) == std::string::npos) {
    return false;
  }
  if (has(match, "path_starts_with") && path.rfind(part("path_starts_with"), 0) != 0) return false;
  if (has(match, "path_ends_with")) {
    const std::string end = part("path_ends_with");
    if (path.size() < end.size() || path.substr(path.size() - end.size()) != end) return false;
  }
  return true;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool matches(const Tree& match, const Tree& action, bool restricts) {
  const std::string probe = python_json(action["params"]);
  if (!name_fits(match, "tool", action["tool"])) return false;
  if (!name_fits(match, "op", action["operation"])) return false;
  if (has(match, "contains") && probe.find(text_or_empty(match["contains"])) == std::string::npos) {
    return false;
  }
  if (!amounts_fit(match, action, restricts) || !paths_fit(match, action)) return false;
  if (has(match, "method") &&
      upper(text_or_empty(match["method"])) != upper(text_or_empty(get(action, "method", "")))) {
    return false;
  }
  if (has(match, "branch") && !python_equal(get(action, "branch", ""), match["branch"])) {
    return false;
  }
  // §9.8: the request's own agent is the default.
  if (has(match, "agent_id") && match["agent_id"] != "*" &&
      !python_equal(get(action, "agent_id", action["agent_id"]), match["agent_id"])) {
    return false;
  }
  if (has(match, "pattern") && !searches(match["pattern"], probe)) return false;
  if (has(match, "field") && has(match, "value")) {
    return python_equal(get(action, match["field"].get<std::string>(), nullptr), match["value"]);
  }
  return true;
}

bool profile_rule_matches(const Tree& rule, const Tree& action) {
  const Tree& when = rule["when"];
  if (when.empty()) return false;
  if (!name_fits(when, "tool", action["tool"])) return false;
  const char* operation =
      has(when, "operation") && python_truthy(when["operation"]) ? "operation" : "op";
  if (!name_fits(when, operation, action["operation"])) return false;
  return rule["pattern"].is_null() || searches(rule["pattern"], python_json(action["params"]));
}

std::optional<Verdict> by_profile(const Tree& profile, const Tree& action) {
  const auto verdict = [](const std::string& outcome, const std::string& code,
                          const std::string& reason) {
    Verdict out;
    out.outcome = outcome;
    out.reason_code = code;
    out.reason = reason;
    out.risk_level = outcome == "HALT" ? "high" : "low";
    return out;
  };
  const Tree& tools = profile["allowed_tools"];
  const auto tool = action["tool"].get<std::string>();
  if (std::find(tools.begin(), tools.end(), action["tool"]) == tools.end()) {
    return verdict("HALT", "PROFILE_DISALLOWS_TOOL",
                   "Tool '" + tool + "' is not in profile allowed_tools");
  }
  for (const auto& rule : profile["rules"]) {
    if (!profile_rule_matches(rule, action)) continue;
    const auto outcome = rule["outcome"].get<std::string>();
    const bool known = outcome == "HALT" || outcome == "ABSTAIN";
    return verdict(known ? outcome : "EXECUTE", rule["reason_code"], rule["name"]);
  }
  if (!profile["required_controls"]["approval_token"].get<bool>()) return std::nullopt;
  for (const char* holder : {"context", "params"}) {
    if (has(action[holder], "approval_token") && python_truthy(action[holder]["approval_token"])) {
      return std::nullopt;
    }
  }
  return verdict("HALT", "PROFILE_MISSING_REQUIRED_CONTROL",
                 "Profile requires approval_token but none provided");
}

Verdict by_policy(const Tree& policy, const Tree& action) {
  std::string risk = "low";
  for (const auto& rule : policy["risk"]["rules"]) {
    if (!matches(rule["when"], action, rule["risk_level"] == "high")) continue;
    risk = rule["risk_level"];
    break;
  }
  for (const auto& rule : policy["rules"]) {
    const auto set = [&](const char* key) { return has(rule, key) && python_truthy(rule[key]); };
    if (!matches(rule["match"], action, set("deny") || set("require_approval"))) continue;
    const auto reason = [&](const char* otherwise) {
      return set("description") ? rule["description"].get<std::string>() : std::string(otherwise);
    };
    const std::string own = set("risk") ? rule["risk"].get<std::string>() : risk;
    if (set("deny")) {
      const std::string text = reason("Denied by policy rule");
      const bool reads_as_default = text == "No rule matched (deny by default)";
      return {"HALT", reads_as_default ? "DEFAULT_DENY_NO_MATCH" : "POLICY_DENY", text, own, true,
              ""};
    }
    if (set("require_approval")) {
      return {"ABSTAIN",
              "POLICY_REQUIRE_APPROVAL",
              reason("Requires approval by policy rule"),
              own,
              true,
              ""};
    }
    const std::string text = reason("Allowed by policy rule");
    if (!set("risk") && risk == "high") {
      return {"ABSTAIN",
              "POLICY_REQUIRE_APPROVAL",
              text + " (high risk requires approval)",
              "high",
              true,
              ""};
    }
    return {"EXECUTE", "POLICY_ALLOW", text, own, true, ""};
  }
  return {"HALT", "DEFAULT_DENY_NO_MATCH", "No rule matched (deny by default)", risk, true, ""};
}

// §5
std::string canonical(const Tree& value) {
  std::vector<std::string> parts;
  if (value.is_object()) {
    std::map<std::string, std::string> sorted;
    for (const auto& [key, item] : value.items()) sorted[key] = canonical(item);
    for (const auto& [key, item] : sorted) parts.push_back(Tree(key).dump() + ":" + item);
    return "{" + joined(parts, ",") + "}";
  }
  if (value.is_array()) {
    for (const auto& item : value) parts.push_back(canonical(item));
    return "[" + joined(parts, ",") + "]";
  }
  if (!value.is_number_float()) return value.dump();
  const auto number = value.get<double>();
  return number == 0 ? "0" : shortest(number, "%.*f");
}

// §9.10
std::optional<Verdict> refusal(const Tree& action) {
  const char* holder = has(action["params"], "amount") ? "params" : "context";
  if (!has(action[holder], "amount")) return std::nullopt;
  const auto amount = python_float(action[holder]["amount"]);
  if (!amount || std::isfinite(*amount)) return std::nullopt;
  Verdict out;
  out.outcome = "REFUSED";
  out.reason = std::string(holder) + ".amount";
  return out;
}

}  // namespace

Verdict decide(const Tree& policy, const Tree& profile, const Tree& given) {
  Tree action = given;
  for (const char* name : {"agent_id", "tool", "operation"}) {
    action[name] = strip(given[name].get<std::string>());
  }
  action["params"] = trimmed(given["params"]);
  action["context"] = trimmed(given["context"]);
  std::optional<Verdict> out = refusal(action);
  if (out) return *out;
  if (!profile.is_null()) out = by_profile(profile, action);
  if (!out) out = by_policy(policy, action);
  out->canonical_request = canonical(action);
  return *out;
}

}  // namespace colonnade::tests::reference
