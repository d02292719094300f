#include "gate/condition.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gate/python.hpp"

namespace colonnade::gate {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

// What a null in the file means to the text comparisons.
std::string text_of(const Value& value) { return value.is_null() ? "" : python::str(value); }

const Value empty_text{""};

}  // namespace

Condition Condition::compile(const Value& match, const Lines& lines, const std::string& path,
                             ConditionUse use, std::vector<Warning>& warnings) {
  Condition out;
  out.use_ = use;
  const Value::Object& members = *match.object();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& [key, value] = members[i];
    out.add_key(key, value, {.line = lines.at(i).line, .path = path + "." + key, .message = {}},
                warnings);
  }
  out.add_field(match, lines, path, warnings);
  std::ranges::sort(out.checks_, {}, &Check::index);
  return out;
}

void Condition::can_never_hold(const DocumentError& where, std::string why,
                               std::vector<Warning>& warnings) {
  if (use_.restricts && use_.reading == Reading::loading) {
    throw DocumentError{where.line, where.path,
                        why + "; the rule would never match and restrict nothing"};
  }
  never_ = true;
  warnings.push_back({.line = where.line,
                      .path = where.path,
                      .message = "the rule never matches: " + std::move(why)});
}

void Condition::add_key(const std::string& key, const Value& value, const DocumentError& where,
                        std::vector<Warning>& warnings) {
  if (key == "tool" || key == "op") {
    if (value.is_null() || (value.text() != nullptr && *value.text() == "*")) return;
    if (value.text() == nullptr) {
      return can_never_hold(where, key + " is " + std::string(value.kind()) + ", not a string",
                            warnings);
    }
    (key == "tool" ? tool_ : operation_) = *value.text();
  } else if (key == "contains") {
    if (std::string part = text_of(value); !part.empty()) checks_.push_back(Contains{part});
  } else if (key.starts_with("amount_")) {
    add_amount(key, value, where, warnings);
  } else if (key.starts_with("path_")) {
    add_path(key, value);
  } else if (key == "method") {
    checks_.push_back(Method{upper_case(text_of(value))});
  } else if (key == "branch") {
    checks_.push_back(Branch{value});
  } else if (key == "agent_id") {
    if (value.text() == nullptr || *value.text() != "*") checks_.push_back(Agent{value});
  } else if (key == "pattern") {
    add_pattern(value, where, warnings);
  } else if (key == "operation") {
    warnings.push_back({.line = where.line,
                        .path = where.path,
                        .message = "operation is not looked at here, so that the rule means every "
                                   "operation; write op"});
  }
}

void Condition::add_amount(std::string_view key, const Value& value, const DocumentError& where,
                           std::vector<Warning>& warnings) {
  const auto bound = python::number(value);
  if (!bound) return can_never_hold(where, "the bound is not a number", warnings);
  // Every amount would pass it, or none.
  if (!std::isfinite(*bound) && use_.reading == Reading::loading) {
    throw DocumentError{where.line, where.path, "the bound must be a finite number"};
  }
  using enum Amount::Order;
  const auto order = key == "amount_gt"    ? above
                     : key == "amount_lt"  ? below
                     : key == "amount_gte" ? at_least
                                           : at_most;
  checks_.push_back(Amount{.order = order, .bound = *bound});
}

void Condition::add_path(std::string_view key, const Value& value) {
  using enum Path::Place;
  const auto place = key == "path_contains" ? anywhere : key == "path_starts_with" ? start : end;
  // Every text contains the empty one.
  if (std::string part = text_of(value); !part.empty()) {
    checks_.push_back(Path{.place = place, .part = std::move(part)});
  }
}

