// Finds the rules that can concern a tool and an operation without looking at the others.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gate/condition.hpp"

namespace colonnade::gate {

// Positions of rules, from the first of the file to the last.
class Candidates {
 public:
  using Positions = std::span<const std::uint32_t>;
  explicit Candidates(std::array<Positions, 4> lists) : lists_(lists) {}
  // The next position; nullopt at the end.
  std::optional<std::uint32_t> next();

 private:
  std::array<Positions, 4> lists_;
};

class RuleIndex {
 public:
  // Adds the rule at the next position. Rules that can never be reached, because an unconditional
  // one for the same tool and operation stands before, need no place.
  void add(const Condition& condition);

  // Valid as long as the index.
  Candidates candidates(std::string_view tool, std::string_view operation) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct List {
    std::vector<std::uint32_t> positions;
    bool closed = false;  // ends with an unconditional rule
  };
  struct Operations {
    List any;
    std::unordered_map<std::string, List, Hash, std::equal_to<>> named;
  };

  static void add_to(Operations& operations, const Condition& condition, std::uint32_t position);

  std::uint32_t size_ = 0;
  Operations any_tool_;
  std::unordered_map<std::string, Operations, Hash, std::equal_to<>> tools_;
};

}  // namespace colonnade::gate
