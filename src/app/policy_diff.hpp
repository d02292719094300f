// What is different between two lists of rules, by content: comments and layout do not count.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate/document.hpp"

namespace colonnade::app {

struct RuleChange {
  enum class Kind { added, removed, changed, moved };
  struct Place {
    std::size_t position = 0;  // in its list, from 0
    int line = 0;              // of its file
  };
  Kind kind = Kind::changed;
  std::string list{};           // "rules" or "risk.rules"
  std::optional<Place> from{};  // in the old file; absent for an added rule
  std::optional<Place> to{};    // in the new file; absent for a removed one
  std::string rule{};           // what it says, in short: "deny shell/*: No shell"
  // Of a changed one: "match.amount_gt: 100 -> 500".
  std::vector<std::string> differences{};
};
std::string_view to_string(RuleChange::Kind kind);  // "added" …

// From the first rule that concerns it to the last, risk rules behind the others. A rule that is
// the same but has another neighbour counts as moved only when others did not move around it: the
// longest run of equal rules in the same order stays. Rules that differ are taken for one that
// changed when they share their name (or id, or description), else their match, else tool and
// operation. Both documents are compiled already, hence well-formed.
std::vector<RuleChange> diff_rules(const gate::Document& before, const gate::Document& after);

}  // namespace colonnade::app