void Condition::add_pattern(const Value& value, const DocumentError& where,
                            std::vector<Warning>& warnings) {
  if (value.text() == nullptr) {
    return can_never_hold(where, "pattern is " + std::string(value.kind()) + ", not a string",
                          warnings);
  }
  auto compiled = Pattern::compile(*value.text());
  if (const auto* unsupported = std::get_if<Pattern::Unsupported>(&compiled)) {
    throw DocumentError{where.line, where.path,
                        "the regular expression is not supported: " + unsupported->reason};
  }
  if (const auto* malformed = std::get_if<Pattern::Malformed>(&compiled)) {
    return can_never_hold(where, "not a regular expression: " + malformed->reason, warnings);
  }
  auto& pattern = std::get<Pattern>(compiled);
  if (pattern.names_beyond_ascii()) {
    warnings.push_back({.line = where.line,
                        .path = where.path,
                        .message = "characters beyond ASCII are searched as \\uXXXX and match "
                                   "nothing as they are; write \\\\u00e9 for é"});
  }
  checks_.push_back(Search{std::move(pattern)});
}

// `field` and `value` count only together.
void Condition::add_field(const Value& match, const Lines& lines, const std::string& path,
                          std::vector<Warning>& warnings) {
  const Value::Object& members = *match.object();
  const auto place = std::ranges::find_if(
      members, [](const auto& m) { return m.key == "field" || m.key == "value"; });
  if (place == members.end()) return;
  const int line = lines.at(static_cast<std::size_t>(place - members.begin())).line;
  const Value* field = match.find("field");
  const Value* wanted = match.find("value");
  if (field == nullptr || wanted == nullptr) {
    if (!use_.restricts && use_.reading == Reading::loading) {
      throw DocumentError{line, path + "." + place->key,
                          "field and value count only together, so that the rule would permit more "
                          "than it says"};
    }
    warnings.push_back({.line = line,
                        .path = path + "." + place->key,
                        .message = "field and value count only together; this one is not looked "
                                   "at"});
    return;
  }
  if (field->text() == nullptr)
    throw DocumentError{line, path + ".field", "field must be a string"};
  checks_.push_back(Field{.name = *field->text(), .wanted = *wanted});
}

std::size_t Condition::pattern_size() const {
  std::size_t out = 0;
  for (const Check& check : checks_) {
    if (const auto* search = std::get_if<Search>(&check)) out += search->pattern.size();
  }
  return out;
}

bool Condition::holds(Facts& facts) const {
  if (never_) return false;
  const auto check = Overloaded{
      [&](const Contains& c) { return facts.probe().contains(c.part); },
      [&](const Amount& c) {
        const auto amount = facts.amount();
        if (!amount) return use_.restricts;
        // Written as refusals, so that a NaN for a bound passes.
        switch (c.order) {
          case Amount::Order::above: return !(*amount <= c.bound);
          case Amount::Order::below: return !(*amount >= c.bound);
          case Amount::Order::at_least: return !(*amount < c.bound);
          case Amount::Order::at_most: return !(*amount > c.bound);
        }
        return false;
      },
      [&](const Path& c) {
        const std::string_view path = facts.path();
        if (c.place == Path::Place::start) return path.starts_with(c.part);
        if (c.place == Path::Place::end) return path.ends_with(c.part);
        return path.contains(c.part);
      },
      [&](const Method& c) { return facts.method() == c.upper; },
      [&](const Branch& c) {
        const Value* branch = facts.get("branch");
        return python::equal(branch == nullptr ? empty_text : *branch, c.wanted);
      },
      [&](const Agent& c) {
        if (const Value* agent = facts.get("agent_id")) return python::equal(*agent, c.wanted);
        return c.wanted.text() != nullptr && *c.wanted.text() == facts.request().agent_id();
      },
      [&](const Search& c) { return c.pattern.is_in(facts.probe()); },
      [&](const Field& c) {
        const Value* actual = facts.get(c.name);
        return actual == nullptr ? c.wanted.is_null() : python::equal(*actual, c.wanted);
      },
  };
  return std::ranges::all_of(checks_, [&](const Check& c) { return std::visit(check, c); });
}

}  // namespace colonnade::gate
