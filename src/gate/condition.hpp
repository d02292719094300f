// One `match` or `when` of a policy, compiled (faramesh §4.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gate/document.hpp"
#include "gate/facts.hpp"
#include "gate/pattern.hpp"
#include "gate/value.hpp"

namespace colonnade::gate {

// What is odd about a file but does not make it unusable.
struct Warning {
  int line = 0;        // 0 when unknown
  std::string path{};  // "rules[3].match.pattern"
  std::string message{};
};

// What becomes of a rule that restricts and cannot be evaluated: a pattern that is none, a bound
// that is no number.
enum class Reading {
  loading,     // an error: without the rule, more would be allowed than the file says
  evaluation,  // it never matches, as with a Faramesh server: to compare with recorded verdicts
};

// What its rule is for, which says what is safe where a condition cannot be told.
struct ConditionUse {
  bool restricts = true;  // deny, require_approval, high risk; else it permits
  Reading reading = Reading::loading;
};

class Condition {
 public:
  // `path` is where the condition stands ("rules[3].match"). Throws DocumentError for a value that
  // cannot be meant; appends to `warnings`. `match` is an object whose keys are known to be good.
  static Condition compile(const Value& match, const Lines& lines, const std::string& path,
                           ConditionUse use, std::vector<Warning>& warnings);

  // The tool and operation it asks for; nullopt: any. A condition that asks for something else than
  // text can never hold.
  const std::optional<std::string>& tool() const { return tool_; }
  const std::optional<std::string>& operation() const { return operation_; }
  bool never_holds() const { return never_; }
  // Nothing but tool and operation to compare.
  bool is_unconditional() const { return checks_.empty() && !never_; }

  // Steps of its compiled regular expression; 0 without one.
  std::size_t pattern_size() const;

  // Whether all keys but tool and operation hold; those two are the index's part. An amount that is
  // no number is beyond every bound of a rule that restricts and within none of one that permits.
  bool holds(Facts& facts) const;

 private:
  struct Contains {
    std::string part;
  };
  struct Amount {
    enum class Order { above, below, at_least, at_most };
    Order order;
    double bound;
  };
  struct Path {
    enum class Place { anywhere, start, end };
    Place place;
    std::string part;
  };
  struct Method {
    std::string upper;
  };
  struct Branch {
    Value wanted;
  };
  struct Agent {
    Value wanted;
  };
  struct Search {
    Pattern pattern;
  };
  struct Field {
    std::string name;
    Value wanted;
  };
  using Check = std::variant<Amount, Path, Method, Branch, Agent, Field, Contains, Search>;

  void add_key(const std::string& key, const Value& value, const DocumentError& where,
               std::vector<Warning>& warnings);
  void add_amount(std::string_view key, const Value& value, const DocumentError& where,
                  std::vector<Warning>& warnings);
  void add_path(std::string_view key, const Value& value);
  void add_pattern(const Value& value, const DocumentError& where, std::vector<Warning>& warnings);
  void add_field(const Value& match, const Lines& lines, const std::string& path,
                 std::vector<Warning>& warnings);
  void can_never_hold(const DocumentError& where, std::string why, std::vector<Warning>& warnings);

  ConditionUse use_{};
  std::optional<std::string> tool_;
  std::optional<std::string> operation_;
  bool never_ = false;
  std::vector<Check> checks_;  // cheap ones first
};

}  // namespace colonnade::gate
